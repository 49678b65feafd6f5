/// Makes Decodable values of nodes. Every error has the place in the file that is to blame, those thrown by a type's own
/// `init(from:)` included.
///
/// Types conforming to `YAMLLeaf` are read from a scalar. A string enum that is `CaseIterable` names its cases in errors.
/// A key that no `init(from:)` has asked for is an error, unless `allowsUnknownKeys`.
package struct YAMLDecoder: Sendable {
  package var allowsUnknownKeys = false

  package init() {}

  package func decode<Value: Decodable>(_ type: Value.Type, from node: YAMLNode) throws(YAMLError) -> Value {
    do {
      return try NodeDecoder.decode(type, from: node, path: [], allowsUnknownKeys: allowsUnknownKeys)
    } catch let error as YAMLError {
      throw error
    } catch {
      throw node.error(.invalidValue, "\(error)")
    }
  }

  /// Parses the one document of a file and decodes it.
  package func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], file: String, limits: YAMLLimits = .default
  ) throws(YAMLError) -> Value {
    try decode(type, from: YAMLNode.document(in: bytes, file: file, limits: limits))
  }
}

extension YAMLNode {
  /// Decodes this value; see `YAMLDecoder`.
  package func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(YAMLError) -> Value {
    try YAMLDecoder().decode(type, from: self)
  }
}
