import Glibc

/// A blocking socket, for what a `Connection` would not do.
final class RawClient {
  private let descriptor: Int32

  init(port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    precondition(code == 0, "cannot connect")
    // A test that waits in vain fails; it must not hold a thread of the pool for ever.
    var patience = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, 0) }

  /// Ends this side only.
  func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Both sides are gone at once, with a reset.
  func reset() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    // The number stays taken until deinit, so that it cannot become somebody else's.
    let null = open("/dev/null", O_RDONLY)
    dup2(null, descriptor)
    close(null)
  }

  /// What comes until the peer ends; nil when it has not within 20 seconds.
  func readToEnd() -> [UInt8]? {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0, errno == EAGAIN { return nil }
      guard count > 0 else { return all }
      all += buffer[..<count]
    }
  }
}

/// A path for a Unix socket that nobody has.
func temporaryPath() -> String {
  var template = Array("/tmp/net-XXXXXX".utf8CString)
  precondition(mkdtemp(&template) != nil, "cannot make a folder")
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/socket"
}
