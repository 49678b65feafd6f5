import Networking
import Postgres
import TestSupport
import Testing

@Suite struct SessionTests {
  @Test("the cache of prepared statements is bounded, here and on the server")
  func eviction() async throws {
    try await withConnection({ $0.statementCacheLimit = 4 }) { (connection) async throws in
      for round in 0..<3 {
        for number in 0..<10 {
          let rows = try await connection.query(PostgresStatement(unchecked: "SELECT \(number), $1"), round)
          #expect(try rows.get(0, 0, as: Int.self) == number)
        }
      }
      let prepared = try await connection.query(
        "SELECT count(*)::int FROM pg_prepared_statements WHERE name <> ''"
      ).get(0, 0, as: Int.self)
      #expect(prepared <= 5)
    }
  }

  @Test("evicted in a failed transaction, a statement is let go of later")
  func evictionInFailedTransaction() async throws {
    try await withConnection({ $0.statementCacheLimit = 1 }) { (connection) async throws in
      for _ in 0..<20 {
        try await connection.execute("BEGIN")
        _ = await failure { try await connection.query("SELECT 1/0") }
        try await connection.execute("ROLLBACK")
      }
      let prepared = try await connection.query("SELECT count(*)::int FROM pg_prepared_statements")
        .get(0, 0, as: Int.self)
      #expect(prepared <= 4)
    }
  }

  @Test("one text with parameters of other types is another statement")
  func types() async throws {
    try await withConnection { (connection) async throws in
      for _ in 0..<2 {
        #expect(
          try await connection.query("SELECT pg_typeof($1)::text", Int32(1)).get(0, 0, as: String.self) == "integer")
        #expect(try await connection.query("SELECT pg_typeof($1)::text", "a").get(0, 0, as: String.self) == "text")
      }
    }
  }

  @Test("a statement that cannot be prepared fails each of its users with the reason")
  func badStatement() async throws {
    try await withConnection { (connection) async throws in
      let states = await withTaskGroup(of: SQLState?.self) { group in
        for _ in 0..<10 {
          group.addTask(executorPreference: connection.loop.tasks) {
            await failure { try await connection.query("SELEKT 1") }?.sqlState
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(states.allSatisfy { $0 == "42601" } && states.count == 10)
    }
  }

  @Test("notices and notifications reach their hooks")
  func hooks() async throws {
    try await withConnection { (connection) async throws in
      var notices: [PostgresNotice] = []
      var notifications: [PostgresNotification] = []
      connection.onNotice = { notices.append($0) }
      connection.onNotification = { notifications.append($0) }
      try await connection.execute("DO $$ BEGIN RAISE NOTICE 'hello %', 1; END $$")
      #expect(notices.map(\.message) == ["hello 1"] && notices.first?.severity == "NOTICE")
      try await connection.execute("LISTEN news")
      try await connection.execute("SELECT pg_notify('news', $1)", "today")
      try await eventually { !notifications.isEmpty }
      #expect(notifications.first?.channel == "news" && notifications.first?.payload == "today")
      #expect(notifications.first?.process == connection.processID)
      let database: String = try await connection.query("SELECT current_database()").get(0, 0)
      try await TestDatabase.sql("NOTIFY news, 'from outside'", database: database)
      try await eventually { notifications.count == 2 }
    }
  }

  @Test("a hook may close the connection that calls it")
  func closingHook() async throws {
    try await withConnection { (connection) async throws in
      connection.onNotice = { [unowned connection] _ in connection.close() }
      async let noisy = failure { try await connection.execute("DO $$ BEGIN RAISE NOTICE 'enough'; END $$") }
      async let behind = failure { try await connection.execute("SELECT 1") }
      let (first, second) = await (noisy, behind)
      #expect(first?.code == .closed && first?.outcome == .unknown)
      #expect(second?.code == .closed)
    }
  }

  @Test("a statement that is pushed out while it is prepared is let go of too")
  func evictionInPipeline() async throws {
    try await withConnection({ $0.statementCacheLimit = 2 }) { (connection) async throws in
      var answered = 0
      for number in 0..<50 {
        connection.send(PostgresStatement(unchecked: "SELECT \(number)"), PostgresParameters()) {
          if case .success = $0 { answered += 1 }
        }
      }
      try await eventually { answered == 50 }
      _ = try await connection.query("SELECT 'a'")
      let prepared = try await connection.query("SELECT count(*)::int FROM pg_prepared_statements")
        .get(0, 0, as: Int.self)
      #expect(prepared <= 4)
    }
  }

  @Test("settings and the application's name are the session's")
  func settings() async throws {
    try await withConnection({
      $0.settings = ["search_path": "\"a b\", public", "lock_timeout": "7s"]
      $0.applicationName = "tests of ours"
      $0.statementTimeout = .seconds(12)
    }) { (connection) async throws in
      let rows = try await connection.query(
        """
        SELECT current_setting('search_path'), current_setting('lock_timeout'), current_setting('statement_timeout'),
          current_setting('application_name'), current_setting('client_encoding')
        """)
      let values = try rows[0].decode((String, String, String, String, String).self)
      #expect(values == ("\"a b\", public", "7s", "12s", "tests of ours", "UTF8"))
      #expect(connection.serverVersion >= 150000 && connection.parameter("server_encoding") == "UTF8")
    }
  }

  @Test("a wrong connection string is a configuration error; endpoints show no secrets")
  func configuration() async throws {
    let wrong = PostgresConfiguration(connectionString: "host=a nonsense=1")
    #expect(throws: PostgresError.self) { try wrong.validate() }
    var right = PostgresConfiguration(connectionString: "postgresql://ada:secret@db.example:5433/chat")
    right.password = "other"
    #expect(right.endpoint == "ada@db.example:5433/chat")
  }

  @Test("a name is resolved off the loop; one that does not exist is a retriable connect error")
  func names() async throws {
    try await withLoop { (loop) async throws in
      let configuration = PostgresConfiguration(connectionString: "postgresql://nobody@nowhere.invalid/x")
      let error = await failure { try await PostgresConnection.connect(configuration, loop: loop) }
      #expect(error?.code == .connect && error?.isRetriable == true && error?.cause != nil)
    }
  }

  @Test("a server that says nothing is given up after the connect timeout")
  func silentServer() async throws {
    try await withLoop { (loop) async throws in
      final class Silent: ConnectionHandler {
        func received(_ bytes: UnsafeRawBufferPointer) {}
        func peerFinished() {}
        func closed(_ reason: CloseReason) {}
      }
      let listener = try Listener(.loopback(port: 0), loop: loop) { $0.start(Silent()) }
      defer { listener.close() }
      var configuration = PostgresConfiguration(
        connectionString: "host=localhost hostaddr=127.0.0.1 port=\(listener.address.port) user=x dbname=x")
      configuration.connectTimeout = .milliseconds(150)
      let error = await failure { [configuration] in
        try await PostgresConnection.connect(configuration, loop: loop)
      }
      #expect(error?.code == .connect && error?.isRetriable == true)
    }
  }
}
