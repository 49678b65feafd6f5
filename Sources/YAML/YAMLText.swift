/// How a string is written so that every reader takes it for that string.
enum YAMLText {
  /// Whether the string can stand without quotes, as key and as value, for readers of YAML 1.1 too.
  static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    guard YAMLSchema.kind(ofPlain: text) == .string, !ambiguous.contains(text.lowercased()) else { return false }
    // Nobody takes 30s or 16KiB for a number.
    if isQuantity(text) { return true }
    // Numbers, times and dates of YAML 1.1 (1_000, 1:30, 2025-01-31) begin like these.
    if (0x30...0x39).contains(first) || "-+.?:,[]{}#&*!|>'\"%@`=<~".utf8.contains(first) { return false }
    if first == UInt8(ascii: " ") || last == UInt8(ascii: " ") || last == UInt8(ascii: ":") { return false }
    var previous: UInt8 = 0
    for scalar in text.unicodeScalars where !isPrintable(scalar) { return false }
    for byte in text.utf8 {
      if byte == UInt8(ascii: " "), previous == UInt8(ascii: ":") { return false }
      if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { return false }
      previous = byte
    }
    return true
  }

  /// A number without a leading zero, and the letters of a unit.
  private static func isQuantity(_ text: String) -> Bool {
    guard let first = text.utf8.first, (0x31...0x39).contains(first) else { return false }
    let unit = text.utf8.drop { (0x30...0x39).contains($0) }
    return !unit.isEmpty && unit.allSatisfy { (0x41...0x5a).contains($0 & 0xdf) && $0 >= 0x41 }
  }

  /// What readers of YAML 1.1 take for a bool, a null or a merge.
  private static let ambiguous: Set<String> = ["yes", "no", "on", "off", "y", "n", "true", "false", "null", "~", "<<"]

  /// Characters that stand for themselves in any style; line breaks, tabs and what cannot be seen do not.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  /// In double quotes, with escapes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16)
        let (mark, width) = scalar.value <= 0xff ? ("x", 2) : scalar.value <= 0xffff ? ("u", 4) : ("U", 8)
        result += "\\\(mark)" + String(repeating: "0", count: width - digits.count) + digits
      }
    }
    return result + "\""
  }

  /// As a literal block, for text of several lines; nil where that would not read back the same.
  static func block(_ text: String, indentation: Int) -> String? {
    let isEnded = text.hasSuffix("\n")
    let body = isEnded ? text.dropLast() : Substring(text)
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count > 1, let first = lines.first, let last = lines.last, !first.isEmpty, !last.isEmpty,
      lines.allSatisfy({ line in
        line.unicodeScalars.allSatisfy(isPrintable) && !line.hasPrefix(" ") && !line.hasSuffix(" ")
      })
    else { return nil }
    let margin = String(repeating: " ", count: indentation)
    return lines.reduce(into: isEnded ? "|\n" : "|-\n") { $0 += $1.isEmpty ? "\n" : "\(margin)\($1)\n" }
  }
}
