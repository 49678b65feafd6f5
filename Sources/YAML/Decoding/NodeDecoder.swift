/// Decodes one value from one node. It lives for the time of one `init(from:)`, and then says whether all was read.
final class NodeDecoder: Decoder, UnreadCheck {
  let node: YAMLNode
  let codingPath: [any CodingKey]
  let allowsUnknownKeys: Bool
  let userInfo: [CodingUserInfoKey: Any] = [:]
  /// The containers that were asked for: what they were not asked for is unknown.
  private var readers: [any UnreadCheck] = []
  private var mapping: MappingReader?

  init(_ node: YAMLNode, path: [any CodingKey], allowsUnknownKeys: Bool) {
    self.node = node
    codingPath = path
    self.allowsUnknownKeys = allowsUnknownKeys
  }

  /// Decodes `type`, then refuses what it left unread.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from node: YAMLNode, path: [any CodingKey], allowsUnknownKeys: Bool
  ) throws -> Value {
    if let leaf = type as? any YAMLLeaf.Type { return try read(leaf, as: type, from: node) }
    if let choices = choices(of: type), let text = node.string, !choices.contains(text) {
      throw node.invalid(text, choices: choices)
    }
    let decoder = NodeDecoder(node, path: path, allowsUnknownKeys: allowsUnknownKeys)
    do {
      let value = try Value(from: decoder)
      if !allowsUnknownKeys { try decoder.checkAllIsRead() }
      return value
    } catch let error as YAMLError {
      throw error
    } catch let error as DecodingError {
      throw node.located(error, from: path)
    } catch {
      throw node.error(.invalidValue, "\(error)")
    }
  }

  private static func read<Value>(
    _ leaf: (some YAMLLeaf).Type, as type: Value.Type, from node: YAMLNode
  ) throws(YAMLError) -> Value {
    guard let scalar = node.scalar, let value = leaf.init(yaml: scalar) as? Value else {
      throw node.mismatch(leaf.yamlExpectation)
    }
    return value
  }

  /// The values of a string enum that can list its cases.
  private static func choices<Value>(of type: Value.Type) -> [String]? {
    func values<Enumeration: CaseIterable>(_ type: Enumeration.Type) -> [String] {
      type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    guard let enumeration = type as? any CaseIterable.Type else { return nil }
    let values = values(enumeration)
    return values.isEmpty ? nil : values
  }

  // MARK: Unread

  func add(_ reader: any UnreadCheck) { readers.append(reader) }

  func checkAllIsRead() throws(YAMLError) {
    for reader in readers { try reader.checkAllIsRead() }
  }

  /// One reader, however many containers are made: types may share a mapping.
  func mappingReader() throws(YAMLError) -> MappingReader {
    if let mapping { return mapping }
    let reader = try MappingReader(node)
    mapping = reader
    add(reader)
    return reader
  }

  /// A decoder for a part that a type decodes by hand. What that leaves unread is checked with this one's.
  func inner(_ part: YAMLNode, _ key: any CodingKey) -> NodeDecoder {
    let inner = NodeDecoder(part, path: codingPath + [key], allowsUnknownKeys: allowsUnknownKeys)
    add(inner)
    return inner
  }

  // MARK: Decoder

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    KeyedDecodingContainer(KeyedNodes<Key>(try mappingReader(), decoder: self, path: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let reader = try SequenceReader(node)
    add(reader)
    return UnkeyedNodes(reader, decoder: self, path: codingPath)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleNode(self) }
}
