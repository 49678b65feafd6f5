import Glibc

package enum FreePort {
  /// The first of `count` neighbouring ports that are free now, for servers that begin to listen only later, or again. They
  /// are below those that Linux gives to outgoing connections, which might take one meanwhile.
  package static func pick(_ count: UInt16) throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 15_000..<32_000)
      if (0..<count).allSatisfy({ (try? pick(port: port + $0)) != nil }) { return port }
    }
    throw TestFailure("no \(count) neighbouring ports are free")
  }

  /// A TCP port of the loopback interface that is free now. Better, where it is possible: listen on port 0 and ask.
  package static func pick() throws -> UInt16 { try pick(port: 0) }

  private static func pick(port: UInt16) throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw TestFailure("socket: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_port = port.bigEndian
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard code == 0 else { throw TestFailure("bind: \(String(cString: strerror(errno)))") }
    return UInt16(bigEndian: address.sin_port)
  }
}
