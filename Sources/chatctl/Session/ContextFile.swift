import ChatKit
import Commands
import Glibc
import Primitives
import YAML

/// The contexts that an operator switches between: for each, what chatd's configuration says of an installation.
///
///     apiVersion: chatd/v1
///     kind: Config
///     spec:
///       current: local
///       contexts:
///         local: {embedded: /var/lib/chatd, url: "http://127.0.0.1:8080"}
///         production:
///           postgres: {url: "postgresql://ops@db/chat", passwordFile: /etc/chatctl/postgres}
///           bus: {kind: kafka}
///           kafka: {brokers: ["k1:9092", "k2:9092"]}
///
/// `chatctl context use` writes its choice beside the file, into `current`, and leaves the file as its owner wrote it.
struct ContextFile: Sendable {
  private static let limit = 1 << 20

  let path: String
  /// In the order of the file.
  private(set) var contexts: [(name: String, node: YAMLNode, mark: YAMLMark)] = []
  private var declared: (name: String, node: YAMLNode)?

  /// That of an invocation; one without contexts where there is no file. Throws `ConfigurationError`.
  static func of(_ invocation: Invocation) throws -> ContextFile {
    try at(invocation[ConnectionOptions.contexts])
  }

  /// - Parameter path: nil for the usual place.
  static func at(_ path: String?) throws -> ContextFile {
    if let path { return try ContextFile(reading: path) }
    guard let path = defaultPath else { return ContextFile(empty: "") }
    return access(path, F_OK) == 0 ? try ContextFile(reading: path) : ContextFile(empty: path)
  }

  private static var defaultPath: String? {
    if let folder = Program.environment("XDG_CONFIG_HOME"), !folder.isEmpty { return "\(folder)/chatctl/config.yaml" }
    guard let home = Program.environment("HOME"), !home.isEmpty else { return nil }
    return "\(home)/.config/chatctl/config.yaml"
  }

  private init(empty path: String) { self.path = path }

  init(reading path: String) throws {
    self.path = path
    let bytes = try FileBytes.read(path, limit: Self.limit, what: "--contexts")
    var problems: [YAMLError] = []
    do throws(YAMLError) {
      let root = try YAMLNode.document(in: bytes, file: path, duplicates: &problems)
      read(root, &problems)
    } catch {
      throw ConfigurationError(file: path, problems: [error])
    }
    guard problems.isEmpty else { throw ConfigurationError(file: path, problems: problems) }
  }

  private mutating func read(_ root: YAMLNode, _ problems: inout [YAMLError]) {
    for (key, expected) in [("apiVersion", ServerFile.apiVersion), ("kind", "Config")]
    where root[key]?.string != expected {
      let node = root[key] ?? root
      problems.append(node.error(.invalidValue, "expected '\(key): \(expected)', found \(node.summary)"))
    }
    let known = ["apiVersion", "kind", "spec"]
    for entry in root.entries ?? [] where !known.contains(entry.key) {
      problems.append(unknown(entry, known))
    }
    guard let spec = root["spec"] else { return }
    for entry in spec.entries ?? [] {
      switch entry.key {
      case "current":
        guard let name = entry.value.string else {
          problems.append(entry.value.error(.typeMismatch, "current: expected a name, found \(entry.value.summary)"))
          continue
        }
        declared = (name, entry.value)
      case "contexts":
        guard let entries = entry.value.entries else {
          problems.append(
            entry.value.error(.typeMismatch, "contexts: expected a mapping by name, found \(entry.value.summary)"))
          continue
        }
        contexts = entries.map { ($0.key, $0.value, $0.mark) }
      default: problems.append(unknown(entry, ["current", "contexts"]))
      }
    }
    if let declared, !contexts.contains(where: { $0.name == declared.name }) {
      problems.append(
        declared.node.error(
          .invalidValue, "there is no context '\(declared.name)'",
          suggestion: NearestMatch.of(declared.name, in: contexts.map(\.name))))
    }
  }

  private func unknown(_ entry: YAMLEntry, _ known: [String]) -> YAMLError {
    YAMLError(
      .unknownKey, file: path, mark: entry.mark,
      "unknown key '\(entry.key)'; known are \(known.joined(separator: ", "))",
      suggestion: NearestMatch.of(entry.key, in: known))
  }

  // MARK: Which one

  /// The file of the choice that `chatctl context use` has made.
  private var choicePath: String {
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    return folder.isEmpty ? "current" : "\(folder)/current"
  }

  /// The context in force: the one that was named, else the one chosen last, else the file's own.
  /// Throws `ConfigurationError` when there is none of that name.
  func selected(_ name: String?) throws -> String? {
    guard let name = name ?? chosen ?? declared?.name else { return nil }
    guard contexts.contains(where: { $0.name == name }) else {
      let near = NearestMatch.of(name, in: contexts.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
      let place = path.isEmpty ? "there is no file of contexts" : "\(path) has none"
      throw ConfigurationError(
        .usage, "there is no context '\(name)': \(place)\(near)", hint: "'chatctl context list' lists them.")
    }
    return name
  }

  private var chosen: String? {
    guard !path.isEmpty, let bytes = try? FileBytes.read(choicePath, limit: 1 << 10, what: "current") else {
      return nil
    }
    let name = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init)
    // A choice that has gone from the file since is none.
    return name.flatMap { name in contexts.contains { $0.name == name } ? name : nil }
  }

  /// Makes a context the current one. Throws `ConfigurationError`.
  func choose(_ name: String) throws {
    _ = try selected(name)
    let line = Array("\(name)\n".utf8)
    let descriptor = open(choicePath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0, write(descriptor, line, line.count) == line.count, close(descriptor) == 0 else {
      throw ConfigurationError(.cannotCreate, "cannot write \(choicePath): \(String(cString: strerror(errno)))")
    }
  }

  /// The settings of a context, by their options' names. Throws `ConfigurationError`: all that is wrong with it.
  func values(of name: String) throws -> [String: ContextValue] {
    guard let context = contexts.first(where: { $0.name == name }) else { return [:] }
    let settings = ConnectionOptions.settings
    return try ServerFile(settingsOf: context.node, file: path, settings: settings).context(for: settings)
  }
}
