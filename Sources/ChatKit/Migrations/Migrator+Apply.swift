import Networking
package import Postgres
import Primitives

extension Migrator {
  /// Runs a migration statement by statement and records it. What fails is recorded as an attempt, with its statement.
  func apply(_ migration: Migration, _ progress: @escaping (MigrationProgress) -> Void) async throws {
    if options.stop?.isRequested == true {
      throw MigrationError(.interrupted, "interrupted before it was begun", file: migration.fileName)
    }
    progress(.started(migration))
    let clock = ContinuousClock()
    let start = clock.now
    let statements = migration.parts
    try await begin(migration, of: statements.count)
    do {
      if migration.isTransactional {
        try await retrying(migration, progress) {
          try await connection.transaction { transaction in
            for (index, statement) in statements.enumerated() {
              try await run(index, statement, migration) { try await transaction.script(statement.text) }
            }
            try await record(migration, clock.now - start, on: transaction)
          }
        }
      } else {
        for (index, statement) in statements.enumerated() {
          try await note(migration, index, statement)
          try await retrying(migration, progress) {
            try await run(index, statement, migration) { try await connection.script(statement.text) }
          }
        }
        try await connection.transaction { try await record(migration, clock.now - start, on: $0) }
      }
    } catch let error as MigrationError {
      // The database may be what has gone: then the attempt stays as one that has not ended.
      try? await fail(migration, statements, error)
      throw error
    }
    progress(.finished(migration, duration: clock.now - start))
  }

  /// Runs the script and `record` in one transaction.
  func inTransaction(
    of migration: Migration, _ sql: String, _ progress: @escaping (MigrationProgress) -> Void,
    record: (PostgresTransaction) async throws -> Void
  ) async throws {
    try await retrying(migration, progress) {
      try await connection.transaction { transaction in
        try await transaction.script(sql)
        try await record(transaction)
      }
    }
  }

  /// A failure of a statement, on its way to `retrying`.
  private struct StatementFailure: Error {
    let cause: PostgresError
    let index: Int
  }

  private func run(
    _ index: Int, _ statement: SQLScript.Statement, _ migration: Migration, _ body: () async throws -> Void
  ) async throws {
    if options.stop?.isRequested == true {
      throw MigrationError(
        .interrupted, "was interrupted before statement \(index + 1) of \(migration.parts.count)",
        file: migration.fileName, statement: index + 1)
    }
    do { try await body() } catch let error as PostgresError { throw StatementFailure(cause: error, index: index) }
  }

  /// Tries again what could not have its lock in time: in between, those who waited behind it get their turn.
  private func retrying(
    _ migration: Migration, _ progress: @escaping (MigrationProgress) -> Void, _ body: () async throws -> Void
  ) async throws {
    var attempt = 1
    let watch = LockWatch(connection) { progress(.blocked(migration, by: $0)) }
    while true {
      do {
        return try await watch.during(body)
      } catch {
        let failure = error as? StatementFailure
        guard let cause = failure?.cause ?? error as? PostgresError else { throw error }
        let isWorthIt = cause.sqlState == .lockNotAvailable || cause.isSerializationFailure
        let isStopped = options.stop?.isRequested == true
        guard isWorthIt, attempt < options.lockAttempts, !isStopped else {
          let parts = migration.parts.count
          let statement = failure.map { $0.index + 1 }
          let place = statement.map { parts > 1 ? " at statement \($0) of \(parts)" : "" } ?? ""
          if isStopped {
            throw MigrationError(
              .interrupted, "was interrupted\(place)", file: migration.fileName, statement: statement)
          }
          let blockers = watch.blockers.filter { !$0.isWaiting }.map { "; it waited for \($0)" }.joined()
          throw MigrationError(
            .failed, "failed\(place)\(isWorthIt ? blockers : "")", file: migration.fileName, statement: statement,
            cause: cause)
        }
      }
      attempt += 1
      progress(.retrying(migration, attempt: attempt))
      try await connection.loop.sleep(for: .milliseconds(200 * attempt))
    }
  }

  /// The row of what is applied, and no more that of the attempt.
  func record(_ migration: Migration, _ duration: Duration, on client: any PostgresClient) async throws(PostgresError) {
    try await client.execute(
      "INSERT INTO schema_migrations (version, name, checksum, duration_ms) VALUES ($1, $2, $3, $4)",
      Int32(migration.version), migration.name, migration.checksum, Int64(duration.milliseconds))
    try await client.execute("DELETE FROM schema_migration_attempts WHERE version = $1", Int32(migration.version))
  }

  // MARK: Attempts

  private func begin(_ migration: Migration, of statements: Int) async throws(PostgresError) {
    try await connection.execute(
      """
      INSERT INTO schema_migration_attempts (version, name, checksum, statement, statements, line, started_by)
      VALUES ($1, $2, $3, 0, $4, 0, current_setting('application_name'))
      ON CONFLICT (version) DO UPDATE SET name = excluded.name, checksum = excluded.checksum, statement = 0,
        statements = excluded.statements, line = 0, started_at = now(), started_by = excluded.started_by,
        failed_at = NULL, sql_state = NULL, error = NULL
      """, Int32(migration.version), migration.name, migration.checksum, Int32(statements))
  }

  private func note(
    _ migration: Migration, _ index: Int, _ statement: SQLScript.Statement
  ) async throws(PostgresError) {
    try await connection.execute(
      "UPDATE schema_migration_attempts SET statement = $2, line = $3 WHERE version = $1", Int32(migration.version),
      Int32(index + 1), Int32(statement.line))
  }

  private func fail(
    _ migration: Migration, _ statements: [SQLScript.Statement], _ error: MigrationError
  ) async throws(PostgresError) {
    let statement = error.statement.flatMap { $0 <= statements.count ? statements[$0 - 1] : nil }
    let position = error.cause?.fields.position
    let line = statement.map { statement in
      position.map { SQLScript.line(of: $0, in: statement) } ?? statement.line
    }
    try await connection.execute(
      """
      UPDATE schema_migration_attempts SET statement = coalesce($2, statement), line = coalesce($3, line),
        failed_at = now(), sql_state = $4, error = $5
      WHERE version = $1
      """, Int32(migration.version), error.statement.map { Int32($0) }, line.map { Int32($0) },
      error.cause?.sqlState?.description, error.cause?.message ?? error.message)
  }

  /// Those that were begun and have not come to their end.
  package func attempts() async throws(PostgresError) -> [MigrationAttempt] {
    let table = try await connection.query("SELECT to_regclass('schema_migration_attempts') IS NOT NULL")
    guard try table.get(0, 0, as: Bool.self) else { return [] }
    let rows = try await connection.query(
      """
      SELECT version, name, checksum, statement, statements, line, started_at, started_by, failed_at, sql_state, error
      FROM schema_migration_attempts ORDER BY version
      """)
    var attempts: [MigrationAttempt] = []
    for row in rows {
      attempts.append(
        MigrationAttempt(
          version: try row.get(0), name: try row.get(1), checksum: try row.get(2), statement: try row.get(3),
          statements: try row.get(4), line: try row.get(5), startedAt: try row.get(6), startedBy: try row.get(7),
          failedAt: try row.get(8), sqlState: try row.get(9), error: try row.get(10)))
    }
    return attempts
  }
}
