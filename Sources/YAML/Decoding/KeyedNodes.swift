/// A mapping as Codable sees it.
struct KeyedNodes<Key: CodingKey>: KeyedDecodingContainerProtocol {
  private let reader: MappingReader
  private let decoder: NodeDecoder
  let codingPath: [any CodingKey]

  init(_ reader: MappingReader, decoder: NodeDecoder, path: [any CodingKey]) {
    self.reader = reader
    self.decoder = decoder
    codingPath = path
  }

  var allKeys: [Key] { reader.entries.compactMap { Key(stringValue: $0.key) } }
  func contains(_ key: Key) -> Bool { reader.value(key.stringValue) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { reader.value(key.stringValue)?.isNull ?? true }

  private func node(_ key: Key) throws(YAMLError) -> YAMLNode { try reader.require(key.stringValue) }

  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try node(key).readBool() }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try node(key).readString() }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try node(key).readDouble() }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { Float(try node(key).readDouble()) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try node(key).readInteger(as: type) }
  func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try node(key).readInteger(as: type) }
  func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try node(key).readInteger(as: type) }
  func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try node(key).readInteger(as: type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try node(key).readInteger(as: type) }
  func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try node(key).readInteger(as: type) }
  func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try node(key).readInteger(as: type) }
  func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try node(key).readInteger(as: type) }
  func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try node(key).readInteger(as: type) }
  func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try node(key).readInteger(as: type) }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try NodeDecoder.decode(
      type, from: try node(key), path: codingPath + [key], allowsUnknownKeys: decoder.allowsUnknownKeys)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    let nested = try MappingReader(try node(key))
    decoder.add(nested)
    return KeyedDecodingContainer(KeyedNodes<Nested>(nested, decoder: decoder, path: codingPath + [key]))
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    let nested = try SequenceReader(try node(key))
    decoder.add(nested)
    return UnkeyedNodes(nested, decoder: decoder, path: codingPath + [key])
  }

  func superDecoder() throws -> any Decoder {
    try decoder.inner(reader.require("super"), PathKey(stringValue: "super"))
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder.inner(node(key), key) }
}
