package import Commands
import Glibc
import Primitives
package import YAML

/// A file of kind Server, checked against the declarations: what it says, and where.
///
///     apiVersion: chatd/v1
///     kind: Server
///     metadata: {name: chat}
///     spec:
///       http:
///         listen: 127.0.0.1:8080
package struct ServerFile: Sendable {
  package static let apiVersion = "chatd/v1"
  package static let kind = "Server"
  /// Read when neither --config nor CHATD_CONFIG names another and it is there.
  package static let defaultPath = "/etc/chatd/chatd.yaml"
  private static let limit = 1 << 20

  /// What the file says of a setting.
  package struct Value: Sendable {
    package let texts: [String]
    package let mark: YAMLMark
  }

  /// The file's name as errors give it.
  package let file: String
  /// `metadata.name`
  package private(set) var name: String?
  /// By the settings' paths.
  package private(set) var values: [String: Value] = [:]

  private var problems: [YAMLError] = []

  /// Reads a file. Throws `ConfigurationError`: all that is wrong with it.
  package init(reading path: String) throws(ConfigurationError) {
    let bytes = try FileBytes.read(path, limit: Self.limit, what: "--config")
    try self.init(bytes, file: path)
  }

  /// - Parameter settings: the declarations; those of `ServerOptions`, but for tests.
  package init(
    _ bytes: [UInt8], file: String, settings: [Setting] = ServerOptions.settings
  ) throws(ConfigurationError) {
    self.file = file
    if bytes.contains(0) { throw ConfigurationError(.invalidInput, "\(file) is not a text file; YAML is expected") }
    do throws(YAMLError) {
      var duplicates: [YAMLError] = []
      let root = try YAMLNode.document(in: bytes, file: file, duplicates: &duplicates)
      problems = duplicates
      read(root, settings)
    } catch {
      throw ConfigurationError(file: file, problems: [error])
    }
    guard problems.isEmpty else { throw ConfigurationError(file: file, problems: problems) }
  }

  /// Settings that stand somewhere within another file, as `spec` has them.
  package init(settingsOf node: YAMLNode, file: String, settings: [Setting]) throws(ConfigurationError) {
    self.file = file
    Walk(settings: settings).section(node, "", into: &self)
    guard problems.isEmpty else { throw ConfigurationError(file: file, problems: problems) }
  }

  /// All that is wrong with a document of this kind.
  package static func problems(in root: YAMLNode) -> [YAMLError] {
    var file = ServerFile(root.file)
    file.read(root, ServerOptions.settings)
    return file.problems
  }

  private init(_ file: String) { self.file = file }

  /// What Commands resolves options with, by the names of the options.
  package func context(for settings: [Setting] = ServerOptions.settings) -> [String: ContextValue] {
    var context: [String: ContextValue] = [:]
    for setting in settings {
      guard let value = values[setting.path] else { continue }
      context[setting.parameter.name] = ContextValue(value.texts, origin: "\(file):\(value.mark)")
    }
    return context
  }

  /// The file that is read: `name`, else `defaultPath` where it is there. `none` reads none.
  package static func path(named name: String?) -> String? {
    guard let name else { return access(defaultPath, F_OK) == 0 ? defaultPath : nil }
    return name == "none" ? nil : name
  }

  // MARK: The document

  private mutating func read(_ root: YAMLNode, _ settings: [Setting]) {
    guard let entries = root.entries else {
      return note(root, .typeMismatch, "expected a mapping with apiVersion, kind and spec, found \(root.summary)")
    }
    let known = ["apiVersion", "kind", "metadata", "spec"]
    for entry in entries where !known.contains(entry.key) {
      let isSetting = settings.contains { $0.path == entry.key || $0.path.hasPrefix("\(entry.key).") }
      note(
        entry, "unknown key '\(entry.key)'" + (isSetting ? "; settings stand below spec" : ""),
        suggestion: isSetting ? nil : NearestMatch.of(entry.key, in: known))
    }
    constant(root, "apiVersion", Self.apiVersion)
    constant(root, "kind", Self.kind)
    if let metadata = root["metadata"] { readMetadata(metadata) }
    guard let spec = root.entry("spec") else { return note(root, .missingKey, "key 'spec' is missing") }
    Walk(settings: settings).section(spec.value, "", into: &self)
  }

  private mutating func constant(_ root: YAMLNode, _ key: String, _ expected: String) {
    guard let node = root[key] else { return note(root, .missingKey, "key '\(key)' is missing: \(key): \(expected)") }
    guard node.string != expected else { return }
    note(node, .invalidValue, "\(key): expected \(expected), found \(node.summary)")
  }

  private mutating func readMetadata(_ metadata: YAMLNode) {
    guard let entries = metadata.entries else {
      return note(metadata, .typeMismatch, "metadata: expected a mapping, found \(metadata.summary)")
    }
    for entry in entries {
      switch entry.key {
      case "name":
        name = entry.value.string
        if name == nil {
          note(entry.value, .typeMismatch, "metadata.name: expected a string, found \(entry.value.summary)")
        }
      case "labels":
        let isStrings = entry.value.entries?.allSatisfy { $0.value.string != nil } ?? false
        if !isStrings {
          note(
            entry.value, .typeMismatch, "metadata.labels: expected a mapping of strings, found \(entry.value.summary)")
        }
      default:
        note(
          entry, "unknown key '\(entry.key)' in metadata; known are name, labels",
          suggestion: NearestMatch.of(entry.key, in: ["name", "labels"]))
      }
    }
  }

  // MARK: Noting

  mutating func set(_ path: String, _ texts: [String], _ mark: YAMLMark) {
    values[path] = Value(texts: texts, mark: mark)
  }

  mutating func note(_ node: YAMLNode, _ code: YAMLError.Code, _ message: String, suggestion: String? = nil) {
    problems.append(node.error(code, message, suggestion: suggestion))
  }

  mutating func note(_ problem: YAMLError) { problems.append(problem) }

  mutating func note(_ entry: YAMLEntry, _ message: String, suggestion: String? = nil) {
    problems.append(
      YAMLError(.unknownKey, file: entry.value.file, mark: entry.mark, message, suggestion: suggestion))
  }
}

