/// Where a request goes: an `http`, `https`, `ws` or `wss` URL.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
  /// `https` or `wss`.
  package let isSecure: Bool
  package let host: String
  package let port: UInt16
  /// Path and query; at least `/`.
  package let target: String

  /// Throws `HTTPError` (badURL) for what is none.
  package init(_ text: String) throws(HTTPError) {
    guard let separator = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[separator...].hasPrefix("://") else {
      throw HTTPError(.badURL, "not an absolute URL")
    }
    switch text[..<separator] {
    case "http", "ws": isSecure = false
    case "https", "wss": isSecure = true
    default: throw HTTPError(.badURL, "not an http, https, ws or wss URL")
    }
    let rest = text[text.index(separator, offsetBy: 3)...]
    let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    let authority = String(rest[..<end])
    let isValid = Array(authority.utf8).withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { HostSyntax.isValid($0, bytes.count) } ?? false
    }
    guard isValid else { throw HTTPError(.badURL, "bad host") }
    let colon = authority.hasSuffix("]") ? nil : authority.lastIndex(of: ":")
    var name = authority[..<(colon ?? authority.endIndex)]
    if name.hasPrefix("[") { name = name.dropFirst().dropLast() }
    host = String(name)
    guard let port = colon.map({ UInt16(authority[authority.index(after: $0)...]) }) ?? (isSecure ? 443 : 80) else {
      throw HTTPError(.badURL, "bad port")
    }
    self.port = port
    let path = rest[end...].prefix { $0 != "#" }
    guard path.utf8.allSatisfy(CharacterClass.isTarget) else { throw HTTPError(.badURL, "bad path") }
    target = path.hasPrefix("/") ? String(path) : "/" + path
  }

  /// What the `Host` field says.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// Scheme, host and port.
  package var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }

  package var description: String { origin + target }
}
