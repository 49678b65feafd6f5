import Networking
import Postgres
import Primitives

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
    var known: Int32?
    while try await !tryLock() {
      if options.stop?.isRequested == true {
        throw MigrationError(.interrupted, "interrupted while it waited for another migrator; nothing was done")
      }
      // Told once of each holder: the first may be followed by another who waits as well.
      if let holder = try await LockHolder.of(Self.lock, connection), holder.pid != known {
        known = holder.pid
        progress(.waitingForLock(holder))
      }
      guard clock.now < deadline else {
        let holder = try await LockHolder.of(Self.lock, connection).map { ": \($0)" } ?? ""
        throw MigrationError(.locked, "another migration has been running for \(options.patience.text)\(holder)")
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
}
