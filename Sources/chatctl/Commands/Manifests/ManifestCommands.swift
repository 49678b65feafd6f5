import ChatKit
import Commands
import Load
import Networking
import Primitives
import YAML

/// `chatctl apply`, `diff`, `plan`, `export`, `validate`, `explain`: an installation's state as manifests. This file has what
/// they share and what only looks; applying is in +Apply, what needs no backend in +Files.
enum ManifestCommands {
  static let all = [apply, diff, plan, export, validate, explain]
  static let heading = "Manifests"

  static let files = Option(
    repeated: "filename", .file.named("PATH"), times: 0...1000, short: "f",
    help: "A file, a folder with all that is below it, or - for standard input. May be given more than once.")
  static let owner = Option(
    "owner", .resourceName, default: "default", help: "Whose the manifests are: recorded with what they bring about.")
  static let prune = Flag(
    "prune", help: "Remove what is recorded as the owner's and is not in the manifests any more.")
  static let pruneLimit = Option(
    "prune-limit", .int(0...100_000), default: 10, help: "Refuse to remove more than that.")

  static let planning: [any ParameterKey] = [files, owner, prune, pruneLimit]

  static let changes = RecordSchema(
    "change", key: "name",
    [
      .init("action", "create, update or delete"), .init("kind", "The manifest's kind"),
      .init("name", "Its name, with its workspace"), .init("field", "What is not as it should be, below spec"),
      .init("from", "What there is"), .init("to", "What there is to be"),
      .init("risk", "safe, caution, destructive or impossible"), .init("note", "What there is to know of it"),
    ])

  static func write(_ change: ManifestChange, to writer: RecordWriter) throws {
    // A thing of which nothing is said but that it is there.
    if change.differences.isEmpty {
      try writer.add([
        .string(change.action.rawValue), .string(change.id.kind), .string(change.id.path), .null, .null, .null,
        .string(change.risk.rawValue), .null,
      ])
    }
    for difference in change.differences {
      try writer.add([
        .string(change.action.rawValue), .string(change.id.kind), .string(change.id.path), .string(difference.field),
        RecordValue(difference.from?.text), RecordValue(difference.to?.text), .string(difference.risk.rawValue),
        RecordValue(difference.note),
      ])
    }
  }

  // MARK: What they work on

  /// Kinds that are read by other modules than ChatKit.
  static let documents = [LoadScenario.document]

  /// The fields of a kind.
  static func fields(of kind: any ManifestKind.Type) -> [ManifestField] {
    documents.first { $0.kind == kind.name }?.fields ?? kind.fields
  }

  /// The manifests that were named. Throws `ConfigurationError`: all that is wrong with them.
  static func manifests(_ session: Session) throws -> [Manifest] {
    let paths = session[files]
    guard !paths.isEmpty else { throw UsageError(.missingOption, "no manifests: give -f PATH") }
    var source = ManifestSource(documents: documents)
    for path in paths {
      try source.read(path) { try FileBytes.read("/dev/stdin", limit: 64 << 20, what: "standard input") }
    }
    for skipped in source.skipped { session.talk("\(skipped.file): passed over, \(skipped.reason)") }
    if !source.problems.isEmpty {
      let lines = source.problems.map(\.description).joined(separator: "\n")
      let count = source.problems.count
      throw ConfigurationError(
        .invalidInput, count == 1 ? lines : "\(count) problems\n\(lines)",
        hint: "'chatctl explain KIND' has the fields.")
    }
    return source.manifests
  }

  static func backends(_ session: Session) throws -> ManifestBackends {
    let connections = session.connections
    let options = connections.options
    return ManifestBackends(
      postgres: try connections.postgres(), options: options, topics: { try await connections.topicStore() },
      rooms: { try await session.emitter() },
      keys: { KeyRing(try connections.postgres(), master: try connections.masterKey(isMade: true)) },
      passwords: PasswordHasher(options.accounts))
  }

  static func options(_ session: Session) -> ManifestPlan.Options {
    ManifestPlan.Options(owner: session[owner], prunes: session[prune], pruneLimit: session[pruneLimit])
  }

  // MARK: diff and plan

  private static func show(_ plan: ManifestPlan, _ session: Session) throws {
    for note in plan.notes { session.talk(note) }
    if plan.changes.isEmpty { session.talk("all is as the manifests have it") }
    let writer = try session.records()
    for change in plan.changes { try write(change, to: writer) }
    // An empty table would say again that there is nothing.
    if !plan.changes.isEmpty || session[CommonOptions.output] != .table { try writer.finish() }
  }

  private static let diff = Command.operation(
    "diff", summary: "Show what is not as the manifests have it",
    examples: [Example("chatctl diff -f manifests/ --embedded .chatd", "1 is the answer when something differs")],
    group: heading, options: planning,
    exitCodes: [
      .init(.done, "nothing differs"), .init(.no, "something differs"), .init(.invalidInput, "a manifest is wrong"),
      .init(.usage), .init(.unavailable),
    ], records: changes
  ) { session in
    let manifests = try manifests(session)
    let plan = try await Manifests(backends(session)).plan(manifests, options(session))
    try show(plan, session)
    return plan.changes.isEmpty ? .done : .no
  }

  private static let out = Option<String?>(
    "out", .file.named("FILE"), defaultText: "none", help: "Write the plan, for 'chatctl apply FILE'.")

  private static let plan = Command.operation(
    "plan", summary: "Show what 'apply' would do, and write it down",
    discussion: """
      The file has the manifests and a hash of the state that the plan was made of; 'chatctl apply FILE' refuses it when \
      the state has moved since. Files with secrets are named in it, not quoted.
      """,
    examples: [
      Example("chatctl plan -f manifests/ --embedded .chatd", "Each change with what it may cost"),
      Example("chatctl plan -f manifests/ --out next.plan --embedded .chatd", "To be looked at, and applied as it is"),
    ],
    group: heading, options: planning + [out],
    exitCodes: [
      .init(.done), .init(.no, "more would be removed than --prune-limit allows"),
      .init(.invalidInput, "a manifest is wrong"), .init(.cannotCreate, "the file cannot be written"), .init(.usage),
      .init(.unavailable),
    ], records: changes
  ) { session in
    let manifests = try manifests(session)
    let plan = try await Manifests(backends(session)).plan(manifests, options(session))
    try show(plan, session)
    if let path = session[out] {
      try NewFile.write(ManifestPlanFile.write(plan), to: path)
      session.talk("the plan is in \(path): 'chatctl apply \(path)'")
    }
    return .done
  }
}
