import ChatKit
import Commands
import Primitives
import YAML

extension ManifestCommands {
  // MARK: validate

  static let validate = Command.operation(
    "validate", summary: "Check manifests without looking at any backend",
    examples: [Example("chatctl validate -f manifests/", "What is wrong, as file:line:column")],
    group: heading, options: [files],
    exitCodes: [.init(.done, "all are right"), .init(.invalidInput, "something is wrong"), .init(.usage)],
    records: RecordSchema(
      "manifest", key: "name",
      [
        .init("kind", "Its kind"), .init("name", "Its name, with its workspace"), .init("place", "Where it stands"),
        .init("labels", .object, wide: true, "Its labels"),
      ])
  ) { session in
    let manifests = try manifests(session)
    let writer = try session.records()
    for manifest in manifests {
      try writer.add([
        .string(manifest.id.kind), .string(manifest.id.path), .string(manifest.place),
        .object(manifest.labels.map { ($0.name, .string($0.value)) }),
      ])
    }
    try writer.finish()
    return .done
  }

  // MARK: explain

  private static let subject = Argument<String?>(
    optional: "kind",
    ValueType<String>.string("KIND[.FIELD]").completed { request in
      ManifestKinds.all.filter { $0.name.hasPrefix(request.prefix) }.map { Candidate($0.name, $0.summary) }
    }, help: "A kind, or a field of one: Room.members.role; none for all kinds.")

  static let explain = Command.operation(
    "explain", summary: "Show the kinds of manifests and their fields",
    examples: [
      Example("chatctl explain", "The kinds"), Example("chatctl explain Room", "A kind's fields"),
      Example("chatctl explain Room.members", "A field, and those within it"),
    ],
    group: heading, arguments: [subject],
    exitCodes: [.init(.done), .init(.usage, "there is no such kind or field")],
    records: RecordSchema(
      "field",
      [
        .init("field", "The kind, or the field below spec"), .init("type", "What it may be"),
        .init("required", .boolean, "Whether it has to be there"),
        .init("default", "What goes when nothing is said"), .init("help", "What it is for"),
      ])
  ) { session in
    let writer = try session.records()
    guard let text = session[subject] else {
      for kind in ManifestKinds.all {
        try writer.add([
          .string(kind.name), .string(kind.isScoped ? "kind, in a workspace" : "kind"), .null, .null,
          .string(kind.summary),
        ])
      }
      try writer.finish()
      return .done
    }
    let words = text.split(separator: ".")
    guard let first = words.first, let kind = ManifestKinds.named(String(first)) else {
      throw unknown("kind", words.first.map(String.init) ?? text, ManifestKinds.all.map { $0.name })
    }
    if let note = kind.note { session.talk("\(kind.name): \(note)") }
    let path = words.dropFirst().first == "spec" ? words.dropFirst(2) : words.dropFirst()
    guard !path.isEmpty else {
      for field in fields(of: kind) { try write(field, field.name, to: writer) }
      try writer.finish()
      return .done
    }
    var fields = fields(of: kind)
    for word in path {
      guard let field = fields.first(where: { $0.name == word }) else {
        throw unknown("field", String(word), fields.map(\.name))
      }
      if word == path.last { try write(field, path.joined(separator: "."), to: writer) }
      fields = field.fields
    }
    try writer.finish()
    return .done
  }

  private static func write(_ field: ManifestField, _ path: String, to writer: RecordWriter) throws {
    try writer.add([
      .string(path), .string(field.type), .boolean(field.isRequired), .string(field.defaultText), .string(field.help),
    ])
    for inner in field.fields { try write(inner, "\(path).\(inner.name)", to: writer) }
  }

  private static func unknown(_ what: String, _ name: String, _ known: [String]) -> UsageError {
    UsageError(
      .invalidValue,
      "there is no \(what) '\(name)'"
        + (NearestMatch.of(name, in: known).map { "; did you mean '\($0)'?" }
          ?? "; known are \(known.joined(separator: ", "))"))
  }

  // MARK: export

  private static let kinds = Option(
    repeated: "kind", .choice("KIND", ManifestKinds.all.map { Choice($0.name, $0.summary) }),
    help: "Only this kind. May be given more than once.")
  private static let workspace = Option<String?>(
    "workspace", .workspaceName, defaultText: "all", short: "w", help: "Only what is in this workspace.")
  private static let members = Option(
    "members", .int(0...1_000_000), default: 1000, help: "Rooms with more members are written without them.")

  static let export = Command.operation(
    "export", summary: "Write what there is as manifests",
    discussion: """
      What is written can be applied again: to the same installation it changes nothing, to an empty one it makes the same. \
      Passwords and secrets are not written; direct conversations and messages are no manifests.
      """,
    examples: [
      Example("chatctl export --embedded .chatd > all.yaml", "Everything"),
      Example("chatctl export --kind Room --workspace main --embedded .chatd", "The rooms of a workspace"),
    ],
    group: heading, options: [kinds, workspace, members], exitCodes: [.init(.done), .init(.usage), .init(.unavailable)]
  ) { session in
    var count = 0
    let scope = ManifestScope(workspace: session[workspace], members: session[members])
    try await Manifests(backends(session)).export(session[kinds], scope) { manifest in
      var yaml = YAMLWriter()
      manifest.write(to: &yaml)
      try session.output.data.write((count == 0 ? "" : "---\n") + yaml.text)
      count += 1
    }
    try session.output.data.flush()
    return .done
  }
}
