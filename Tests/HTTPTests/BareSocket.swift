import Glibc
import Networking

/// A socket without a loop, for what `Connection` does not do: end one side and go on reading.
final class BareSocket {
  private let descriptor: Int32
  private(set) var isAtEnd = false

  init(_ address: SocketAddress) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = address.port.bigEndian
    target.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &target) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if code != 0 { throw Expired(description: "cannot connect") }
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) { _ = Glibc.send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

  func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// What is there; does not wait.
  func read() -> String {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
    if count == 0 { isAtEnd = true }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
  }
}
