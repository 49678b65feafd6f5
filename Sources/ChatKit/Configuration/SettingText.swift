import Commands
import Primitives
import YAML

/// A scalar of a file as the command line would have it: nothing is guessed, and what is wrong is told with what to write.
enum SettingText {
  /// Throws the problem of a value that is not valid.
  /// - Parameter path: as the message calls it.
  static func read(_ node: YAMLNode, _ schema: ValueSchema, _ path: String) throws(YAMLError) -> String {
    let text = node.scalar.flatMap { Self.text($0, schema.kind) }
    if let text, schema.isValid(text) { return text }
    if let raw = text ?? node.scalar?.text, let complaint = schema.complaint?(raw) {
      throw node.error(.invalidValue, "\(path): \(complaint)")
    }
    let choices = schema.choices.map(\.value)
    throw node.error(
      text == nil ? .typeMismatch : .invalidValue,
      "\(path): expected \(schema.expectation), found \(node.summary)\(Self.advice(node, schema))",
      suggestion: node.scalar.flatMap { scalar in
        schema.kind == .bool ? Self.bool(scalar.text) : NearestMatch.of(scalar.text, in: choices)
      })
  }

  /// Nil where the scalar is of another kind.
  private static func text(_ scalar: YAMLScalar, _ kind: ValueSchema.Kind) -> String? {
    switch kind {
    case .bool: scalar.bool.map { "\($0)" }
    case .integer: scalar.integer(as: Int.self).map { "\($0)" }
    case .number: scalar.double.map { "\($0)" }
    case .duration: scalar.kind == .string || scalar.text == "0" ? scalar.text : nil
    case .size: scalar.kind == .string || scalar.kind == .integer ? scalar.text : nil
    // A choice may look like a number (1.3): it is compared as it is written.
    case .choice: scalar.kind == .null ? nil : scalar.text
    case .string, .file, .directory, .address: scalar.kind == .string ? scalar.text : nil
    }
  }

  private static func advice(_ node: YAMLNode, _ schema: ValueSchema) -> String {
    guard let scalar = node.scalar else { return "" }
    switch (schema.kind, scalar.kind) {
    case (_, .null): return "; leave the key out for the default"
    case (.duration, .integer), (.duration, .float): return "; it needs a unit: \(scalar.text)s"
    case (.string, .integer), (.string, .float), (.string, .bool), (.file, .integer), (.directory, .integer):
      return "; quote it: \"\(scalar.text)\""
    case (.integer, .string), (.bool, .string), (.number, .string):
      return !scalar.isPlain && schema.isValid(scalar.text) ? "; leave the quotes out" : ""
    default: return ""
    }
  }

  private static func bool(_ text: String) -> String? {
    switch text.lowercased() {
    case "yes", "on", "y": "true"
    case "no", "off", "n": "false"
    default: nil
    }
  }
}
