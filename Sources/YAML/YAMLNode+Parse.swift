import Primitives

extension YAMLNode {
  /// The documents of a stream; none for an empty one.
  /// - Parameter file: the name that errors give.
  package static func documents(
    in bytes: UnsafeRawBufferPointer, file: String, limits: YAMLLimits = .default
  ) throws(YAMLError) -> [YAMLNode] {
    try documents(in: bytes, file: file, limits: limits, collectsDuplicates: false).documents
  }

  private static func documents(
    in bytes: UnsafeRawBufferPointer, file: String, limits: YAMLLimits, collectsDuplicates: Bool
  ) throws(YAMLError) -> (documents: [YAMLNode], duplicates: [YAMLError]) {
    guard bytes.count <= limits.size.bytes else {
      throw YAMLError(
        .limit, file: file, mark: .start, "the file has \(bytes.count) bytes; \(limits.size) is the most")
    }
    var composer = YAMLComposer(
      try YAMLEvents(bytes, file: file), file: file, limits: limits, collectsDuplicates: collectsDuplicates)
    let documents = try composer.documents()
    return (documents, composer.duplicates ?? [])
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
    try one(of: documents(in: bytes, file: file, limits: limits), file: file)
  }

  /// The one document of a file, and its keys that appear twice (the first of them stays): for those who tell all
  /// problems of a file at once. What comes of it must not be used when there are duplicates.
  package static func document(
    in bytes: [UInt8], file: String, limits: YAMLLimits = .default, duplicates: inout [YAMLError]
  ) throws(YAMLError) -> YAMLNode {
    try one(of: documents(in: bytes, file: file, limits: limits, duplicates: &duplicates), file: file)
  }

  /// The documents of a stream, and their keys that appear twice; as `document` has them.
  package static func documents(
    in bytes: [UInt8], file: String, limits: YAMLLimits = .default, duplicates: inout [YAMLError]
  ) throws(YAMLError) -> [YAMLNode] {
    let result = bytes.withUnsafeBytes { buffer in
      Result { () throws(YAMLError) in try documents(in: buffer, file: file, limits: limits, collectsDuplicates: true) }
    }
    let stream = try result.get()
    duplicates += stream.duplicates
    return stream.documents
  }

  private static func one(of documents: [YAMLNode], file: String) throws(YAMLError) -> YAMLNode {
    guard let first = documents.first else {
      throw YAMLError(.documentCount, file: file, mark: .start, "the file is empty")
    }
    guard documents.count == 1 else {
      throw documents[1].error(.documentCount, "a second document; one is expected")
    }
    return first
  }
}
