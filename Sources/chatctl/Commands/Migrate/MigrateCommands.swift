import ChatKit
import Commands
import Networking
import Postgres
import Primitives

/// `chatctl migrate`: the schema of the database. What there is to see is in this file; what changes it in +Changes; what
/// is about files in +Files.
enum MigrateCommands {
  static let group = Command(
    "migrate", summary: "Bring the database to this version's schema",
    discussion: """
      The migrations are in this program. One migrator at a time works on a database; the second says whom it waits for. \
      Nothing is held up: a statement that cannot have its lock within five seconds lets the others pass and tries again.
      """,
    examples: [
      Example("chatctl migrate plan --embedded .chatd", "What a new version brings"),
      Example("chatctl migrate up --embedded .chatd", "Before it is started"),
      Example("chatctl migrate doctor --embedded .chatd", "When one has failed"),
    ],
    subcommands: [status, plan, up, down, verify, lint, doctor, repair, baseline, new])

  /// Runs `body` with a migrator of the database that is meant.
  static func migrator<Result>(
    _ session: Session, _ options: Migrator.Options = .init(), _ body: (Migrator) async throws -> Result
  ) async throws -> Result {
    let configuration = try session.connections.postgresConfiguration()
    return try await Migrator.with(configuration, loop: session.loop, options: options) { try await body($0) }
  }

  static let unchanged: [ExitCode.Meaning] = [.init(.unavailable), .init(.usage)]

  // MARK: status

  private static let status = Command.operation(
    "status", summary: "List the migrations and which are applied",
    examples: [
      Example("chatctl migrate status --postgres postgresql:///chat", "1 is the answer when something is pending"),
      Example("chatctl migrate status -o json --embedded .chatd", "For programs"),
    ],
    exitCodes: [.init(.done, "the schema is current"), .init(.no, "migrations are pending, or were changed")]
      + unchanged,
    records: RecordSchema(
      "migration",
      [
        .init("migration", "Its file"), .init("state", "applied, pending, failed, changed or unknown"),
        .init("appliedAt", .time, "When it was applied"), .init("duration", .duration, "How long that took"),
        .init("checksum", wide: true, "SHA-256 of what it runs"),
      ])
  ) { session in
    let (status, attempts) = try await migrator(session) { (try await $0.status(), try await $0.attempts()) }
    let failed = Set(attempts.filter { $0.failedAt != nil }.map(\.version))
    let changed = Set(status.changed.map(\.migration.version))
    let writer = try session.records()
    for (migration, applied) in status.entries {
      let state =
        applied == nil
        ? (failed.contains(migration.version) ? "failed" : "pending")
        : (changed.contains(migration.version) ? "changed" : "applied")
      try writer.add([
        .string(migration.fileName), .string(state), RecordValue(applied?.appliedAt), RecordValue(applied?.duration),
        .string(migration.checksum),
      ])
    }
    for other in status.unknown {
      try writer.add([
        .string("\(other.version)_\(other.name)"), .string("unknown"), .time(other.appliedAt),
        .duration(other.duration), .string(other.checksum),
      ])
    }
    try writer.finish()
    for (migration, _) in status.changed {
      session.talk("\(migration.fileName) was applied in another form: 'chatctl migrate doctor' says what to do")
    }
    if !failed.isEmpty { session.talk("a migration has failed: 'chatctl migrate doctor' says where, and what to do") }
    return status.isCurrent ? .done : .no
  }

  // MARK: plan

  static let target = Option<Int?>(
    "to", .int(1...1_000_000).named("VERSION"), defaultText: "the last one", help: "Up to and with this version.")

  private static let sql = Flag("sql", help: "Print the SQL itself, as it would be run.")

