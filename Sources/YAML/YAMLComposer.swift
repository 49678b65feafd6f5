import Primitives

/// Builds nodes from events, within limits.
struct YAMLComposer: ~Copyable {
  /// A node and what it adds up to with its aliases followed.
  private struct Composed {
    let node: YAMLNode
    /// Nodes, itself included.
    let size: Int
    /// Levels of sequences and mappings.
    let height: Int
  }

  private var events: YAMLEvents
  private let file: String
  private let limits: YAMLLimits
  /// Composing recurses: more levels than this would be a danger to a small stack.
  private let maximumDepth: Int
  private var anchors: [String: Composed] = [:]
  private var aliases = 0
  private var nodes = 0
  /// Keys that appear twice are noted here instead of thrown, so that a file's other problems can be told with them.
  private(set) var duplicates: [YAMLError]?

  init(_ events: consuming YAMLEvents, file: String, limits: YAMLLimits, collectsDuplicates: Bool = false) {
    duplicates = collectsDuplicates ? [] : nil
    self.events = events
    self.file = file
    self.limits = limits
    maximumDepth = min(limits.depth, 256)
  }

  mutating func documents() throws(YAMLError) -> [YAMLNode] {
    var documents: [YAMLNode] = []
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return documents
      case .documentStart:
        guard documents.count < limits.documents else {
          throw error(.limit, event.mark, "more than \(limits.documents) documents")
        }
        anchors.removeAll()
        aliases = 0
        documents.append(try compose(try events.next(), depth: 0).node)
      default: continue
      }
    }
  }

  private mutating func compose(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Composed {
    switch event.kind {
    case .alias(let name): return try alias(name, event.mark, depth: depth)
    case .scalar(let text, let isPlain, let properties):
      try count(1, event.mark)
      let node = YAMLNode(
        .scalar(try scalar(text, isPlain: isPlain, tag: properties.tag, event.mark)), mark: event.mark, file: file)
      return try anchor(Composed(node: node, size: 1, height: 0), properties, event.mark)
    case .sequenceStart(let properties):
      try enter(event.mark, depth: depth, tag: properties.tag, ["seq"])
      return try anchor(try sequence(event.mark, depth: depth), properties, event.mark)
    case .mappingStart(let properties):
      try enter(event.mark, depth: depth, tag: properties.tag, ["map"])
      return try anchor(try mapping(event.mark, depth: depth), properties, event.mark)
    default: throw error(.syntax, event.mark, "a value is missing")
    }
  }

  private mutating func sequence(_ mark: YAMLMark, depth: Int) throws(YAMLError) -> Composed {
    var elements: [YAMLNode] = []
    var size = 1
    var height = 0
    while true {
      let event = try events.next()
      if case .sequenceEnd = event.kind { break }
      let element = try compose(event, depth: depth + 1)
      elements.append(element.node)
      size += element.size
      height = max(height, element.height)
    }
    return Composed(
      node: YAMLNode(.sequence(elements), mark: mark, file: file), size: size, height: height + 1)
  }

  private mutating func mapping(_ mark: YAMLMark, depth: Int) throws(YAMLError) -> Composed {
    var entries: [YAMLEntry] = []
    var places: [String: YAMLMark] = [:]
    var size = 1
    var height = 0
    while true {
      let event = try events.next()
      if case .mappingEnd = event.kind { break }
      let key = try key(event)
      var isDuplicate = false
      if let first = places[key] {
        let error = error(
          .duplicateKey, event.mark, "key '\(key)' appears twice; it stands at line \(first.line) already")
        if duplicates == nil { throw error }
        duplicates?.append(error)
        isDuplicate = true
      }
      let value = try compose(try events.next(), depth: depth + 1)
      if isDuplicate { continue }
      places[key] = event.mark
      entries.append(YAMLEntry(key: key, mark: event.mark, value: value.node))
      size += value.size + 1
      height = max(height, value.height)
    }
    return Composed(node: YAMLNode(.mapping(entries), mark: mark, file: file), size: size, height: height + 1)
  }

  private mutating func key(_ event: YAMLEvent) throws(YAMLError) -> String {
    guard case .scalar(let text, let isPlain, let properties) = event.kind else {
      throw error(.unsupported, event.mark, "a key must be a string, and stand there itself")
    }
    try count(1, event.mark)
    let scalar = try scalar(text, isPlain: isPlain, tag: properties.tag, event.mark)
    guard properties.anchor == nil else { throw error(.unsupported, event.mark, "a key cannot have an anchor") }
    guard scalar.kind != .null else { throw error(.unsupported, event.mark, "a key is missing") }
    guard text != "<<" || !isPlain else {
      throw error(.unsupported, event.mark, "merge keys (<<) are not part of YAML 1.2; write the keys out")
    }
    return text
  }

  // MARK: Tags

  private func scalar(
    _ text: String, isPlain: Bool, tag: String?, _ mark: YAMLMark
  ) throws(YAMLError) -> YAMLScalar {
    guard let tag else {
      return YAMLScalar(kind: isPlain ? YAMLSchema.kind(ofPlain: text) : .string, text: text, isPlain: isPlain)
    }
    let natural = YAMLSchema.kind(ofPlain: text)
    let kind: YAMLScalar.Kind
    switch try short(tag, mark) {
    case "!", "str": kind = .string
    case "null": kind = .null
    case "bool": kind = .bool
    case "int": kind = .integer
    case "float": kind = .float
    case let other: throw error(.typeMismatch, mark, "tag !!\(other) does not go with a scalar")
    }
    guard kind == .string || kind == natural || (kind == .float && natural == .integer) else {
      throw error(.typeMismatch, mark, "'\(text)' is not what its tag !!\(tag.dropFirst(YAMLSchema.prefix.count)) says")
    }
    return YAMLScalar(kind: kind, text: text, isPlain: isPlain)
  }

  private static let tags: Set<String> = ["str", "null", "bool", "int", "float", "seq", "map"]

  /// The part of a tag after the schema's prefix, or `!`. Throws for any other tag.
  private func short(_ tag: String, _ mark: YAMLMark) throws(YAMLError) -> String {
    if tag == "!" { return tag }
    guard tag.hasPrefix(YAMLSchema.prefix) else { throw error(.unsupported, mark, "unknown tag \(tag)") }
    let name = String(tag.dropFirst(YAMLSchema.prefix.count))
    guard Self.tags.contains(name) else {
      throw YAMLError(
        .unsupported, file: file, mark: mark, "unknown tag !!\(name)",
        suggestion: NearestMatch.of(name, in: Self.tags.sorted()).map { "!!\($0)" })
    }
    return name
  }

  // MARK: Limits

  private mutating func enter(
    _ mark: YAMLMark, depth: Int, tag: String?, _ allowed: [String]
  ) throws(YAMLError) {
    if let tag {
      let name = try short(tag, mark)
      guard name == "!" || allowed.contains(name) else {
        throw error(
          .typeMismatch, mark, "tag !!\(name) does not go with a \(allowed == ["seq"] ? "sequence" : "mapping")")
      }
    }
    guard depth < maximumDepth else { throw tooDeep(mark) }
    try count(1, mark)
  }

  private mutating func count(_ more: Int, _ mark: YAMLMark) throws(YAMLError) {
    nodes += more
    guard nodes <= limits.nodes else {
      throw error(.limit, mark, "more than \(limits.nodes) values, counting what aliases stand for")
    }
  }

  private mutating func alias(_ name: String, _ mark: YAMLMark, depth: Int) throws(YAMLError) -> Composed {
    aliases += 1
    guard aliases <= limits.aliases else { throw error(.limit, mark, "more than \(limits.aliases) aliases") }
    guard let target = anchors[name] else {
      // An anchor is known once its node is complete, so that nothing can contain itself.
      throw YAMLError(
        .syntax, file: file, mark: mark, "alias *\(name) stands for nothing that is complete here",
        suggestion: NearestMatch.of(name, in: anchors.keys.sorted()).map { "*\($0)" })
    }
    guard depth + target.height <= maximumDepth else { throw tooDeep(mark) }
    try count(target.size, mark)
    return target
  }

  private mutating func anchor(
    _ composed: Composed, _ properties: YAMLEvent.Properties, _ mark: YAMLMark
  ) throws(YAMLError) -> Composed {
    guard let name = properties.anchor else { return composed }
    guard anchors.count < limits.anchors else { throw error(.limit, mark, "more than \(limits.anchors) anchors") }
    anchors[name] = composed
    return composed
  }

  private func tooDeep(_ mark: YAMLMark) -> YAMLError {
    error(.limit, mark, "nested deeper than \(maximumDepth) levels")
  }

  private func error(_ code: YAMLError.Code, _ mark: YAMLMark, _ message: String) -> YAMLError {
    YAMLError(code, file: file, mark: mark, message)
  }
}
