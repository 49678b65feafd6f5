/// Where to listen or to connect to: `host:port`, `[::1]:port` or `:port`.
package struct HostPort: Hashable, Sendable {
  /// A name or an address, without brackets; the default one where none was given.
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Nil for what is none. An IPv6 address needs brackets.
  package init?(_ text: String, defaultHost: String) {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]"), host.count > 2 {
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(where: { "[]: /".utf8.contains($0) }) {
      return nil
    }
    self.init(host: host.isEmpty ? defaultHost : String(host), port: port)
  }
}

extension HostPort: CustomStringConvertible {
  package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ValueType where Value == HostPort {
  /// A host and a port.
  /// - Parameter defaultHost: what `:8080` stands for.
  package static func address(defaultHost: String = "127.0.0.1") -> ValueType {
    ValueType(
      .address, metavariable: "HOST:PORT", expectation: "HOST:PORT, for example 127.0.0.1:8080",
      parse: { HostPort($0, defaultHost: defaultHost) })
  }
}