/// Goes through `spec` along the declarations.
private struct Walk {
  let settings: [Setting]

  func section(_ node: YAMLNode, _ path: String, into file: inout ServerFile) {
    // A section whose lines are all comments is none.
    if node.isNull { return }
    guard let entries = node.entries else {
      let name = path.isEmpty ? "spec" : path
      return file.note(node, .typeMismatch, "\(name): expected a mapping of settings, found \(node.summary)")
    }
    for entry in entries {
      let inner = path.isEmpty ? entry.key : "\(path).\(entry.key)"
      if entry.key.contains(".") {
        unknown(entry, path, into: &file)
      } else if let setting = settings.first(where: { $0.path == inner }) {
        value(entry.value, setting, into: &file)
      } else if settings.contains(where: { $0.path.hasPrefix("\(inner).") }) {
        section(entry.value, inner, into: &file)
      } else {
        unknown(entry, path, into: &file)
      }
    }
  }

  private func unknown(_ entry: YAMLEntry, _ path: String, into file: inout ServerFile) {
    let place = path.isEmpty ? "" : " in \(path)"
    let what = "unknown setting '\(entry.key)'\(place)"
    let siblings = names(in: path)
    if let near = NearestMatch.of(entry.key, in: siblings) { return file.note(entry, what, suggestion: near) }
    // Written with dots, by its option's name, or in the wrong section.
    let meant =
      settings.first { $0.path == entry.key || $0.parameter.name == entry.key }
      ?? settings.first { $0.key == entry.key }
      ?? NearestMatch.of(entry.key, in: settings.map(\.key)).flatMap { near in settings.first { $0.key == near } }
    if let meant {
      let nested = entry.key.contains(".") ? "; write each part on a line of its own, the next one indented" : ""
      return file.note(entry, what + nested, suggestion: meant.path == entry.key ? nil : meant.path)
    }
    file.note(entry, what + (siblings.count <= 12 ? "; known are \(siblings.joined(separator: ", "))" : ""))
  }

  /// The keys of a section: its settings and the sections within.
  private func names(in path: String) -> [String] {
    var names: [String] = []
    for setting in settings where path.isEmpty || setting.path.hasPrefix("\(path).") {
      let rest = path.isEmpty ? Substring(setting.path) : setting.path.dropFirst(path.count + 1)
      let name = rest.prefix { $0 != "." }
      if names.last != String(name), !names.contains(String(name)) { names.append(String(name)) }
    }
    return names
  }

  // MARK: Values

  private func value(_ node: YAMLNode, _ setting: Setting, into file: inout ServerFile) {
    guard setting.parameter.isRepeated else {
      if let text = text(node, setting, into: &file) { file.set(setting.path, [text], node.mark) }
      return
    }
    guard let elements = node.elements else {
      let advice = node.scalar.map { $0.kind == .null ? "" : "; write [\($0.text)]" } ?? ""
      return file.note(
        node, .typeMismatch, "\(setting.path): expected a list, found \(node.summary)\(advice)")
    }
    guard elements.count <= setting.parameter.arity.most else {
      return file.note(
        node, .invalidValue,
        "\(setting.path): \(elements.count) elements; \(setting.parameter.arity.most) is the most")
    }
    let texts = elements.compactMap { text($0, setting, into: &file) }
    if texts.count == elements.count { file.set(setting.path, texts, node.mark) }
  }

  /// Nil where it is not valid, which is noted.
  private func text(_ node: YAMLNode, _ setting: Setting, into file: inout ServerFile) -> String? {
    do throws(YAMLError) {
      return try SettingText.read(node, setting.parameter.schema, setting.path)
    } catch {
      file.note(error)
      return nil
    }
  }
}
