import CLinux
import Glibc

/// Where a socket listens or connects: an IP address with a port, or a Unix socket's path.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
  package enum Kind: Hashable, Sendable {
    /// Network byte order, as in `in_addr`.
    case v4(UInt32)
    /// The sixteen bytes, most significant first.
    case v6(UInt64, UInt64)
    case unix(String)
  }

  package var kind: Kind
  /// 0 for a Unix socket.
  package var port: UInt16

  /// Bytes of a Unix socket's path: `sun_path` has room for one more, the terminating zero.
  static let maximumPathLength = 107

  package init(_ kind: Kind, port: UInt16 = 0) {
    self.kind = kind
    self.port = port
  }

  package static func loopback(port: UInt16) -> SocketAddress {
    SocketAddress(.v4(UInt32(0x7f00_0001).bigEndian), port: port)
  }

  /// Parses a literal address without asking a resolver: `127.0.0.1`, `::1`, or a path that begins with `/`.
  package init?(literal host: String, port: UInt16) {
    if host.hasPrefix("/") {
      self.init(.unix(host))
      return
    }
    var v4 = in_addr()
    if inet_pton(AF_INET, host, &v4) == 1 {
      self.init(.v4(v4.s_addr), port: port)
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, host, &v6) == 1 else { return nil }
    let halves = withUnsafeBytes(of: v6) {
      ($0.load(as: UInt64.self).bigEndian, $0.load(fromByteOffset: 8, as: UInt64.self).bigEndian)
    }
    self.init(.v6(halves.0, halves.1), port: port)
  }

  init?(_ storage: sockaddr_storage) {
    var storage = storage
    switch Int32(storage.ss_family) {
    case AF_INET:
      self = withUnsafeBytes(of: &storage) {
        let address = $0.load(as: sockaddr_in.self)
        return SocketAddress(.v4(address.sin_addr.s_addr), port: UInt16(bigEndian: address.sin_port))
      }
    case AF_INET6:
      self = withUnsafeBytes(of: &storage) {
        let port = $0.load(fromByteOffset: 2, as: UInt16.self).bigEndian
        let high = $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
        let low = $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self).bigEndian
        return SocketAddress(.v6(high, low), port: port)
      }
    case AF_UNIX:
      self.init(.unix(""))
    default:
      return nil
    }
  }

  /// Calls `body` with the address as the system wants it.
  func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let length = withUnsafeMutableBytes(of: &storage) { bytes -> Int in
      switch kind {
      case .v4(let address):
        bytes.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: address, toByteOffset: 4, as: UInt32.self)
        return MemoryLayout<sockaddr_in>.size
      case .v6(let high, let low):
        bytes.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
        bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
        bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
        bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
        return MemoryLayout<sockaddr_in6>.size
      case .unix(let path):
        bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
        let utf8 = Array(path.utf8.prefix(SocketAddress.maximumPathLength))
        bytes.baseAddress!.advanced(by: 2).copyMemory(from: utf8, byteCount: utf8.count)
        return 2 + utf8.count + 1
      }
    }
    return withUnsafePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
    }
  }

  /// The host alone, as it is written in a URL or a log.
  package var host: String {
    switch kind {
    case .v4(let address):
      let a = UInt32(bigEndian: address)
      return "\(a >> 24).\(a >> 16 & 255).\(a >> 8 & 255).\(a & 255)"
    case .v6(let high, let low):
      var address = in6_addr()
      withUnsafeMutableBytes(of: &address) {
        $0.storeBytes(of: high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      var text = [CChar](repeating: 0, count: 64)
      inet_ntop(AF_INET6, &address, &text, 64)
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    case .unix(let path):
      return path
    }
  }

  package var description: String {
    switch kind {
    case .v4: "\(host):\(port)"
    case .v6: "[\(host)]:\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
