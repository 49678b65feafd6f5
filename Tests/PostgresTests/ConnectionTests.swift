import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@Suite struct ConnectionTests {
  @Test("a query answers with typed rows")
  func query() async throws {
    try await withConnection { (connection) async throws in
      let id = UUID.v7()
      let rows = try await connection.query(
        "SELECT $1, $2, NULLIF($3, '') FROM generate_series(1, 2)", id, Int64(7), "")
      #expect(rows.count == 2)
      let (first, second, third) = try rows[1].decode((UUID, Int64, String?).self)
      #expect(first == id && second == 7 && third == nil)
      let all = try rows.decode((UUID, Int).self)
      #expect(all.map(\.1) == [7, 7])
    }
  }

  @Test("an error among a hundred pipelined statements fails only its own")
  func errorIsolation() async throws {
    try await withConnection { (connection) async throws in
      try await connection.execute("CREATE TABLE numbers (value int PRIMARY KEY)")
      let results = await withTaskGroup(of: (Int, PostgresError?).self, returning: [Int: PostgresError?].self) {
        group in
        for number in 0..<100 {
          group.addTask(executorPreference: connection.loop.tasks) {
            (
              number,
              await failure {
                try await connection.execute(
                  "INSERT INTO numbers SELECT 100 / (50 - $1) * 0 + $1", Int32(number))
              }
            )
          }
        }
        return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      #expect(results.filter { $0.value != nil }.keys.sorted() == [50])
      #expect(results[50]??.sqlState == "22012")
      #expect(results[50]??.outcome == .notExecuted)
      let count = try await connection.query("SELECT count(*) FROM numbers").get(0, 0, as: Int.self)
      #expect(count == 99)
    }
  }

  @Test("answers come in the order of the requests")
  func order() async throws {
    try await withConnection { (connection) async throws in
      let seen: [Int] = try await withUnsafeThrowingContinuation { continuation in
        var seen: [Int] = []
        for number in 0..<500 {
          connection.send("SELECT $1", PostgresParameters(number)) { result in
            do {
              seen.append(try result.get().get(0, 0))
            } catch {
              seen.append(-1)
            }
            if seen.count == 500 { continuation.resume(returning: seen) }
          }
        }
      }
      #expect(seen == Array(0..<500))
    }
  }

  @Test("a request is answered after its commit: a deferred constraint fails it")
  func deferredConstraint() async throws {
    try await withConnection { (connection) async throws in
      try await connection.script(
        """
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
        """)
      let error = await failure { try await connection.execute("INSERT INTO child VALUES ($1)", Int32(1)) }
      #expect(error?.sqlState == .foreignKeyViolation)
      #expect(error?.table == "child")
      #expect(try await connection.query("SELECT count(*) FROM child").get(0, 0, as: Int.self) == 0)
    }
  }

  @Test("an error tells the constraint, the table and the detail")
  func errorFields() async throws {
    try await withConnection { (connection) async throws in
      try await connection.script("CREATE TABLE names (name text CONSTRAINT names_unique UNIQUE)")
      try await connection.execute("INSERT INTO names VALUES ($1)", "ada")
      let error = try #require(
        await failure { try await connection.execute("INSERT INTO names VALUES ($1)", "ada") })
      #expect(error.code == .server && error.sqlState == .uniqueViolation && !error.isRetriable)
      #expect(error.constraint == "names_unique" && error.table == "names" && error.fields.severity == "ERROR")
      #expect(error.detail?.contains("ada") == true)
      #expect(!error.description.contains("ada"))
      #expect(error.debugDescription.contains("ada"))
    }
  }

  @Test("a script runs several statements, all or none, between pipelined requests")
  func script() async throws {
    try await withConnection { (connection) async throws in
      try await connection.script("CREATE TABLE a (x int); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)")
      async let before = connection.query("SELECT sum(x)::int FROM a")
      let error = await failure { try await connection.script("INSERT INTO a VALUES (10); SELECT 1/0") }
      async let after = connection.query("SELECT sum(x)::int FROM a")
      #expect(try await before.get(0, 0, as: Int.self) == 3)
      #expect(error?.sqlState == "22012")
      #expect(try await after.get(0, 0, as: Int.self) == 3)
    }
  }
}
