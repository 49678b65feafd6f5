/// The list of a `Sec-WebSocket-Extensions` field (RFC 6455, 9.1): `name *( ";" parameter [ "=" value ] )`, by commas.
package struct WebSocketExtensions {
  package struct Offer: Equatable {
    package var name: String
    package var parameters: [Parameter] = []
  }

  package struct Parameter: Equatable {
    package var name: String
    package var value: String?
  }

  package let offers: [Offer]

  /// Nil where the field does not follow the grammar; the connection is then to be failed.
  package init?(_ text: String) {
    var scanner = Scanner(text)
    var offers: [Offer] = []
    // Empty members of a list are skipped (RFC 9110, 5.6.1).
    repeat {
      scanner.skipBlanks()
      if scanner.isAtEnd || scanner.peek == UInt8(ascii: ",") { continue }
      guard let name = scanner.token() else { return nil }
      var offer = Offer(name: name)
      while scanner.take(";") {
        guard let parameter = scanner.token() else { return nil }
        var value: String?
        if scanner.take("=") {
          guard let scanned = scanner.value() else { return nil }
          value = scanned
        }
        offer.parameters.append(Parameter(name: parameter, value: value))
      }
      offers.append(offer)
    } while scanner.take(",")
    guard scanner.isAtEnd else { return nil }
    self.offers = offers
  }

  /// All fields of the name are one list.
  package init?(_ headers: HTTPHeaders) {
    self.init(headers.values(of: "sec-websocket-extensions").joined(separator: ","))
  }

  private struct Scanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    var isAtEnd: Bool { rest.isEmpty }
    var peek: UInt8? { rest.first }

    mutating func skipBlanks() { rest = rest.drop(while: CharacterClass.isBlank) }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipBlanks()
      guard rest.first == UInt8(ascii: character) else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func token() -> String? {
      skipBlanks()
      let token = rest.prefix(while: CharacterClass.isToken)
      guard !token.isEmpty else { return nil }
      rest = rest[token.endIndex...]
      return String(decoding: token, as: UTF8.self)
    }

    /// A token, or one in quotes.
    mutating func value() -> String? {
      guard take("\"") else { return token() }
      var bytes: [UInt8] = []
      while let byte = rest.popFirst() {
        if byte == UInt8(ascii: "\"") { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
        guard let plain = byte == UInt8(ascii: "\\") ? rest.popFirst() : byte, CharacterClass.isToken(plain) else {
          return nil
        }
        bytes.append(plain)
      }
      return nil
    }
  }
}
