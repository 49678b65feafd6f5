import Postgres
import Primitives

extension Migrator {
  /// What is wrong, the gravest first. Changes nothing, and does not wait for another migrator.
  package func diagnose() async throws -> [MigrationProblem] {
    let status = try await status()
    let holder = try await LockHolder.of(Self.lock, connection)
    var problems = try await attempts().map { problem($0, status, holder) }
    if let holder { problems += try await blocking(holder) }
    for (migration, applied) in status.changed {
      problems.append(
        MigrationProblem(
          .changed, migration.fileName,
          "was applied at \(applied.appliedAt) with checksum \(applied.checksum.prefix(12)), and is "
            + "\(migration.checksum.prefix(12)) now",
          repair: .acceptChecksum(version: migration.version)))
    }
    for late in status.pending where late.version < status.version && status.version > 0 {
      problems.append(
        MigrationProblem(
          .outOfOrder, late.fileName, "is not applied although \(status.version) is",
          repair: .byHand("give it a number above \(status.version)")))
    }
    if let newest = status.unknown.last {
      problems.append(
        MigrationProblem(
          .unknown, "\(newest.version)_\(newest.name)",
          "\(status.unknown.count) applied migration\(status.unknown.count == 1 ? " is" : "s are") not of this version",
          repair: .byHand("use the chatctl of the version that applied it")))
    }
    if status.version == 0, try await hasTables() {
      problems.append(
        MigrationProblem(
          .unrecorded, "schema_migrations", "there are tables of a chat system, and no migration is recorded",
          repair: .byHand("'chatctl migrate baseline VERSION' records what the schema has already")))
    }
    problems += try await invalidIndexes() + unvalidated()
    return problems
  }

  /// Whom the migrator that is at work waits for.
  private func blocking(_ holder: LockHolder) async throws -> [MigrationProblem] {
    try await LockBlocker.of(holder.pid, connection).map { blocker in
      MigrationProblem(
        .blocking, "process \(blocker.pid)", "keeps process \(holder.pid) waiting: \(blocker)",
        repair: .byHand(
          blocker.isWaiting
            ? "end those that it waits for" : "'\(blocker.remedy)' ends it, or let it come to its end"))
    }
  }

  private func problem(
    _ attempt: MigrationAttempt, _ status: MigrationStatus, _ holder: LockHolder?
  ) -> MigrationProblem {
    let migration = migrations.first { $0.version == attempt.version }
    let name = migration?.fileName ?? "\(attempt.version)_\(attempt.name)"
    let place = attempt.statement > 0 ? " at statement \(attempt.statement) of \(attempt.statements)" : ""
    func found(_ kind: MigrationProblem.Kind, _ message: String, _ repair: MigrationProblem.Repair) -> MigrationProblem
    {
      MigrationProblem(
        kind, name, message, statement: attempt.statement > 0 ? attempt.statement : nil,
        line: attempt.line > 0 ? attempt.line : nil, repair: repair)
    }
    guard let failedAt = attempt.failedAt else {
      if let holder {
        return found(
          .running, "has been running since \(attempt.startedAt)\(place): \(holder)",
          .byHand(
            "wait; 'SELECT pg_cancel_backend(\(holder.pid))' ends its statement, and leaves what 'migrate doctor' then shows"
          ))
      }
      return found(
        .failed, "was begun at \(attempt.startedAt) by \(attempt.startedBy), and ended\(place) without a word", .up)
    }
    let state = attempt.sqlState.map { " (\($0))" } ?? ""
    let what = "failed at \(failedAt)\(place): \(attempt.error ?? "for no known reason")\(state)"
    guard let migration else { return found(.failed, what, .forgetAttempt(version: attempt.version)) }
    if migration.checksum != attempt.checksum { return found(.failed, "\(what); the file has changed since", .up) }
    return found(.failed, what, migration.isTransactional ? .up : Self.repair(afterStatement: attempt, of: migration))
  }

  /// A statement of a migration without a transaction leaves what those before it did; they can be repeated.
  private static func repair(
    afterStatement attempt: MigrationAttempt, of migration: Migration
  ) -> MigrationProblem.Repair {
    guard let state = attempt.sqlState, state.hasPrefix("23") else { return .up }
    let statement =
      migration.parts.indices.contains(attempt.statement - 1) ? migration.parts[attempt.statement - 1] : nil
    let what = statement.map { String($0.text.prefix(60)) } ?? "the statement"
    return .byHand("rows are in its way (\(what)…): mend them, then 'chatctl migrate up'")
  }

  private func hasTables() async throws -> Bool {
    try await connection.query(
      "SELECT to_regclass('conversations') IS NOT NULL AND to_regclass('messages') IS NOT NULL"
    )
    .get(0, 0)
  }

  /// Indexes whose building was cut short, but for those that are being built.
  private func invalidIndexes() async throws -> [MigrationProblem] {
    let rows = try await connection.query(
      """
      SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_relation_size(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE NOT i.indisvalid AND n.nspname = ANY (current_schemas(false)) AND c.relkind = 'i'
        AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
      ORDER BY 1
      """)
    return try rows.map { row in
      let (index, table, size) = try row.decode((String, String, Int64).self)
      return MigrationProblem(
        .invalidIndex, index,
        "is invalid: its building on \(table) was cut short; it has \(ByteCount(bytes: Int(size))), costs every write and "
          + "serves no read",
        repair: .dropIndex(name: index))
    }
  }

  private func unvalidated() async throws -> [MigrationProblem] {
    let rows = try await connection.query(
      """
      SELECT c.conrelid::regclass::text, quote_ident(c.conname) FROM pg_constraint c
      JOIN pg_namespace n ON n.oid = c.connamespace
      WHERE NOT c.convalidated AND n.nspname = ANY (current_schemas(false)) ORDER BY 1, 2
      """)
    return try rows.map { row in
      let (table, constraint) = try row.decode((String, String).self)
      return MigrationProblem(
        .notValidated, constraint, "of \(table) was added NOT VALID, and old rows were never checked",
        repair: .validate(table: table, constraint: constraint))
    }
  }

  // MARK: Repairing

  /// Does what can be done without a person, and returns it. Waits for another migrator to end.
  /// - Parameter accepts: asked of each before it is done.
  package func repair(
    progress: @escaping (MigrationProgress) -> Void = { _ in }, accepts: (MigrationProblem) -> Bool = { _ in true }
  ) async throws -> [MigrationProblem] {
    try await locked(progress) {
      _ = try await prepared()
      var repaired: [MigrationProblem] = []
      for problem in try await diagnose() where problem.repair.isAutomatic && accepts(problem) {
        try await perform(problem.repair)
        repaired.append(problem)
      }
      return repaired
    }
  }

  private func perform(_ repair: MigrationProblem.Repair) async throws {
    switch repair {
    case .up, .byHand: break
    case .acceptChecksum(let version):
      guard let migration = migrations.first(where: { $0.version == version }) else { return }
      try await connection.execute(
        "UPDATE schema_migrations SET checksum = $2, name = $3 WHERE version = $1", Int32(version), migration.checksum,
        migration.name)
    case .dropIndex(let name):
      // The name comes quoted from the catalogue.
      try await connection.script("DROP INDEX CONCURRENTLY IF EXISTS \(name)")
    case .validate(let table, let constraint):
      try await connection.script("ALTER TABLE \(table) VALIDATE CONSTRAINT \(constraint)")
    case .forgetAttempt(let version):
      try await connection.execute("DELETE FROM schema_migration_attempts WHERE version = $1", Int32(version))
    }
  }
}
