/// A scalar: what stands there, and what it is by the schema.
package struct YAMLScalar: Hashable, Sendable {
  package enum Kind: Sendable {
    case null
    case bool
    case integer
    case float
    case string
  }

  package let kind: Kind
  /// The text without quotes, escapes resolved.
  package let text: String
  /// Written without quotes.
  package let isPlain: Bool

  package init(kind: Kind, text: String, isPlain: Bool = true) {
    self.kind = kind
    self.text = text
    self.isPlain = isPlain
  }

  /// Nil unless this is a bool.
  package var bool: Bool? { kind == .bool ? text.utf8.first.map { $0 | 0x20 } == UInt8(ascii: "t") : nil }

  /// Nil unless this is an integer that fits.
  package func integer<Number: FixedWidthInteger>(as type: Number.Type = Number.self) -> Number? {
    guard kind == .integer else { return nil }
    if text.hasPrefix("0x") { return Number(text.dropFirst(2), radix: 16) }
    if text.hasPrefix("0o") { return Number(text.dropFirst(2), radix: 8) }
    return Number(text)
  }

  /// Nil unless this is a number.
  package var double: Double? {
    switch kind {
    case .integer: return integer(as: Int64.self).map(Double.init) ?? Double(text)
    case .float:
      switch text.drop(while: { $0 == "+" || $0 == "-" }).lowercased() {
      case ".inf": return text.hasPrefix("-") ? -.infinity : .infinity
      case ".nan": return .nan
      default: return Double(text.hasSuffix(".") ? text + "0" : text)
      }
    case .null, .bool, .string: return nil
    }
  }
}
