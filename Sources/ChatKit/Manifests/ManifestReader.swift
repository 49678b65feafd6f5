package import Commands
import Primitives
import YAML

/// Goes over the declarations of a kind: collects them, and reads what a document says. See Manifest.swift.
///
/// A value that is wrong is noted with its place, and reading goes on: all that is wrong with a file is told at once.
package struct ManifestReader {
  /// What was declared so far.
  package private(set) var fields: [ManifestField] = []
  /// What was given of it.
  private(set) var values: [ManifestValue.Field] = []
  private(set) var problems: [YAMLError] = []
  private let node: YAMLNode?
  /// Of the object: `spec`, `spec.members[2]`.
  private let path: String
  /// Files are named from here.
  private let folder: String

  /// - Parameter node: nil to collect the declarations.
  init(_ node: YAMLNode?, path: String, folder: String = "") {
    self.node = node
    self.path = path
    self.folder = folder
  }

  /// Those of a kind.
  static func declarations(_ declare: (inout ManifestReader) -> Void) -> [ManifestField] {
    var reader = ManifestReader(nil, path: "spec")
    declare(&reader)
    return reader.fields
  }

  // MARK: Declaring

  /// A text, a number, a duration or a size: what `ValueType` has.
  /// - Parameters:
  ///   - value: taken when nothing is said, and part of the state then; nil leaves the field out of it.
  ///   - defaultText: what that means.
  package mutating func value<Value>(
    _ name: String, _ type: ValueType<Value>, default value: Value? = nil, isRequired: Bool = false,
    defaultText: String? = nil, _ help: String
  ) {
    declare(
      name, Self.typeName(type.schema), isRequired, defaultText ?? value.map { type.render($0) }, help: help)
    guard let entry = entry(name, isRequired) else {
      if let value, node != nil { values.append(.init(name, Self.value(type.render(value), type.schema.kind))) }
      return
    }
    do throws(YAMLError) {
      let text = try SettingText.read(entry, type.schema, "\(path).\(name)")
      // As it is written everywhere: 60s is 1m.
      values.append(.init(name, Self.value(type.parse(text).map { type.render($0) } ?? text, type.schema.kind)))
    } catch {
      problems.append(error)
    }
  }

  package mutating func flag(_ name: String, default value: Bool? = nil, _ help: String) {
    declare(name, "true or false", false, value.map { "\($0)" }, help: help)
    guard let entry = entry(name, false) else {
      if let value, node != nil { values.append(.init(name, .boolean(value))) }
      return
    }
    if let yes = entry.bool {
      values.append(.init(name, .boolean(yes)))
    } else {
      note(entry, .typeMismatch, name, "expected true or false, found \(entry.summary)")
    }
  }

  /// The path of a file with a secret, from the manifest's folder; its contents are no part of a state.
  package mutating func secretFile(_ name: String, _ help: String) {
    declare(name, "path of a file", false, nil, help: help)
    guard let entry = entry(name, false) else { return }
    guard let path = entry.string, !path.isEmpty else {
      return note(entry, .typeMismatch, name, "expected the path of a file, found \(entry.summary)")
    }
    values.append(.init(name, .string(path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)")))
  }

  package mutating func list<Value>(
    _ name: String, _ type: ValueType<Value>, default elements: [Value]? = nil, isSorted: Bool = true, _ help: String
  ) {
    declare(
      name, "list of \(Self.typeName(type.schema))s", false,
      elements.map { $0.map(type.render).joined(separator: ", ") },
      help: help)
    guard let entry = entry(name, false) else {
      if let elements, node != nil { values.append(.init(name, .list(elements.map { .string(type.render($0)) }))) }
      return
    }
    guard let nodes = entry.elements else {
      return note(entry, .typeMismatch, name, "expected a list, found \(entry.summary)")
    }
    var texts: [String] = []
    for (index, node) in nodes.enumerated() {
      do throws(YAMLError) {
        texts.append(try SettingText.read(node, type.schema, "\(path).\(name)[\(index)]"))
      } catch {
        problems.append(error)
      }
    }
    values.append(.init(name, .list((isSorted ? texts.sorted() : texts).map { .string($0) })))
  }

  /// Names with texts, numbers or nothing.
  package mutating func map(_ name: String, _ help: String) {
    declare(name, "mapping of names to values", false, nil, help: help)
    guard let entry = entry(name, false) else { return }
    guard let entries = entry.entries else {
      return note(entry, .typeMismatch, name, "expected a mapping, found \(entry.summary)")
    }
    var fields: [ManifestValue.Field] = []
    for inner in entries {
      guard let scalar = inner.value.scalar else {
        note(
          inner.value, .typeMismatch, "\(name).\(inner.key)",
          "expected a text or a number, found \(inner.value.summary)")
        continue
      }
      fields.append(.init(inner.key, scalar.kind == .null ? .null : .string(scalar.text)))
    }
    values.append(.init(name, .object(fields.sorted { $0.name < $1.name })))
  }

  package mutating func object(_ name: String, _ help: String, _ body: (inout ManifestReader) -> Void) {
    let inner = ManifestReader.declarations(body)
    declare(name, "object", false, nil, help: help, inner)
    guard let entry = entry(name, false), let value = read(entry, "\(path).\(name)", body) else { return }
    values.append(.init(name, value))
  }

  /// Objects that are told apart by one of their fields.
  package mutating func objects(_ name: String, key: String, _ help: String, _ body: (inout ManifestReader) -> Void) {
    let inner = ManifestReader.declarations(body)
    declare(name, "list of objects", false, nil, help: help, inner)
    guard let entry = entry(name, false) else { return }
    guard let nodes = entry.elements else {
      return note(entry, .typeMismatch, name, "expected a list, found \(entry.summary)")
    }
    var elements: [ManifestValue] = []
    for (index, node) in nodes.enumerated() {
      guard let value = read(node, "\(path).\(name)[\(index)]", body) else { continue }
      if let mark = value[key], elements.contains(where: { $0[key]?.text.lowercased() == mark.text.lowercased() }) {
        note(node, .duplicateKey, "\(name)[\(index)]", "\(key) '\(mark.text)' is there twice")
      }
      elements.append(value)
    }
    values.append(.init(name, .list(elements.sorted { ($0[key]?.text ?? "") < ($1[key]?.text ?? "") })))
  }

  // MARK: Reading

  /// What was read; unknown keys are noted.
  mutating func finish() -> ManifestValue {
    let known = fields.map(\.name)
    for entry in node?.entries ?? [] where !known.contains(entry.key) {
      let near = NearestMatch.of(entry.key, in: known)
      let list = near == nil ? "; known are \(known.joined(separator: ", "))" : ""
      problems.append(
        YAMLError(
          .unknownKey, file: entry.value.file, mark: entry.mark, "unknown key '\(entry.key)' in \(path)\(list)",
          suggestion: near))
    }
    return .object(values)
  }

  private mutating func read(
    _ node: YAMLNode, _ path: String, _ body: (inout ManifestReader) -> Void
  ) -> ManifestValue? {
    guard node.entries != nil else {
      problems.append(node.error(.typeMismatch, "\(path): expected an object, found \(node.summary)"))
      return nil
    }
    var reader = ManifestReader(node, path: path, folder: folder)
    body(&reader)
    let value = reader.finish()
    problems += reader.problems
    return value
  }

  private mutating func declare(
    _ name: String, _ type: String, _ isRequired: Bool, _ defaultText: String?, help: String,
    _ inner: [ManifestField] = []
  ) {
    fields.append(
      ManifestField(
        name: name, type: type, isRequired: isRequired, defaultText: isRequired ? "" : defaultText ?? "left as it is",
        help: help, fields: inner))
  }

  private mutating func entry(_ name: String, _ isRequired: Bool) -> YAMLNode? {
    guard let node else { return nil }
    let value = node[name]
    if value == nil, isRequired { problems.append(node.error(.missingKey, "key '\(name)' is missing in \(path)")) }
    return value
  }

  private mutating func note(_ node: YAMLNode, _ code: YAMLError.Code, _ name: String, _ message: String) {
    problems.append(node.error(code, "\(path).\(name): \(message)"))
  }

  private static func value(_ text: String, _ kind: ValueSchema.Kind) -> ManifestValue {
    switch kind {
    case .integer: Int(text).map { .integer($0) } ?? .string(text)
    case .bool: .boolean(text == "true")
    default: .string(text)
    }
  }

  static func typeName(_ schema: ValueSchema) -> String {
    switch schema.kind {
    case .choice(let choices): choices.map(\.value).joined(separator: " | ")
    case .integer: "number"
    case .number: "number"
    case .duration: "duration"
    case .size: "size"
    case .bool: "true or false"
    case .file, .directory: "path"
    case .string, .address: "text"
    }
  }
}
