extension YAMLNode {
  /// Not what is expected.
  func mismatch(_ expectation: String, advice: String? = nil, suggestion: String? = nil) -> YAMLError {
    error(
      .typeMismatch, "expected \(expectation), found \(summary)" + (advice.map { "; \($0)" } ?? ""),
      suggestion: suggestion)
  }

  func readBool() throws(YAMLError) -> Bool {
    if let bool { return bool }
    let suggestion: String? =
      switch scalar?.text.lowercased() {
      case "yes", "on", "y", "true": "true"
      case "no", "off", "n", "false": "false"
      default: nil
      }
    throw mismatch("true or false", suggestion: suggestion)
  }

  func readString() throws(YAMLError) -> String {
    if let string { return string }
    let isOther = scalar.map { $0.kind != .null } ?? false
    throw mismatch("a string", advice: isOther ? scalar.map { "quote it: \"\($0.text)\"" } : nil)
  }

  func readInteger<Number: FixedWidthInteger>(as type: Number.Type) throws(YAMLError) -> Number {
    if let number: Number = scalar?.integer() { return number }
    throw mismatch("a whole number from \(Number.min) to \(Number.max)", advice: unquoted { $0 == .integer })
  }

  func readDouble() throws(YAMLError) -> Double {
    if let double { return double }
    throw mismatch("a number", advice: unquoted { $0 == .integer || $0 == .float })
  }

  /// For a quoted scalar that would be right without its quotes.
  private func unquoted(_ isRight: (YAMLScalar.Kind) -> Bool) -> String? {
    guard let scalar, scalar.kind == .string, !scalar.isPlain else { return nil }
    return isRight(YAMLSchema.kind(ofPlain: scalar.text)) ? "leave the quotes out" : nil
  }
}
