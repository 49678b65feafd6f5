import Networking
import Postgres
import TestSupport
import Testing

@Suite struct PoolTests {
  @Test("requests share no more connections than the pool may have, in their order")
  func sharing() async throws {
    try await withPool({ $0.poolSize = 2 }) { (pool) async throws in
      let processes = try await withThrowingTaskGroup(of: Int32.self) { group in
        for _ in 0..<40 {
          group.addTask(executorPreference: pool.loop.tasks) {
            try await pool.query("SELECT pg_backend_pid()").get(0, 0)
          }
        }
        return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
      }
      #expect(processes.count <= 2)
      #expect(pool.lentCount == 0 && pool.waitingCount == 0 && pool.idleCount == processes.count)
    }
  }

  @Test("an observer hears of each statement with its error, in transactions too, and of waiting")
  func observer() async throws {
    final class Heard: PostgresObserver {
      var statements: [String] = []
      var failures: [PostgresError.Code] = []
      var waits = 0
      func answered(_ statement: PostgresStatement, enqueued: UInt64, error: PostgresError?) {
        #expect(enqueued > 0)
        if let error { failures.append(error.code) } else { statements.append(statement.sql) }
      }
      func waited(since start: UInt64, error: PostgresError?) { waits += 1 }
    }
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      let heard = Heard()
      pool.observer = heard
      _ = try await pool.query("SELECT 1")
      try await pool.transaction { _ = try await $0.query("SELECT 2") }
      _ = await failure { try await pool.query("SELECT nothing") }
      #expect(heard.statements.contains("SELECT 1") && heard.statements.contains("SELECT 2"))
      #expect(heard.failures.count == 1)
      // The first had to wait for the connection to be made.
      #expect(heard.waits == 1)
    }
  }

  @Test("who waits too long, and who comes to a full queue, is told so")
  func exhaustion() async throws {
    try await withPool({
      $0.poolSize = 1
      $0.queueLimit = 1
      $0.acquireTimeout = .milliseconds(100)
    }) { (pool) async throws in
      try await eventually { (try? await pool.warmUp()) != nil }
      try await pool.withConnection { _ in
        async let waiting = failure { try await pool.query("SELECT 1") }
        while pool.waitingCount == 0 { await Task.yield() }
        let refused = await failure { try await pool.query("SELECT 1") }
        #expect(refused?.code == .overloaded && refused?.isRetriable == true && refused?.outcome == .notExecuted)
        let expired = await waiting
        #expect(expired?.code == .acquireTimeout && expired?.outcome == .notExecuted)
      }
      #expect(try await pool.query("SELECT 1").count == 1)
    }
  }

  @Test("a cancelled wait leaves the queue")
  func cancelledWait() async throws {
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      try await pool.withConnection { _ in
        let task = pool.loop.start { await failure { try await pool.query("SELECT 1") } }
        #expect(pool.waitingCount == 1)
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(pool.waitingCount == 0)
      }
    }
  }

  @Test("a connection that was killed while idle is not lent again")
  func killedIdle() async throws {
    try await withPool({ $0.minimumIdle = 0 }) { (pool) async throws in
      let process: Int32 = try await pool.query("SELECT pg_backend_pid()").get(0, 0)
      try await TestDatabase.sql("SELECT pg_terminate_backend(\(process))")
      try await eventually { pool.idleCount == 0 }
      let next: Int32 = try await pool.query("SELECT pg_backend_pid()").get(0, 0)
      #expect(next != process)
    }
  }

  @Test("a connection left inside a transaction is closed, not lent")
  func leftInTransaction() async throws {
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int)")
      try await pool.withConnection { try await $0.script("BEGIN; INSERT INTO t VALUES (1)") }
      #expect(pool.idleCount == 0)
      #expect(try await pool.query("SELECT count(*) FROM t").get(0, 0, as: Int.self) == 0)
    }
  }

  @Test("connections that are old or long idle go, down to the minimum")
  func upkeep() async throws {
    try await withPool({
      $0.poolSize = 3
      $0.minimumIdle = 1
      $0.idleTimeout = .milliseconds(100)
    }) { (pool) async throws in
      let gate = Gate(3, loop: pool.loop)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 {
          group.addTask(executorPreference: pool.loop.tasks) {
            try await pool.withConnection { _ in await gate.pass() }
          }
        }
        for try await _ in group {}
      }
      #expect(pool.idleCount == 3)
      try await eventually { pool.idleCount == 1 }
    }
    try await withPool({ $0.maximumLifetime = .milliseconds(1) }) { (pool) async throws in
      let first: Int32 = try await pool.query("SELECT pg_backend_pid()").get(0, 0)
      try await pool.loop.sleep(for: .milliseconds(2))
      _ = try await pool.query("SELECT 1")
      let second: Int32 = try await pool.query("SELECT pg_backend_pid()").get(0, 0)
      #expect(first != second)
    }
  }

  @Test("a refusal for good is told at once, with its reason")
  func refusedForGood() async throws {
    try await withPostgres { configuration, loop in
      var configuration = configuration
      configuration.connectionString += " dbname=missing"
      let pool = PostgresPool(configuration, loop: loop)
      let error = await failure { try await pool.warmUp() }
      #expect(error?.code == .connect && error?.sqlState == "3D000" && error?.isRetriable == false)
      await pool.close()
    }
  }

  @Test("nothing to connect to is an acquire timeout with its cause")
  func unreachable() async throws {
    try await withLoop { (loop) async throws in
      var configuration = PostgresConfiguration(connectionString: "host=/nonexistent dbname=x")
      configuration.acquireTimeout = .milliseconds(200)
      let pool = PostgresPool(configuration, loop: loop)
      let error = await failure { try await pool.query("SELECT 1") }
      #expect(error?.code == .acquireTimeout && (error?.cause as? PostgresError)?.code == .connect)
      await pool.close()
    }
  }

  @Test("a closed pool refuses, after what was out has come back")
  func close() async throws {
    try await withPool { (pool) async throws in
      async let slow = pool.query("SELECT pg_sleep(0.1)")
      while pool.lentCount == 0 { await Task.yield() }
      async let closed: Void = pool.close()
      #expect(try await slow.count == 1)
      await closed
      #expect(pool.lentCount == 0 && pool.idleCount == 0)
      let error = await failure { try await pool.query("SELECT 1") }
      #expect(error?.code == .closed)
    }
  }

  @Test("statements survive a change of the schema under their prepared form")
  func schemaChange() async throws {
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int4)")
      try await pool.execute("INSERT INTO t VALUES (1)")
      for _ in 0..<2 { #expect(try await pool.query("SELECT * FROM t").columnCount == 1) }
      try await pool.execute("ALTER TABLE t ADD COLUMN name text")
      #expect(try await pool.query("SELECT * FROM t").columnCount == 2)
      try await pool.execute("DEALLOCATE ALL")
      #expect(try await pool.query("SELECT id FROM t WHERE id = $1", Int32(1)).count == 1)
    }
  }
}
