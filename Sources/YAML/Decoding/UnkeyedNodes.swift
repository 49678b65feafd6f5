/// A sequence as Codable sees it.
struct UnkeyedNodes: UnkeyedDecodingContainer {
  private let reader: SequenceReader
  private let decoder: NodeDecoder
  let codingPath: [any CodingKey]

  init(_ reader: SequenceReader, decoder: NodeDecoder, path: [any CodingKey]) {
    self.reader = reader
    self.decoder = decoder
    codingPath = path
  }

  var count: Int? { reader.elements.count }
  var isAtEnd: Bool { reader.index >= reader.elements.count }
  var currentIndex: Int { reader.index }

  /// Reads the next element; the index moves on when that succeeds.
  private func next<Value>(_ what: String, _ body: (YAMLNode) throws -> Value) throws -> Value {
    let value = try body(try reader.current(what))
    reader.index += 1
    return value
  }

  func decodeNil() throws -> Bool {
    guard try reader.current("a value").isNull else { return false }
    reader.index += 1
    return true
  }

  func decode(_ type: Bool.Type) throws -> Bool { try next("true or false") { try $0.readBool() } }
  func decode(_ type: String.Type) throws -> String { try next("a string") { try $0.readString() } }
  func decode(_ type: Double.Type) throws -> Double { try next("a number") { try $0.readDouble() } }
  func decode(_ type: Float.Type) throws -> Float { try next("a number") { Float(try $0.readDouble()) } }
  func decode(_ type: Int.Type) throws -> Int { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: Int8.Type) throws -> Int8 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: Int16.Type) throws -> Int16 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: Int32.Type) throws -> Int32 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: Int64.Type) throws -> Int64 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: UInt.Type) throws -> UInt { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try next("a whole number") { try $0.readInteger(as: type) } }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try next("a whole number") { try $0.readInteger(as: type) } }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try next("a value") {
      try NodeDecoder.decode(type, from: $0, path: nextPath, allowsUnknownKeys: decoder.allowsUnknownKeys)
    }
  }

  private var nextPath: [any CodingKey] { codingPath + [PathKey(index: reader.index)] }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
    let path = nextPath
    let nested = try next("a mapping") { try MappingReader($0) }
    decoder.add(nested)
    return KeyedDecodingContainer(KeyedNodes<Nested>(nested, decoder: decoder, path: path))
  }

  func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let path = nextPath
    let nested = try next("a sequence") { try SequenceReader($0) }
    decoder.add(nested)
    return UnkeyedNodes(nested, decoder: decoder, path: path)
  }

  func superDecoder() throws -> any Decoder {
    let key = PathKey(index: reader.index)
    return try next("a value") { decoder.inner($0, key) }
  }
}
