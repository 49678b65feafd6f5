import Primitives

/// A mapping that remembers which keys it was asked for.
final class MappingReader: UnreadCheck {
  let node: YAMLNode
  let entries: [YAMLEntry]
  private let places: [String: Int]
  /// Every key that was asked for, present or not, in the order of asking.
  private var asked: [String] = []
  private var isAsked: Set<String> = []

  init(_ node: YAMLNode) throws(YAMLError) {
    guard let entries = node.entries else { throw node.mismatch("a mapping") }
    self.node = node
    self.entries = entries
    places = Dictionary(uniqueKeysWithValues: entries.indices.lazy.map { (entries[$0].key, $0) })
  }

  /// The value of a key, which is known from now on.
  func value(_ key: String) -> YAMLNode? {
    if isAsked.insert(key).inserted { asked.append(key) }
    return places[key].map { entries[$0].value }
  }

  /// The value of a key that must be there. A key nobody asked for that looks like it is the better error.
  func require(_ key: String) throws(YAMLError) -> YAMLNode {
    if let value = value(key) { return value }
    for entry in entries where !isAsked.contains(entry.key) && NearestMatch.of(entry.key, in: [key]) != nil {
      throw unknown(entry)
    }
    throw node.error(.missingKey, "key '\(key)' is missing")
  }

  func checkAllIsRead() throws(YAMLError) {
    for entry in entries where !isAsked.contains(entry.key) { throw unknown(entry) }
  }

  private func unknown(_ entry: YAMLEntry) -> YAMLError {
    let suggestion = NearestMatch.of(entry.key, in: asked.filter { places[$0] == nil })
    let known = asked.count <= 12 && suggestion == nil && !asked.isEmpty
    return YAMLError(
      .unknownKey, file: node.file, mark: entry.mark,
      "unknown key '\(entry.key)'" + (known ? "; known are \(asked.joined(separator: ", "))" : ""),
      suggestion: suggestion)
  }
}