  private static let plan = Command.operation(
    "plan", summary: "Show what 'migrate up' would run",
    examples: [
      Example("chatctl migrate plan --embedded .chatd", "Which, and what is to know of them"),
      Example("chatctl migrate plan --sql --embedded .chatd > pending.sql", "To read, or to have somebody else run it"),
    ],
    options: [target, sql], exitCodes: [.init(.done)] + unchanged,
    records: RecordSchema(
      "migration",
      [
        .init("migration", "Its file"), .init("statements", .integer, "How many statements it runs"),
        .init("transaction", .boolean, "Whether they are one transaction"),
        .init("reversible", .boolean, "Whether 'migrate down' can undo it"),
        .init("findings", .integer, "What 'migrate lint' finds in it"),
      ])
  ) { session in
    let status = try await migrator(session) { try await $0.status() }
    try status.verify()
    let pending = status.pending.filter { $0.version <= session[target] ?? .max }
    if session[sql] {
      for migration in pending { try session.output.line(script(migration)) }
      try session.output.data.flush()
      return .done
    }
    let writer = try session.records()
    for migration in pending {
      try writer.add([
        .string(migration.fileName), .integer(migration.parts.count), .boolean(migration.isTransactional),
        .boolean(migration.down != nil), .integer(MigrationLint.check(migration).count),
      ])
    }
    if pending.isEmpty { session.talk("the schema is current") } else { try writer.finish() }
    return .done
  }

  /// As psql would run it, its record included.
  private static func script(_ migration: Migration) -> String {
    let record =
      "INSERT INTO schema_migrations (version, name, checksum, duration_ms)\n"
      + "VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)', 0);"
    let body = migration.statements.joined(separator: ";\n\n")
    guard migration.isTransactional else {
      return "-- \(migration.fileName), without a transaction\n\(body);\n\n\(record)\n"
    }
    return "-- \(migration.fileName)\nBEGIN;\n\n\(body)\(body.hasSuffix(";") ? "" : ";")\n\n\(record)\n\nCOMMIT;\n"
  }

  // MARK: verify

  private static let verify = Command.operation(
    "verify", summary: "Compare what was applied with this version's files",
    examples: [Example("chatctl migrate verify --embedded .chatd", "1 is the answer when a checksum differs")],
    exitCodes: [.init(.done, "all is as it was applied"), .init(.no, "something was changed, or is out of order")]
      + unchanged,
    records: RecordSchema(
      "migration",
      [
        .init("migration", "Its file"), .init("state", "ok, changed, late or unknown"),
        .init("applied", "The checksum that was applied"), .init("file", "The checksum of this version's file"),
      ])
  ) { session in
    let status = try await migrator(session) { try await $0.status() }
    let writer = try session.records()
    var isRight = true
    for (migration, applied) in status.entries {
      let state =
        applied.map { $0.checksum == migration.checksum ? "ok" : "changed" }
        ?? (migration.version < status.version ? "late" : nil)
      guard let state else { continue }
      isRight = isRight && state == "ok"
      try writer.add([
        .string(migration.fileName), .string(state), RecordValue(applied.map { String($0.checksum.prefix(16)) }),
        .string(String(migration.checksum.prefix(16))),
      ])
    }
    for other in status.unknown {
      try writer.add([
        .string("\(other.version)_\(other.name)"), .string("unknown"), .string(String(other.checksum.prefix(16))),
        .null,
      ])
    }
    try writer.finish()
    return isRight ? .done : .no
  }

  // MARK: doctor

  private static let doctor = Command.operation(
    "doctor", summary: "Say what failed, at which statement, and which repair applies",
    discussion: """
      Looks at attempts that failed or whose process died, whom a running migration waits for, changed files, indexes whose building was cut short and \
      constraints that were never validated. Changes nothing.
      """,
    examples: [Example("chatctl migrate doctor --embedded .chatd", "Nothing, where all is well")],
    exitCodes: [.init(.done, "all is well"), .init(.no, "something is to be done")] + unchanged,
    records: problems
  ) { session in
    let found = try await migrator(session) { try await $0.diagnose() }
    try write(found, session)
    return found.isEmpty ? .done : .no
  }

  static let problems = RecordSchema(
    "problem", key: "subject",
    [
      .init(
        "problem", "failed, running, blocking, changed, outOfOrder, unknown, invalidIndex, notValidated or unrecorded"),
      .init("subject", "The migration, index or constraint"),
      .init("statement", .integer, "The statement that failed, from 1"),
      .init("line", .integer, wide: true, "Its line in the migration"),
      .init("message", "What happened"), .init("repair", "What puts it right"),
    ])

  static func write(_ found: [MigrationProblem], _ session: Session) throws {
    let writer = try session.records()
    for problem in found {
      try writer.add([
        .string(problem.kind.rawValue), .string(problem.subject), RecordValue(problem.statement),
        RecordValue(problem.line), .string(problem.message), .string("\(problem.repair)"),
      ])
    }
    try writer.finish()
  }
}
