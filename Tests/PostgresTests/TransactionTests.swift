import Networking
import Postgres
import TestSupport
import Testing

@Suite struct TransactionTests {
  private struct Refusal: Error {}

  private func count(_ client: any PostgresClient) async throws -> Int {
    try await client.query("SELECT count(*) FROM t").get(0, 0)
  }

  @Test("what a body does is committed when it returns and undone when it throws")
  func commitAndRollback() async throws {
    try await withPool { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int PRIMARY KEY)")
      let seen = try await pool.transaction { transaction in
        try await transaction.execute("INSERT INTO t VALUES (1)")
        return try await count(transaction)
      }
      #expect(seen == 1)
      await #expect(throws: Refusal.self) {
        try await pool.transaction { transaction in
          try await transaction.execute("INSERT INTO t VALUES (2)")
          throw Refusal()
        }
      }
      #expect(try await count(pool) == 1)
      #expect(pool.lentCount == 0 && pool.idleCount == 1)
    }
  }

  @Test("the first statement never runs outside of its transaction")
  func beginGroup() async throws {
    try await withPool { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int PRIMARY KEY)")
      try await pool.execute("INSERT INTO t VALUES (1)")
      let error = await failure {
        try await pool.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
      }
      #expect(error?.sqlState == .uniqueViolation)
      #expect(try await count(pool) == 1)
      #expect(pool.idleCount == 1)
    }
  }

  @Test("a body that hides an error does not get its transaction committed")
  func hiddenError() async throws {
    try await withPool { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int PRIMARY KEY)")
      let error = await failure {
        try await pool.transaction { transaction in
          try await transaction.execute("INSERT INTO t VALUES (1)")
          _ = try? await transaction.execute("INSERT INTO t VALUES (1)")
        }
      }
      #expect(error?.sqlState == .transactionAborted && error?.outcome == .notExecuted)
      #expect(try await count(pool) == 0)
    }
  }

  @Test("a deferred constraint fails the commit")
  func deferred() async throws {
    try await withPool { (pool) async throws in
      try await pool.withConnection {
        try await $0.script("CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
      }
      let error = await failure { try await pool.transaction { try await $0.execute("INSERT INTO t VALUES (1, 2)") } }
      #expect(error?.sqlState == .foreignKeyViolation && error?.outcome == .notExecuted)
      #expect(try await count(pool) == 0)
    }
  }

  @Test("a serialization failure runs the body again")
  func serialization() async throws {
    try await withPool { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int PRIMARY KEY)")
      try await pool.execute("INSERT INTO t VALUES (1)")
      var runs = 0
      try await pool.transaction(isolation: .repeatableRead) { transaction in
        runs += 1
        _ = try await count(transaction)
        if runs == 1 { try await pool.execute("UPDATE t SET id = 5") }
        try await transaction.execute("UPDATE t SET id = id + 1")
      }
      #expect(runs == 2)
      #expect(try await pool.query("SELECT id FROM t").get(0, 0, as: Int.self) == 6)
    }
  }

  @Test("of two in a deadlock the victim runs again")
  func deadlock() async throws {
    try await withPool({ $0.settings["deadlock_timeout"] = "50ms" }) { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0)")
      try await pool.execute("INSERT INTO t VALUES (1), (2)")
      let gate = Gate(2, loop: pool.loop)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (first, second) in [(1, 2), (2, 1)] {
          group.addTask(executorPreference: pool.loop.tasks) {
            try await pool.transaction { transaction in
              try await transaction.execute("UPDATE t SET n = n + 1 WHERE id = $1", first)
              await gate.pass()
              try await transaction.execute("UPDATE t SET n = n + 1 WHERE id = $1", second)
            }
          }
        }
        for try await _ in group {}
      }
      #expect(try await pool.query("SELECT n FROM t").column(as: Int.self) == [2, 2])
    }
  }

  @Test("read-only means it, and attempts end")
  func readOnlyAndAttempts() async throws {
    try await withPool { (pool) async throws in
      let error = await failure {
        try await pool.transaction(readOnly: true) { try await $0.execute("CREATE TABLE t (id int)") }
      }
      #expect(error?.sqlState == "25006")
      var runs = 0
      let conflict = await failure {
        try await pool.transaction(attempts: 2) { transaction in
          runs += 1
          try await transaction.execute("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$")
        }
      }
      #expect(runs == 2 && conflict?.isSerializationFailure == true && conflict?.isRetriable == true)
    }
  }

  @Test("a transaction is of no use after its end")
  func over() async throws {
    try await withPool { (pool) async throws in
      let transaction = try await pool.transaction { $0 }
      let error = await failure { try await transaction.execute("SELECT 1") }
      #expect(error?.code == .closed)
    }
  }
}
