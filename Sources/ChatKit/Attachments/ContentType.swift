/// Media types (RFC 9110, 8.3.1): `image/png`, perhaps with parameters.
enum ContentType {
  static let limit = 127

  /// Whether `text` is one that can be stored, signed and sent as it is.
  static func isValid(_ text: String) -> Bool {
    guard text.utf8.count <= limit, text.utf8.allSatisfy({ (0x20...0x7e).contains($0) && !"\"\\,".utf8.contains($0) })
    else { return false }
    let parts = essence(of: text).split(separator: "/", omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy { part in
        !part.isEmpty && part.utf8.allSatisfy { isTokenByte($0) }
      }
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: "!#$&^_.+-".utf8.contains(byte)
    }
  }

  /// Without parameters, in lower case.
  static func essence(of text: String) -> String {
    var essence = text.prefix { $0 != ";" }
    while essence.last == " " { essence = essence.dropLast() }
    return essence.lowercased()
  }

  /// Whether `pattern` stands for it: a type, or the beginning of one and an asterisk (`image/*`, `application/vnd.*`).
  static func matches(_ text: String, _ pattern: String) -> Bool {
    let type = essence(of: text)
    let wanted = pattern.lowercased()
    guard wanted.hasSuffix("*") else { return type == wanted }
    return wanted == "*/*" || type.hasPrefix(wanted.dropLast())
  }

  /// Whether `text` may stand in a list of types that are allowed.
  static func isPattern(_ text: String) -> Bool {
    if text == "*/*" { return true }
    let body = text.hasSuffix("*") ? text.dropLast() : text[...]
    guard body.contains("/"), !body.contains("*") else { return false }
    return isValid(body.hasSuffix("/") ? "\(body)x" : String(body))
  }

  static func isImage(_ text: String) -> Bool { essence(of: text).hasPrefix("image/") }
}
