import Networking
import Postgres

extension Migrator {
  /// Runs `body` while no other migrator of this database does.
  ///
  /// The lock is asked for again and again, and not waited for in the server: a session that waits there holds a
  /// snapshot, and CREATE INDEX CONCURRENTLY of the one that has the lock waits for all snapshots to end.
  package func locked<Result>(
    _ progress: (MigrationProgress) -> Void = { _ in }, _ body: () async throws -> Result
  ) async throws -> Result {
    let clock = ContinuousClock()
    let deadline = clock.now + options.patience
    var isFirst = true
    while try await !tryLock() {
      if isFirst { progress(.waitingForLock) }
      isFirst = false
      guard clock.now < deadline else {
        throw MigrationError(.locked, "another migration has been running for \(options.patience)")
      }
      try await connection.loop.sleep(for: .milliseconds(100))
    }
    do {
      let result = try await body()
      try await unlock()
      return result
    } catch {
      // A connection that cannot unlock is closed soon, and the lock with it.
      try? await unlock()
      throw error
    }
  }

  private func tryLock() async throws(PostgresError) -> Bool {
    try await connection.query("SELECT pg_try_advisory_lock($1)", Self.lock).get(0, 0)
  }

  private func unlock() async throws(PostgresError) {
    try await connection.execute("SELECT pg_advisory_unlock($1)", Self.lock)
  }

  /// Runs the script and `record` in one transaction.
  func inTransaction(
    of migration: Migration, _ sql: String, _ progress: (MigrationProgress) -> Void,
    record: (PostgresTransaction) async throws -> Void
  ) async throws {
    try await retrying(migration, progress) {
      try await connection.transaction { transaction in
        try await transaction.script(sql)
        try await record(transaction)
      }
    }
  }

  /// Tries again what could not have its lock in time: in between, those who waited behind it get their turn.
  func retrying(
    _ migration: Migration, _ progress: (MigrationProgress) -> Void, _ body: () async throws -> Void
  ) async throws {
    var attempt = 1
    while true {
      do {
        return try await body()
      } catch let error as PostgresError {
        let isWorthIt = error.sqlState == .lockNotAvailable || error.isSerializationFailure
        guard isWorthIt, attempt < options.lockAttempts else {
          throw MigrationError(.failed, "failed", file: migration.fileName, cause: error)
        }
      }
      attempt += 1
      progress(.retrying(migration, attempt: attempt))
      try await connection.loop.sleep(for: .milliseconds(200 * attempt))
    }
  }

  func record(_ migration: Migration, _ duration: Duration, on client: any PostgresClient) async throws(PostgresError) {
    try await client.execute(
      "INSERT INTO schema_migrations (version, name, checksum, duration_ms) VALUES ($1, $2, $3, $4)",
      Int32(migration.version), migration.name, migration.checksum, Int64(duration.milliseconds))
  }
}
