import YAML

/// The one document of a text.
func parse(_ text: String, limits: YAMLLimits = .default) throws(YAMLError) -> YAMLNode {
  try YAMLNode.document(in: Array(text.utf8), file: "t.yaml", limits: limits)
}

/// The error that a text is refused with, in words; `nil` when it is accepted.
func refusal(_ text: String, limits: YAMLLimits = .default) -> String? {
  refusal(bytes: Array(text.utf8), limits: limits)
}

func refusal(bytes: [UInt8], limits: YAMLLimits = .default) -> String? {
  do {
    _ = try YAMLNode.documents(in: bytes, file: "t.yaml", limits: limits)
    return nil
  } catch {
    return error.description
  }
}

/// The error that decoding a text fails with, in words.
func refusal<Value: Decodable>(_ type: Value.Type, _ text: String) -> String? {
  do {
    _ = try YAMLDecoder().decode(type, from: Array(text.utf8), file: "t.yaml")
    return nil
  } catch {
    return error.description
  }
}
