/// Writes YAML in block style, for people and for programs of any YAML version: strings that some reader would take for
/// something else are quoted.
///
///     var yaml = YAMLWriter()
///     yaml.beginMapping()
///     yaml.field("name", "chat.events")
///     yaml.key("partitions")
///     yaml.value(12)
///     yaml.end()
///     output.write(yaml.text)
///
/// The order of the calls is the caller's duty: a key before each value of a mapping, an end for each beginning. A value
/// at the top is a document of its own.
package struct YAMLWriter: Sendable {
  private enum Collection {
    case sequence
    case mapping
  }

  private struct Level {
    let collection: Collection
    let indentation: Int
    var isEmpty = true
  }

  /// What has been written.
  package private(set) var text = ""
  private var levels: [Level] = []
  private var hasDocument = false
  /// The cursor stands after `- `, where a mapping's first key goes on the same line.
  private var isInline = true

  package init() {}

  // MARK: Structure

  package mutating func beginMapping() { begin(.mapping) }
  package mutating func beginSequence() { begin(.sequence) }

  /// Ends the innermost mapping or sequence.
  package mutating func end() {
    guard let level = levels.popLast(), level.isEmpty else { return }
    if !text.isEmpty, text.utf8.last != UInt8(ascii: "\n"), text.utf8.last != UInt8(ascii: " ") { text += " " }
    text += level.collection == .mapping ? "{}\n" : "[]\n"
    isInline = false
  }

  package mutating func key(_ key: String) {
    startItem()
    text += YAMLText.isPlain(key) ? key : YAMLText.quoted(key)
    text += ":"
  }

  // MARK: Values

  package mutating func null() { scalar("null") }
  package mutating func value(_ bool: Bool) { scalar(bool ? "true" : "false") }
  package mutating func value(_ number: some BinaryInteger) { scalar("\(number)") }

  package mutating func value(_ number: Double) {
    guard number.isFinite else { return scalar(number.isNaN ? ".nan" : number < 0 ? "-.inf" : ".inf") }
    scalar(number.description)
  }

  package mutating func value(_ string: String) {
    if YAMLText.isPlain(string) { return scalar(string) }
    let indentation = levels.last.map { $0.indentation + 2 } ?? 2
    scalar(YAMLText.block(string, indentation: indentation) ?? YAMLText.quoted(string))
  }

  /// A comment at the end of the last line; nothing where a block of several lines or the text's beginning is there.
  package mutating func comment(_ comment: String) {
    guard text.utf8.last == UInt8(ascii: "\n"), !comment.isEmpty, !comment.utf8.contains(where: { $0 < 0x20 }) else {
      return
    }
    text.removeLast()
    text += "  # \(comment)\n"
  }

  /// A key and its value.
  package mutating func field(_ key: String, _ value: String) {
    self.key(key)
    self.value(value)
  }

  package mutating func field(_ key: String, _ value: some BinaryInteger) {
    self.key(key)
    self.value(value)
  }

  package mutating func field(_ key: String, _ value: Bool) {
    self.key(key)
    self.value(value)
  }

  /// A parsed value, in the writer's own form.
  package mutating func value(_ node: YAMLNode) {
    switch node.content {
    case .scalar(let scalar):
      if scalar.kind == .string { value(scalar.text) } else { self.scalar(scalar.kind == .null ? "null" : scalar.text) }
    case .sequence(let elements):
      beginSequence()
      for element in elements { value(element) }
      end()
    case .mapping(let entries):
      beginMapping()
      for entry in entries {
        key(entry.key)
        value(entry.value)
      }
      end()
    }
  }

  // MARK: Layout

  private mutating func begin(_ collection: Collection) {
    startValue()
    let isAfterKey = levels.last?.collection == .mapping
    // A sequence in a mapping stands under its key, as kubectl has it; everything else one step further in.
    let step = levels.isEmpty || (isAfterKey && collection == .sequence) ? 0 : 2
    levels.append(Level(collection: collection, indentation: (levels.last?.indentation ?? 0) + step))
  }

  private mutating func scalar(_ scalar: String) {
    startValue()
    if levels.last?.collection == .mapping { text += " " }
    text += scalar
    if text.utf8.last != UInt8(ascii: "\n") { text += "\n" }
    isInline = false
  }

  /// Before a value: nothing after a key, a dash in a sequence, a document's start at the top.
  private mutating func startValue() {
    switch levels.last?.collection {
    case .mapping: break
    case .sequence: startItem()
    case nil:
      if hasDocument { text += "---\n" }
      hasDocument = true
      isInline = true
    }
  }

  /// Before a key, or before an element: its line and its indentation.
  private mutating func startItem() {
    guard let level = levels.last else { return }
    levels[levels.count - 1].isEmpty = false
    if !isInline {
      if text.utf8.last != UInt8(ascii: "\n") { text += "\n" }
      text += String(repeating: " ", count: level.indentation)
    }
    isInline = level.collection == .sequence
    if level.collection == .sequence { text += "- " }
  }
}
