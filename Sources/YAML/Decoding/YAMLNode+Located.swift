import Primitives

extension YAMLNode {
  /// A string that is none of the values that are allowed.
  func invalid(_ text: String, choices: [String]) -> YAMLError {
    error(
      .invalidValue, "'\(text)' is none of \(choices.joined(separator: ", "))",
      suggestion: NearestMatch.of(text, in: choices))
  }

  /// A decoding error with its place. This is the node at `path`; the error may lie deeper.
  func located(_ error: DecodingError, from path: [any CodingKey]) -> YAMLError {
    switch error {
    case .typeMismatch(_, let context): return at(context, path).error(.typeMismatch, context.debugDescription)
    case .valueNotFound(_, let context): return at(context, path).error(.typeMismatch, context.debugDescription)
    case .keyNotFound(let key, let context):
      return at(context, path).error(.missingKey, "key '\(key.stringValue)' is missing")
    case .dataCorrupted(let context): return at(context, path).error(.invalidValue, context.debugDescription)
    @unknown default: return self.error(.invalidValue, "\(error)")
    }
  }

  private func at(_ context: DecodingError.Context, _ path: [any CodingKey]) -> YAMLNode {
    var node = self
    for key in context.codingPath.dropFirst(path.count) {
      let next = node.elements == nil ? node[key.stringValue] : key.intValue.flatMap { node[$0] }
      guard let next else { break }
      node = next
    }
    return node
  }
}
