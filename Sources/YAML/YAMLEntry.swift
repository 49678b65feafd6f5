/// A key of a mapping, with its value.
package struct YAMLEntry: Sendable {
  /// The key's text: `1` and `"1"` are the same key.
  package let key: String
  /// Where the key stands.
  package let mark: YAMLMark
  package let value: YAMLNode

  package init(key: String, mark: YAMLMark, value: YAMLNode) {
    self.key = key
    self.mark = mark
    self.value = value
  }
}
