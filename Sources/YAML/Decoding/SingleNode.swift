/// One value as Codable sees it.
struct SingleNode: SingleValueDecodingContainer {
  private let decoder: NodeDecoder

  init(_ decoder: NodeDecoder) { self.decoder = decoder }

  var codingPath: [any CodingKey] { decoder.codingPath }
  private var node: YAMLNode { decoder.node }

  func decodeNil() -> Bool { node.isNull }
  func decode(_ type: Bool.Type) throws -> Bool { try node.readBool() }
  func decode(_ type: String.Type) throws -> String { try node.readString() }
  func decode(_ type: Double.Type) throws -> Double { try node.readDouble() }
  func decode(_ type: Float.Type) throws -> Float { Float(try node.readDouble()) }
  func decode(_ type: Int.Type) throws -> Int { try node.readInteger(as: type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try node.readInteger(as: type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try node.readInteger(as: type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try node.readInteger(as: type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try node.readInteger(as: type) }
  func decode(_ type: UInt.Type) throws -> UInt { try node.readInteger(as: type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try node.readInteger(as: type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try node.readInteger(as: type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try node.readInteger(as: type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try node.readInteger(as: type) }

  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try NodeDecoder.decode(type, from: node, path: codingPath, allowsUnknownKeys: decoder.allowsUnknownKeys)
  }
}
