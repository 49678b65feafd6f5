/// Where a request goes: an `http` or `ws` URL.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
  package let host: String
  package let port: UInt16
  /// Path and query; at least `/`.
  package let target: String

  /// Throws `HTTPError` (badURL) for what is none, and for `https` and `wss`: TLS is a proxy's.
  package init(_ text: String) throws(HTTPError) {
    guard let separator = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[separator...].hasPrefix("://") else {
      throw HTTPError(.badURL, "not an absolute URL")
    }
    switch text[..<separator] {
    case "http", "ws": break
    case "https", "wss": throw HTTPError(.badURL, "TLS is not supported")
    default: throw HTTPError(.badURL, "not an http or ws URL")
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
    guard let port = colon.map({ UInt16(authority[authority.index(after: $0)...]) }) ?? 80 else {
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
    return port == 80 ? name : "\(name):\(port)"
  }

  package var description: String { "http://\(authority)\(target)" }
}
