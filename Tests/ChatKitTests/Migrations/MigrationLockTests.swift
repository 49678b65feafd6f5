import ChatKit
import Networking
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite("Locks in the way of a migration")
struct MigrationLockTests {
  private let table = Migration(version: 1, name: "table", sql: "CREATE TABLE a (id int PRIMARY KEY, b int)")
  private let alter = Migration(
    version: 2, name: "alter", sql: "CREATE TABLE made (id int); ALTER TABLE a ADD COLUMN c int")

  private func withHolder(
    _ body: @escaping @Sendable (PostgresConnection, PostgresConfiguration) async throws -> Void
  ) async throws {
    try await withDatabase { connectionString in
      try await withLoop { loop in
        var configuration = PostgresConfiguration(connectionString: connectionString)
        try await Migrator.with(configuration, loop: loop, migrations: [table]) { _ = try await $0.up() }
        configuration.applicationName = "a person"
        let holder = try await PostgresConnection.connect(configuration, loop: loop)
        defer { holder.close() }
        try await holder.script("BEGIN; LOCK TABLE a IN SHARE MODE")
        configuration.applicationName = "chatctl"
        try await body(holder, configuration)
      }
    }
  }

  @Test("who has the lock that a statement waits for is named, to whoever watches and to the doctor")
  func named() async throws {
    try await withHolder { [table, alter] holder, configuration in
      let seen = Seen()
      var options = Migrator.Options()
      options.lockTimeout = .seconds(60)
      try await Migrator.with(configuration, loop: holder.loop, migrations: [table, alter], options: options) {
        (migrator) async throws in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask(executorPreference: holder.loop.tasks) {
            _ = try await migrator.up { progress in
              if case .blocked(let migration, let blockers) = progress, migration.version == 2 {
                seen.blockers.withLock { $0 += blockers }
              }
            }
          }
          try await eventually { !seen.blockers.withLock { $0.isEmpty } }
          let found = try await Migrator.with(configuration, loop: holder.loop, migrations: [table, alter]) {
            (other) async throws in try await other.diagnose()
          }
          #expect(found.map(\.kind) == [.running, .blocking])
          #expect(found.last?.message.contains("a person") == true)
          #expect(found.last?.repair.description.contains("pg_terminate_backend(\(holder.processID))") == true)
          try await holder.script("ROLLBACK")
          try await group.waitForAll()
        }
        #expect(try await migrator.status().version == 2)
      }
      let blockers = seen.blockers.withLock { $0 }
      #expect(blockers.map(\.pid) == [holder.processID])
      let blocker = try #require(blockers.first)
      #expect(blocker.state == "idle in transaction" && blocker.tables == ["a"] && !blocker.isWaiting)
      #expect(blocker.application == "a person" && blocker.query?.contains("LOCK TABLE a") == true)
    }
  }

  @Test("a migration that gave up says whom it waited for")
  func gaveUp() async throws {
    try await withHolder { [table, alter] holder, configuration in
      var options = Migrator.Options()
      options.lockTimeout = .milliseconds(1500)
      options.lockAttempts = 1
      try await Migrator.with(configuration, loop: holder.loop, migrations: [table, alter], options: options) {
        (migrator) async throws in
        let error = await #expect(throws: MigrationError.self) { _ = try await migrator.up() }
        #expect(error?.code == .failed && error?.isRetriable == true)
        #expect(error?.message.contains("it waited for a person") == true, "\(String(describing: error))")
        #expect(try await migrator.status().version == 1)
      }
    }
  }

  @Test("one that is interrupted leaves nothing, says at which statement, and is begun again")
  func interrupted() async throws {
    try await withHolder { [table, alter] holder, configuration in
      var options = Migrator.Options()
      options.lockTimeout = .seconds(60)
      let stop = MigrationStop()
      options.stop = stop
      try await Migrator.with(configuration, loop: holder.loop, migrations: [table, alter], options: options) {
        (migrator) async throws in
        let error = await #expect(throws: MigrationError.self) {
          _ = try await migrator.up { if case .blocked = $0 { stop.request() } }
        }
        #expect(error?.code == .interrupted && error?.statement == 2)
      }
      try await holder.script("ROLLBACK")
      try await Migrator.with(configuration, loop: holder.loop, migrations: [table, alter]) { (migrator) async throws in
        #expect(try await migrator.diagnose().map(\.message).first?.contains("was interrupted") == true)
        let isGone: Bool = try await migrator.connection.query("SELECT to_regclass('made') IS NULL").get(0, 0)
        #expect(isGone)
        #expect(try await migrator.up().map(\.version) == [2])
        #expect(try await migrator.diagnose().isEmpty)
      }
    }
  }
}

private final class Seen: Sendable {
  let blockers = Mutex<[LockBlocker]>([])
}
