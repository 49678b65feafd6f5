import ChatKit
import Networking
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite struct MigratorTests {
  private let first = Migration(
    version: 1, name: "first", sql: "CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)",
    down: "DROP TABLE a")
  private let second = Migration(
    version: 2, name: "second",
    withoutTransaction: [
      "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_id ON a (id)", "ALTER TABLE a ADD COLUMN IF NOT EXISTS name text",
    ])

  private func withMigrations<Result: Sendable>(
    _ body: @escaping @Sendable (PostgresConfiguration, EventLoop) async throws -> Result
  ) async throws -> Result {
    try await withDatabase { connectionString in
      try await withLoop { try await body(PostgresConfiguration(connectionString: connectionString), $0) }
    }
  }

  private func error(_ body: () async throws -> Void) async -> MigrationError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? MigrationError
    }
  }

  @Test("what is missing is applied in order, once, and recorded")
  func up() async throws {
    try await withMigrations { [first, second] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [second, first]) { (migrator) async throws in
        let before = try await migrator.status()
        #expect(before.pending.map(\.version) == [1, 2] && before.version == 0 && !before.isCurrent)
        var seen: [String] = []
        let applied = try await migrator.up {
          if case .finished(let migration, _) = $0 { seen.append(migration.fileName) }
        }
        #expect(applied.map(\.name) == ["first", "second"] && seen == ["0001_first", "0002_second"])
        let after = try await migrator.status()
        #expect(after.isCurrent && after.version == 2 && after.entries[0].applied?.checksum == first.checksum)
        #expect(try await migrator.up().isEmpty)
      }
    }
  }

  @Test("a target ends the way up")
  func target() async throws {
    try await withMigrations { [first, second] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [first, second]) { (migrator) async throws in
        #expect(try await migrator.up(to: 1).map(\.version) == [1])
        #expect(try await migrator.status().pending.map(\.version) == [2])
      }
    }
  }

  @Test("a changed file is refused by name before anything runs, and can be repaired")
  func changed() async throws {
    try await withMigrations { [first, second] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [first]) { _ = try await $0.up() }
      let edited = Migration(version: 1, name: "first", sql: "CREATE TABLE b (id int)")
      try await Migrator.with(configuration, loop: loop, migrations: [edited, second]) { (migrator) async throws in
        let error = await error { _ = try await migrator.up() }
        #expect(error?.code == .changed && error?.file == "0001_first")
        #expect(try await migrator.repair().map(\.subject) == ["0001_first"])
        #expect(try await migrator.up().map(\.version) == [2])
      }
    }
  }

  @Test("a migration that fails leaves nothing, and tells file and place")
  func failed() async throws {
    try await withMigrations { [first] configuration, loop in
      let broken = Migration(version: 2, name: "broken", sql: "CREATE TABLE c (id int); SELECT nonsense")
      try await Migrator.with(configuration, loop: loop, migrations: [first, broken]) { (migrator) async throws in
        let error = await error { _ = try await migrator.up() }
        #expect(error?.code == .failed && error?.file == "0002_broken" && error?.cause?.sqlState == .undefinedColumn)
        #expect(error?.description.contains("at character") == true)
        #expect(try await migrator.status().version == 1)
        let isGone: Bool = try await migrator.connection.query("SELECT to_regclass('c') IS NULL").get(0, 0)
        #expect(isGone)
      }
    }
  }

  @Test("a script that ends its transaction is refused")
  func escaping() async throws {
    try await withMigrations { configuration, loop in
      let escaping = Migration(version: 1, name: "escaping", sql: "SELECT 1; COMMIT")
      try await Migrator.with(configuration, loop: loop, migrations: [escaping]) { (migrator) async throws in
        let error = await error { _ = try await migrator.up() }
        #expect(error?.code == .failed)
        #expect(try await migrator.status().version == 0)
      }
    }
  }

  @Test("of two at once the second waits and finds nothing to do")
  func twoAtOnce() async throws {
    try await withMigrations { [second] configuration, loop in
      let slow = Migration(version: 1, name: "slow", sql: "CREATE TABLE a (id int PRIMARY KEY); SELECT pg_sleep(0.3)")
      let waited = Counter()
      let counts = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<2 {
          group.addTask(executorPreference: loop.tasks) {
            try await Migrator.with(configuration, loop: loop, migrations: [slow, second]) { (migrator) async throws in
              try await migrator.up { if case .waitingForLock = $0 { waited.add() } }.count
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(counts.sorted() == [0, 2])
      #expect(waited.value == 1)
    }
  }

  @Test("patience with another migrator ends")
  func patience() async throws {
    try await withMigrations { [first] configuration, loop in
      var options = Migrator.Options()
      options.patience = .milliseconds(150)
      try await Migrator.with(configuration, loop: loop, migrations: [first]) { holder in
        try await holder.locked {
          try await Migrator.with(configuration, loop: loop, migrations: [first], options: options) {
            (migrator) async throws in
            let error = await error { _ = try await migrator.up() }
            #expect(error?.code == .locked && error?.isRetriable == true)
          }
        }
      }
    }
  }

  @Test("a lock that is not to be had in time is tried for again")
  func lockTimeout() async throws {
    try await withMigrations { [first] configuration, loop in
      let alter = Migration(version: 2, name: "alter", sql: "ALTER TABLE a ADD COLUMN b int")
      var options = Migrator.Options()
      options.lockTimeout = .milliseconds(50)
      try await Migrator.with(configuration, loop: loop, migrations: [first]) { _ = try await $0.up() }
      let holder = try await PostgresConnection.connect(configuration, loop: loop)
      defer { holder.close() }
      try await holder.script("BEGIN; LOCK TABLE a")
      try await Migrator.with(configuration, loop: loop, migrations: [first, alter], options: options) {
        (migrator) async throws in
        let retries = Counter()
        let applied = try await migrator.up {
          guard case .retrying = $0 else { return }
          retries.add()
          holder.send("ROLLBACK", PostgresParameters()) { _ in }
        }
        #expect(applied.map(\.version) == [2] && retries.value >= 1)
      }
    }
  }

  @Test("the way down undoes the latest, and says where there is none")
  func down() async throws {
    try await withMigrations { [first, second] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [first, second]) { (migrator) async throws in
        _ = try await migrator.up()
        let error = await error { _ = try await migrator.down() }
        #expect(error?.code == .irreversible && error?.file == "0002_second")
      }
      try await Migrator.with(configuration, loop: loop, migrations: [first]) { (migrator) async throws in
        #expect(try await migrator.status().unknown.map(\.version) == [2])
        let error = await error { _ = try await migrator.down() }
        #expect(error?.code == .irreversible && error?.message.contains("newer version") == true)
      }
    }
  }

  @Test("what was undone can be applied again")
  func downAndUp() async throws {
    try await withMigrations { [first] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [first]) { (migrator) async throws in
        _ = try await migrator.up()
        #expect(try await migrator.down().map(\.version) == [1])
        #expect(try await migrator.up().map(\.version) == [1])
      }
    }
  }

  @Test("a late number below an applied one is refused")
  func outOfOrder() async throws {
    try await withMigrations { [first, second] configuration, loop in
      try await Migrator.with(configuration, loop: loop, migrations: [second]) { (migrator) async throws in
        #expect(try await migrator.baseline(version: 2).map(\.version) == [2])
      }
      try await Migrator.with(configuration, loop: loop, migrations: [first, second]) { (migrator) async throws in
        let error = await error { _ = try await migrator.up() }
        #expect(error?.code == .outOfOrder && error?.file == "0001_first")
      }
    }
  }

  @Test("a list with a version twice is refused")
  func duplicates() async throws {
    try await withMigrations { [first] configuration, loop in
      let error = await error {
        try await Migrator.with(configuration, loop: loop, migrations: [first, first]) { _ in }
      }
      #expect(error?.code == .invalidList)
    }
  }
}

private final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add() { count.withLock { $0 += 1 } }
}
