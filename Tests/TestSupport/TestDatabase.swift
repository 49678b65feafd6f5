import ChatKit
import Glibc
import Synchronization

/// A database that is made once a test run and copied for each test, such as one with the schema in it.
package struct DatabaseTemplate: Sendable {
  /// Unique; letters, digits and underscores.
  package let name: String
  /// Fills the empty database. It must leave no connection open: a database in use cannot be copied.
  package let prepare: @Sendable (_ connectionString: String) async throws -> Void

  package init(_ name: String, prepare: @escaping @Sendable (_ connectionString: String) async throws -> Void) {
    self.name = name
    self.prepare = prepare
  }
}

/// Databases of the shared PostgreSQL, one a test.
package enum TestDatabase {
  private static let templates = Mutex<[String: Task<Void, any Error>]>([:])
  private static let counter = Atomic<Int>(0)

  /// Runs `body` with the connection string of a database of its own, a copy of `template` or empty, which is dropped
  /// afterwards, with whatever is still connected to it.
  package static func with<Result: Sendable>(
    template: DatabaseTemplate? = nil, _ body: (_ connectionString: String) async throws -> Result
  ) async throws -> Result {
    if let template { try await make(template) }
    let name = "test_\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await sql("CREATE DATABASE \(name) TEMPLATE \(template.map { "template_\($0.name)" } ?? "template0")")
    let result: Result
    do {
      result = try await body(try await connectionString(to: name))
    } catch {
      _ = try? await sql("DROP DATABASE \(name) WITH (FORCE)")
      throw error
    }
    try await sql("DROP DATABASE \(name) WITH (FORCE)")
    return result
  }

  private static func make(_ template: DatabaseTemplate) async throws {
    let task = templates.withLock { templates in
      if let task = templates[template.name] { return task }
      let task = Task {
        let name = "template_\(template.name)"
        try await sql("CREATE DATABASE \(name) TEMPLATE template0")
        try await template.prepare(try await connectionString(to: name))
      }
      templates[template.name] = task
      return task
    }
    try await task.value
  }

  /// Of any database of the shared server, for libpq.
  package static func connectionString(to database: String) async throws -> String {
    try await TestServers.shared.postgresConnectionString(to: database)
  }

  /// Runs SQL with psql and returns what it prints, unaligned and without headings.
  @discardableResult
  package static func sql(_ text: String, database: String = "postgres") async throws -> String {
    let result = try await TestProcess.run(
      try await program("psql"),
      ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, try await connectionString(to: database)])
    guard result.exit == .code(0) else { throw TestFailure("\(text): \(result.output)") }
    return result.output
  }

  /// The path of one of PostgreSQL's own programs, of the version of the server.
  package static func program(_ name: String) async throws -> String {
    guard let programs = try await TestServers.shared.postgresPrograms else {
      throw TestFailure("PostgreSQL is not started")
    }
    return "\(programs)/\(name)"
  }
}

/// Shorter: `withDatabase { connectionString in … }`.
package func withDatabase<Result: Sendable>(
  template: DatabaseTemplate? = nil, _ body: (_ connectionString: String) async throws -> Result
) async throws -> Result {
  try await TestDatabase.with(template: template, body)
}
