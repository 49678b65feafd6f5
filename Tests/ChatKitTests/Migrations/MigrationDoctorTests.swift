import ChatKit
import Networking
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite struct MigrationDoctorTests {
  private let table = Migration(
    version: 1, name: "table", sql: "CREATE TABLE a (id int PRIMARY KEY, b int); INSERT INTO a VALUES (1, 1), (2, 1)")

  private func with(
    _ migrations: [Migration], _ body: @escaping @Sendable (Migrator) async throws -> Void
  ) async throws {
    try await withDatabase { connectionString in
      try await withLoop { loop in
        try await Migrator.with(
          PostgresConfiguration(connectionString: connectionString), loop: loop, migrations: migrations, body)
      }
    }
  }

  @Test("a failure is remembered with its statement and its line, and is over with the migration")
  func failure() async throws {
    let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE c (id int);\n\nSELECT\n  nonsense;\nSELECT 1")
    try await with([table, broken]) { migrator in
      await #expect(throws: MigrationError.self) { _ = try await migrator.up() }
      let problem = try #require(try await migrator.diagnose().first)
      #expect(problem.kind == .failed && problem.subject == "0002_broken")
      #expect(problem.statement == 2 && problem.line == 4 && problem.repair == .up)
      #expect(problem.message.contains("statement 2 of 3") && problem.message.contains("nonsense"))
      try await migrator.connection.script("CREATE FUNCTION nonsense() RETURNS int LANGUAGE sql AS 'SELECT 1'")
      // The file is mended.
      let attempts = try await migrator.attempts()
      #expect(attempts.map(\.version) == [2] && attempts[0].sqlState == "42703")
    }
  }

  @Test("an index whose building failed is found, dropped by repair and built anew by up")
  func invalidIndex() async throws {
    let index = Migration(
      version: 2, name: "unique",
      withoutTransaction: [
        "DROP INDEX CONCURRENTLY IF EXISTS a_b", "CREATE UNIQUE INDEX CONCURRENTLY a_b ON a (b)",
      ])
    try await with([table, index]) { migrator in
      let error = await #expect(throws: MigrationError.self) { _ = try await migrator.up() }
      #expect(error?.statement == 2 && error?.cause?.sqlState == .uniqueViolation)
      let problems = try await migrator.diagnose()
      #expect(problems.map(\.kind) == [.failed, .invalidIndex])
      #expect(problems[0].statement == 2 && problems[0].repair.description.contains("rows are in its way"))
      #expect(problems[1].subject == "a_b" && problems[1].repair == .dropIndex(name: "a_b"))
      try await migrator.connection.script("DELETE FROM a WHERE id = 2")
      #expect(try await migrator.repair().map(\.subject) == ["a_b"])
      #expect(try await migrator.up().map(\.version) == [2])
      #expect(try await migrator.diagnose().isEmpty)
    }
  }

  @Test("a constraint that was never validated is validated by repair")
  func unvalidated() async throws {
    let constraint = Migration(
      version: 2, name: "check", sql: "ALTER TABLE a ADD CONSTRAINT positive CHECK (b > 0) NOT VALID")
    try await with([table, constraint]) { migrator in
      _ = try await migrator.up()
      #expect(try await migrator.diagnose().map(\.kind) == [.notValidated])
      #expect(try await migrator.repair().count == 1)
      #expect(try await migrator.diagnose().isEmpty)
    }
  }

  @Test("a migrator that died leaves word of where it was")
  func died() async throws {
    let slow = Migration(
      version: 2, name: "slow", withoutTransaction: ["CREATE TABLE IF NOT EXISTS c (id int)", "SELECT pg_sleep(600)"])
    try await with([table, slow]) { migrator in
      let other = try await PostgresConnection.connect(
        migrator.connection.configuration, loop: migrator.connection.loop)
      defer { other.close() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: other.loop.tasks) {
          try await eventually {
            try await other.execute(
              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'") == 1
          }
        }
        await #expect(throws: (any Error).self) { _ = try await migrator.up() }
        try await group.waitForAll()
      }
      try await Migrator.with(
        migrator.connection.configuration, loop: other.loop, migrations: [self.table, slow]
      ) { second in
        let problem = try #require(try await second.diagnose().first)
        #expect(problem.kind == .failed && problem.statement == 2)
        #expect(problem.message.contains("without a word") && problem.repair == .up)
      }
    }
  }

  @Test("who waits is told the holder's process, host, application and since when")
  func holder() async throws {
    try await with([table]) { first in
      let seen = Seen()
      try await Migrator.with(
        first.connection.configuration, loop: first.connection.loop, migrations: [self.table]
      ) { second in
        try await withThrowingTaskGroup(of: Void.self) { group in
          try await first.locked {
            group.addTask(executorPreference: first.connection.loop.tasks) {
              _ = try await second.up {
                if case .waitingForLock(let holder) = $0 { seen.holder.withLock { $0 = holder } }
              }
            }
            try await eventually { seen.holder.withLock { $0 } != nil }
          }
          try await group.waitForAll()
        }
      }
      let holder = try #require(seen.holder.withLock { $0 })
      #expect(holder.pid == first.connection.processID && holder.since != nil)
      #expect(holder.application?.hasSuffix(")") == true && holder.description.contains("migrate ("))
    }
  }
}

private final class Seen: Sendable {
  let holder = Mutex<LockHolder?>(nil)
}
