/// The core schema of YAML 1.2.2 (section 10.3): what a plain scalar is.
enum YAMLSchema {
  /// The tags of the schema, by their short names.
  static let prefix = "tag:yaml.org,2002:"

  static func kind(ofPlain text: String) -> YAMLScalar.Kind {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
      return .float
    default: return kind(ofNumber: Substring(text).utf8)
    }
  }

  private static func kind(ofNumber text: Substring.UTF8View) -> YAMLScalar.Kind {
    var rest = text
    func digits() -> Int {
      let run = rest.prefix { (0x30...0x39).contains($0) }
      rest = rest[run.endIndex...]
      return run.count
    }
    func take(_ bytes: UInt8...) -> Bool {
      guard let first = rest.first, bytes.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }
    if text.starts(with: "0o".utf8), text.count > 2 {
      return text.dropFirst(2).allSatisfy { (0x30...0x37).contains($0) } ? .integer : .string
    }
    if text.starts(with: "0x".utf8), text.count > 2 {
      return text.dropFirst(2).allSatisfy(isHexadecimal) ? .integer : .string
    }
    _ = take(UInt8(ascii: "-"), UInt8(ascii: "+"))
    let whole = digits()
    if whole > 0, rest.isEmpty { return .integer }
    let hasPoint = take(UInt8(ascii: "."))
    let fraction = hasPoint ? digits() : 0
    guard whole + fraction > 0 else { return .string }
    if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
      _ = take(UInt8(ascii: "-"), UInt8(ascii: "+"))
      guard digits() > 0 else { return .string }
    }
    return rest.isEmpty ? .float : .string
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }
}
