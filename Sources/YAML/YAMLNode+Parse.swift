import Primitives

extension YAMLNode {
  /// The documents of a stream; none for an empty one.
  /// - Parameter file: the name that errors give.
  package static func documents(
    in bytes: UnsafeRawBufferPointer, file: String, limits: YAMLLimits = .default
  ) throws(YAMLError) -> [YAMLNode] {
    guard bytes.count <= limits.size.bytes else {
      throw YAMLError(
        .limit, file: file, mark: .start, "the file has \(bytes.count) bytes; \(limits.size) is the most")
    }
    var composer = YAMLComposer(try YAMLEvents(bytes, file: file), file: file, limits: limits)
    return try composer.documents()
  }

  /// The documents of a stream; none for an empty one.
  package static func documents(
    in bytes: [UInt8], file: String, limits: YAMLLimits = .default
  ) throws(YAMLError) -> [YAMLNode] {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(YAMLError) in try documents(in: buffer, file: file, limits: limits) }
    }
    return try result.get()
  }

  /// The one document of a file.
  package static func document(
    in bytes: [UInt8], file: String, limits: YAMLLimits = .default
  ) throws(YAMLError) -> YAMLNode {
    let documents = try documents(in: bytes, file: file, limits: limits)
    guard let first = documents.first else {
      throw YAMLError(.documentCount, file: file, mark: .start, "the file is empty")
    }
    guard documents.count == 1 else {
      throw documents[1].error(.documentCount, "a second document; one is expected")
    }
    return first
  }
}
