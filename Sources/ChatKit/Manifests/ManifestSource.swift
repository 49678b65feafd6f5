import Commands
import Glibc
import Primitives
package import YAML

/// Reads manifests: from files, from folders and what is below them, from standard input (`-`).
///
/// A file that was named has manifests and nothing else. In a folder there may be other things: a document without our
/// `apiVersion` is passed over, and told in `skipped`; folders and files whose names begin with a dot are not looked at.
package struct ManifestSource {
  private static let limit = 4 << 20
  private static let fileLimit = 10_000

  /// In the order of the files' names and the documents in them.
  package private(set) var manifests: [Manifest] = []
  /// Files that are not ours, with what they are instead.
  package private(set) var skipped: [(file: String, reason: String)] = []
  /// What is wrong, each with its place.
  package private(set) var problems: [YAMLError] = []
  private var files = 0
  private let documents: [ManifestDocument]

  /// - Parameter documents: who reads the kinds that are not read here; without, only their metadata are.
  package init(documents: [ManifestDocument] = []) { self.documents = documents }

  /// Throws `ConfigurationError` for what cannot be read; what is wrong with the contents is in `problems`.
  /// - Parameter input: reads standard input.
  package mutating func read(_ path: String, input: () throws -> [UInt8]) throws {
    if path == "-" { return try parse(input(), file: "stdin", folder: "", isNamed: true) }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      try readFolder(path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path, depth: 0)
    } else {
      try readFile(path, isNamed: true)
    }
  }

  private mutating func readFolder(_ folder: String, depth: Int) throws {
    guard depth < 16 else { return }
    for name in FileTree.names(in: folder).sorted() where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if FileTree.isDirectory(path) {
        try readFolder(path, depth: depth + 1)
      } else if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
        try readFile(path, isNamed: false)
      }
    }
  }

  private mutating func readFile(_ path: String, isNamed: Bool) throws {
    files += 1
    guard files <= Self.fileLimit else {
      throw ConfigurationError(.invalidInput, "more than \(Self.fileLimit) files: name a folder with fewer")
    }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let bytes = try FileBytes.read(path, limit: Self.limit, what: "--filename")
    try parse(bytes, file: path, folder: folder.isEmpty ? "." : folder, isNamed: isNamed)
  }

  package mutating func parse(_ bytes: [UInt8], file: String, folder: String, isNamed: Bool) throws {
    var duplicates: [YAMLError] = []
    let documents: [YAMLNode]
    do throws(YAMLError) {
      documents = try YAMLNode.documents(in: bytes, file: file, duplicates: &duplicates)
    } catch {
      // What is no YAML of ours need not be YAML that we read.
      if !isNamed, !String(decoding: bytes, as: UTF8.self).contains(ServerFile.apiVersion) {
        return skipped.append((file, "not a manifest"))
      }
      return problems.append(error)
    }
    let isOurs = documents.contains { $0["apiVersion"]?.string?.hasPrefix("chatd/") == true }
    if !isNamed, !isOurs { return skipped.append((file, "not a manifest")) }
    problems += duplicates
    for document in documents where !document.isNull { read(document, folder) }
    if isNamed, !documents.contains(where: { !$0.isNull }) {
      problems.append(YAMLError(.documentCount, file: file, mark: YAMLMark(line: 1, column: 1), "the file is empty"))
    }
  }

  // MARK: A document

  private mutating func read(_ root: YAMLNode, _ folder: String) {
    guard let entries = root.entries else {
      return note(root, .typeMismatch, "expected a manifest with apiVersion, kind and spec, found \(root.summary)")
    }
    let known = ["apiVersion", "kind", "metadata", "spec"]
    for entry in entries where !known.contains(entry.key) {
      note(entry, "unknown key '\(entry.key)'; known are \(known.joined(separator: ", "))", known)
    }
    if root["apiVersion"]?.string != ServerFile.apiVersion {
      let node = root["apiVersion"] ?? root
      note(node, .invalidValue, "apiVersion: expected \(ServerFile.apiVersion), found \(node.summary)")
    }
    let names = ManifestKinds.all.map { $0.name }
    guard let name = root["kind"]?.string, let kind = ManifestKinds.named(name) else {
      let node = root["kind"] ?? root
      return note(
        node, .invalidValue, "kind: expected one of \(names.joined(separator: ", ")), found \(node.summary)",
        suggestion: node.string.flatMap { NearestMatch.of($0, in: names) })
    }
    if kind == ServerKind.self {
      problems += ServerFile.problems(in: root)
      let name = root["metadata"]?["name"]?.string ?? "chatd"
      return manifests.append(Manifest(ManifestID(kind.name, name), spec: .empty, file: root.file, mark: root.mark))
    }
    read(root, as: kind, folder)
  }

  private mutating func read(_ root: YAMLNode, as kind: any ManifestKind.Type, _ folder: String) {
    guard let (name, labels) = readMetadata(root, kind) else { return }
    guard let spec = root["spec"] else { return note(root, .missingKey, "key 'spec' is missing") }
    guard spec.entries != nil || spec.isNull else {
      return note(spec, .typeMismatch, "spec: expected an object, found \(spec.summary)")
    }
    guard !kind.isOpaque else {
      problems += documents.first { $0.kind == kind.name }?.problems(root) ?? []
      return add(
        Manifest(ManifestID(kind.name, name), spec: .empty, labels: labels, file: root.file, mark: root.mark), root)
    }
    var reader = ManifestReader(
      spec.isNull ? YAMLNode(.mapping([]), mark: spec.mark, file: spec.file) : spec, path: "spec", folder: folder)
    if kind.isScoped { Self.declareWorkspace(&reader) }
    kind.declare(&reader)
    var value = reader.finish()
    problems += reader.problems
    var workspace: String?
    if kind.isScoped, let fields = value.fields {
      workspace = value["workspace"]?.string
      value = .object(fields.filter { $0.name != "workspace" })
    }
    let id = ManifestID(kind.name, name, workspace: workspace)
    guard reader.problems.isEmpty else { return }
    for problem in kind.check(value) { note(spec, .invalidValue, problem) }
    add(Manifest(id, spec: value, labels: labels, file: root.file, mark: root.mark), root)
  }

  /// What is there already, or cannot be beside it, is a problem.
  private mutating func add(_ manifest: Manifest, _ root: YAMLNode) {
    if let other = manifests.first(where: { $0.id == manifest.id }) {
      return note(
        root["metadata"] ?? root, .duplicateKey, "\(manifest.id) is declared twice; it is in \(other.place) too")
    }
    manifests.append(manifest)
    guard let kind = ManifestKinds.named(manifest.id.kind) else { return }
    // The earlier ones were told of already.
    for (conflicting, problem) in kind.conflicts(manifests.filter { $0.id.kind == kind.name })
    where conflicting.id == manifest.id {
      note(root["spec"] ?? root, .invalidValue, problem)
    }
  }

  static func declareWorkspace(_ reader: inout ManifestReader) {
    reader.value("workspace", .workspaceName, default: "main", "The workspace that it is in.")
  }

  private mutating func readMetadata(
    _ root: YAMLNode, _ kind: any ManifestKind.Type
  ) -> (name: String, labels: [(name: String, value: String)])? {
    guard let metadata = root["metadata"], let entries = metadata.entries else {
      note(root["metadata"] ?? root, .missingKey, "metadata: expected an object with a name")
      return nil
    }
    var labels: [(name: String, value: String)] = []
    for entry in entries {
      switch entry.key {
      case "name": break
      case "labels":
        for label in entry.value.entries ?? [] {
          guard let text = label.value.string else {
            note(
              label.value, .typeMismatch, "metadata.labels.\(label.key): expected a text, found \(label.value.summary)")
            continue
          }
          labels.append((label.key, text))
        }
        if entry.value.entries == nil {
          note(entry.value, .typeMismatch, "metadata.labels: expected a mapping of texts, found \(entry.value.summary)")
        }
      default: note(entry, "unknown key '\(entry.key)' in metadata; known are name, labels", ["name", "labels"])
      }
    }
    guard let node = metadata["name"] else {
      note(metadata, .missingKey, "key 'name' is missing in metadata")
      return nil
    }
    do throws(YAMLError) {
      return (try SettingText.read(node, kind.nameType.schema, "metadata.name"), labels)
    } catch {
      problems.append(error)
      return nil
    }
  }

  private mutating func note(_ node: YAMLNode, _ code: YAMLError.Code, _ message: String, suggestion: String? = nil) {
    problems.append(node.error(code, message, suggestion: suggestion))
  }

  private mutating func note(_ entry: YAMLEntry, _ message: String, _ known: [String]) {
    problems.append(
      YAMLError(
        .unknownKey, file: entry.value.file, mark: entry.mark, message,
        suggestion: NearestMatch.of(entry.key, in: known)))
  }
}
