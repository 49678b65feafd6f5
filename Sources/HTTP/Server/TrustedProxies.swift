package import Networking

/// Proxies in front of a server that are believed when they say who the client is.
///
/// A client can write such a field itself. So the chain is read from its end, which the nearest proxy has written: an
/// address is believed as long as whoever wrote it is a trusted proxy, and the first that is none of them is the client.
/// Only one kind of field is read, for a proxy that writes one kind hands on the other as the client sent it.
package struct TrustedProxies: Sendable {
  package enum Field: String, Sendable, CaseIterable {
    case xForwardedFor = "x-forwarded-for"
    /// RFC 7239.
    case forwarded
  }

  private let networks: [IPNetwork]
  private let field: Field

  /// Addresses that are looked at; a chain that goes on is taken to end there.
  private static let longest = 32

  /// Nil for no networks.
  package init?(_ networks: [IPNetwork], field: Field) {
    guard !networks.isEmpty else { return nil }
    self.networks = networks
    self.field = field
  }

  /// Who sent a request that came from `peer`.
  package func client(of headers: HTTPHeaders, from peer: SocketAddress) -> SocketAddress {
    guard isTrusted(peer) else { return peer }
    var client = peer
    var count = 0
    for value in headers.values(of: field.rawValue).reversed() {
      for element in Self.elements(value).reversed() {
        guard count < Self.longest, let address = address(element) else { return client }
        client = address
        count += 1
        guard isTrusted(address) else { return client }
      }
    }
    return client
  }

  private func isTrusted(_ address: SocketAddress) -> Bool { networks.contains { $0.contains(address) } }

  /// The elements of a list; commas in quotes do not part them.
  private static func elements(_ list: String) -> [Substring] {
    var isQuoted = false
    return list.split(omittingEmptySubsequences: true) { character in
      if character == "\"" { isQuoted.toggle() }
      return character == "," && !isQuoted
    }
  }

  private func address(_ element: Substring) -> SocketAddress? {
    switch field {
    case .xForwardedFor: return Self.parse(Self.trim(element))
    case .forwarded:
      for pair in element.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, Self.trim(parts[0]).lowercased() == "for" else { continue }
        var value = Self.trim(parts[1])[...]
        if value.hasPrefix("\""), value.hasSuffix("\""), value.count >= 2 { value = value.dropFirst().dropLast() }
        return Self.parse(String(value))
      }
      return nil
    }
  }

  /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`; nil for `unknown` and the like.
  private static func parse(_ text: String) -> SocketAddress? {
    guard text.utf8.count <= 64 else { return nil }
    var host = text[...]
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return nil }
      host = host[host.index(after: host.startIndex)..<end]
    } else if host.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1 {
      host = host.prefix { $0 != ":" }
    }
    guard !host.hasPrefix("/") else { return nil }
    return SocketAddress(literal: String(host), port: 0)
  }

  private static func trim(_ text: Substring) -> String {
    var text = text.utf8[...]
    while let first = text.first, CharacterClass.isBlank(first) { text.removeFirst() }
    while let last = text.last, CharacterClass.isBlank(last) { text.removeLast() }
    return String(Substring(text))
  }
}
