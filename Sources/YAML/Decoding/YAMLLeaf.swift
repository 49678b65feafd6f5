package import Primitives

/// A type that is read from one scalar, as `5s` is a duration. Conform a type to have `YAMLDecoder` read it so.
package protocol YAMLLeaf: Decodable {
  /// What is expected, with its article: `a duration, for example 30s`.
  static var yamlExpectation: String { get }
  /// Nil when the scalar is not one.
  init?(yaml scalar: YAMLScalar)
}

extension YAMLLeaf {
  /// For decoders other than `YAMLDecoder`, which does without.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(yaml: YAMLScalar(kind: .string, text: text)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected \(Self.yamlExpectation), found '\(text)'")
    }
    self = value
  }
}

extension Duration: YAMLLeaf {
  package static var yamlExpectation: String { "a duration, for example 500ms, 30s or 5m" }
  package init?(yaml scalar: YAMLScalar) {
    guard scalar.kind == .string || scalar.text == "0" else { return nil }
    self.init(text: scalar.text)
  }
}

extension ByteCount: YAMLLeaf {
  package static var yamlExpectation: String { "a size, for example 512, 16KiB or 1GB" }
  package init?(yaml scalar: YAMLScalar) {
    guard scalar.kind != .null, scalar.kind != .bool else { return nil }
    self.init(text: scalar.text)
  }
}

extension UUID: YAMLLeaf {
  package static var yamlExpectation: String { "an id, for example 0192d3c4-5b6a-7f00-8000-0123456789ab" }
  package init?(yaml scalar: YAMLScalar) { self.init(scalar.text) }
}

extension Timestamp: YAMLLeaf {
  package static var yamlExpectation: String { "a time, for example 2025-01-31T12:00:00Z" }
  package init?(yaml scalar: YAMLScalar) { self.init(rfc3339: scalar.text) }
}
