import ChatKit
import Glibc
import Networking
import Postgres
import TestSupport
import Testing

@Suite struct FailureTests {
  @Test("what was under way when the session was killed has an unknown outcome; what was not sent has not happened")
  func terminated() async throws {
    try await withConnection { (connection) async throws in
      async let running = failure { try await connection.query("SELECT pg_sleep(30)") }
      async let behind = failure { try await connection.query("SELECT 1") }
      try await eventually { connection.pendingCount == 2 }
      try await TestDatabase.sql("SELECT pg_terminate_backend(\(connection.processID))")
      let (first, second) = await (running, behind)
      #expect(first?.code == .connectionLost && first?.sqlState == "57P01")
      #expect(first?.outcome == .unknown && first?.isRetriable == true)
      // The server said that it ended while the first was its turn.
      #expect(second?.code == .connectionLost && second?.outcome == .notExecuted)
      let later = await failure { try await connection.query("SELECT 1") }
      #expect(later?.code == .connectionLost && later?.outcome == .notExecuted)
      #expect(!connection.isOpen)
    }
  }

  @Test("a killed session undoes its transaction, and that is certain before COMMIT")
  func terminatedTransaction() async throws {
    try await withPool { (pool) async throws in
      let error = await failure {
        try await pool.transaction { transaction in
          let process: Int32 = try await transaction.query("SELECT pg_backend_pid()").get(0, 0)
          try await TestDatabase.sql("SELECT pg_terminate_backend(\(process))")
          try await transaction.execute("SELECT 1")
        }
      }
      #expect(error?.code == .connectionLost && error?.outcome == .notExecuted)
      #expect(try await pool.query("SELECT 1").count == 1)
    }
  }

  @Test("a server that is killed and comes back is connected to again")
  func restart() async throws {
    var options = EmbeddedOptions()
    options.services = [.postgres]
    options.isDurable = false
    let servers = try await EmbeddedServers.start(in: TemporaryFolder.make(), options: options)
    let connectionString = servers.postgresConnectionString
    do {
      try await withLoop { (loop) async throws in
        var configuration = PostgresConfiguration(connectionString: connectionString)
        configuration.acquireTimeout = .seconds(30)
        let pool = PostgresPool(configuration, loop: loop)
        let link = PostgresLink(configuration, loop: loop)
        var generations = 0
        link.onConnect = { _ in generations += 1 }
        #expect(try await link.query("SELECT 1").count == 1)
        async let running = failure { try await pool.query("SELECT pg_sleep(30)") }
        async let shared = failure { try await link.query("SELECT pg_sleep(30)") }
        try await eventually { pool.lentCount == 1 && link.current?.pendingCount == 1 }
        // Long enough for the server to have taken it; what is claimed holds earlier too.
        try await servers.kill(.postgres)
        let (first, second) = await (running, shared)
        #expect(first?.code == .connectionLost && first?.outcome == .unknown)
        #expect(second?.code == .connectionLost && second?.outcome == .unknown)
        async let waiting = pool.query("SELECT 2").get(0, 0, as: Int.self)
        async let sharing = link.query("SELECT 3").get(0, 0, as: Int.self)
        try await servers.restart(.postgres)
        #expect(try await waiting == 2)
        #expect(try await sharing == 3)
        #expect(generations == 2)
        link.close()
        await pool.close()
      }
    } catch {
      await servers.stop()
      throw error
    }
    await servers.stop()
  }

  @Test("the server's statement timeout ends a statement, and the connection goes on")
  func statementTimeout() async throws {
    try await withConnection({ $0.statementTimeout = .milliseconds(100) }) { (connection) async throws in
      let error = await failure { try await connection.query("SELECT pg_sleep(30)") }
      #expect(error?.code == .timeout && error?.sqlState == .queryCanceled)
      #expect(error?.outcome == .notExecuted && error?.isRetriable == true)
      #expect(try await connection.query("SELECT 1").count == 1)
    }
  }

  @Test("a request's own timeout cancels it on the server, and the connection goes on")
  func ownTimeout() async throws {
    try await withConnection { (connection) async throws in
      let error = await failure {
        try await connection.run("SELECT pg_sleep(30)", PostgresParameters(), timeout: .milliseconds(100))
      }
      #expect(error?.code == .timeout && error?.sqlState == .queryCanceled && error?.outcome == .notExecuted)
      #expect(try await connection.query("SELECT 1").count == 1)
    }
  }

