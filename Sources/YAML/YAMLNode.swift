/// A value of a document and where it stands. Copies share their contents.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    /// In the order of the file; no key twice.
    case mapping([YAMLEntry])
  }

  package let content: Content
  package let mark: YAMLMark
  /// The name of the file, for errors.
  package let file: String

  package init(_ content: Content, mark: YAMLMark, file: String) {
    self.content = content
    self.mark = mark
    self.file = file
  }

  // MARK: Reading

  package var scalar: YAMLScalar? { if case .scalar(let scalar) = content { scalar } else { nil } }
  /// The elements of a sequence, or nil.
  package var elements: [YAMLNode]? { if case .sequence(let elements) = content { elements } else { nil } }
  /// The entries of a mapping, or nil.
  package var entries: [YAMLEntry]? { if case .mapping(let entries) = content { entries } else { nil } }
  package var isNull: Bool { scalar?.kind == .null }
  /// The text of a string; nil for other scalars, even if they could be read as one.
  package var string: String? { scalar.flatMap { $0.kind == .string ? $0.text : nil } }
  package var bool: Bool? { scalar?.bool }
  package var int: Int? { scalar?.integer() }
  package var double: Double? { scalar?.double }

  /// The value of a mapping's key; nil when it has none or this is no mapping. Walks the entries.
  package subscript(key: String) -> YAMLNode? { entry(key)?.value }

  /// The element of a sequence; nil when it has none.
  package subscript(index: Int) -> YAMLNode? {
    guard let elements, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The entry of a key, which knows where the key itself stands.
  package func entry(_ key: String) -> YAMLEntry? { entries?.first { $0.key == key } }

  // MARK: Errors

  /// An error at this place.
  package func error(_ code: YAMLError.Code, _ message: String, suggestion: String? = nil) -> YAMLError {
    YAMLError(code, file: file, mark: mark, message, suggestion: suggestion)
  }

  /// What this is, as an error names it: `a mapping`, `the string 'x'`.
  package var summary: String {
    switch content {
    case .sequence: return "a sequence"
    case .mapping: return "a mapping"
    case .scalar(let scalar):
      let text = scalar.text.count > 40 ? "\(scalar.text.prefix(37))…" : scalar.text
      switch scalar.kind {
      case .null: return "nothing (null)"
      case .bool: return text
      case .integer, .float: return "the number \(text)"
      case .string: return "the string '\(text)'"
      }
    }
  }
}