  @Test("a server that does not answer is given up after the grace")
  func unresponsive() async throws {
    try await withConnection({ $0.cancelGrace = .milliseconds(200) }) { (connection) async throws in
      let process = connection.processID
      kill(process, SIGSTOP)
      let error = await failure {
        try await connection.run("SELECT 1", PostgresParameters(), timeout: .milliseconds(100))
      }
      kill(process, SIGCONT)
      #expect(error?.outcome == .unknown && error?.isRetriable == true)
      #expect(!connection.isOpen)
    }
  }

  @Test("a cancelled task's statement is cancelled on the server")
  func cancellation() async throws {
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      let task = pool.loop.start { await failure { try await pool.query("SELECT pg_sleep(31)") } }
      let process = try await eventuallyRunning("SELECT pg_sleep(31)")
      task.cancel()
      let error = await task.value
      #expect(error?.code == .cancelled && error?.outcome == .notExecuted)
      #expect(try await pool.query("SELECT pg_backend_pid()").get(0, 0, as: Int32.self) == process)
    }
  }

  @Test("cancelling one of many in a pipeline leaves the others alone")
  func cancellationInPipeline() async throws {
    try await withConnection { (connection) async throws in
      var answers: [Int] = []
      connection.send("SELECT 1 FROM pg_sleep(0.5)", PostgresParameters()) { _ in answers.append(1) }
      let task = connection.loop.start { await failure { try await connection.query("SELECT 2") } }
      try await eventually { connection.pendingCount == 2 }
      connection.send("SELECT 3", PostgresParameters()) { if case .success = $0 { answers.append(3) } }
      // All three are on their way before the cancellation.
      try await connection.loop.sleep(for: .milliseconds(20))
      task.cancel()
      let error = await task.value
      #expect(error?.code == .cancelled && error?.outcome == .unknown && answers.isEmpty)
      try await eventually { answers == [1, 3] }
    }
  }

  @Test("a task that is cancelled already sends nothing; its transaction is rolled back")
  func cancelledBefore() async throws {
    try await withPool({ $0.poolSize = 1 }) { (pool) async throws in
      try await pool.execute("CREATE TABLE t (id int)")
      let task = pool.loop.start {
        await failure {
          try await pool.transaction { transaction in
            try await transaction.execute("INSERT INTO t VALUES (1)")
            withUnsafeCurrentTask { $0?.cancel() }
            try await transaction.execute("INSERT INTO t VALUES (2)")
          }
        }
      }
      let error = await task.value
      #expect(error?.code == .cancelled && error?.outcome == .notExecuted)
      #expect(pool.idleCount == 1)
      #expect(try await pool.query("SELECT count(*) FROM t").get(0, 0, as: Int.self) == 0)
    }
  }

  @Test("more requests than a pipeline may hold are refused")
  func pipelineLimit() async throws {
    try await withConnection({ $0.pipelineLimit = 2 }) { (connection) async throws in
      var answers = 0
      for _ in 0..<2 {
        connection.send("SELECT 1", PostgresParameters()) { if case .success = $0 { answers += 1 } }
      }
      let error = await failure { try await connection.query("SELECT 3") }
      #expect(error?.code == .overloaded && error?.outcome == .notExecuted && error?.isRetriable == true)
      try await eventually { answers == 2 }
    }
  }

  @Test("what asks for COPY ends the connection instead of hanging it")
  func copy() async throws {
    try await withConnection { (connection) async throws in
      let error = await failure { try await connection.script("COPY (SELECT 1) TO STDOUT") }
      #expect(error?.code == .protocolViolation)
    }
  }

  /// Waits until a session runs exactly `sql`, and returns its process.
  private func eventuallyRunning(_ sql: String) async throws -> Int32? {
    var found = ""
    try await eventually {
      found = try await TestDatabase.sql(
        "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = '\(sql)' LIMIT 1")
      return !found.isEmpty
    }
    return Int32(found.split(separator: "\n").first ?? "")
  }
}
