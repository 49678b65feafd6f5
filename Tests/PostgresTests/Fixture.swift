import Networking
import Postgres
import Synchronization
import TestSupport

private let schemas = Atomic(0)

/// Runs `body` on a loop, with an empty schema of its own in the shared database: cheaper than a database, and dropped
/// with it.
func withPostgres<Result: Sendable>(
  _ body: @escaping @Sendable (PostgresConfiguration, EventLoop) async throws -> Result
) async throws -> Result {
  let schema = "test_\(schemas.wrappingAdd(1, ordering: .relaxed).newValue)"
  var configuration = PostgresConfiguration(
    connectionString: try await TestDatabase.connectionString(to: "postgres"))
  // The machine may be busy with everything else that is tested.
  configuration.connectTimeout = .seconds(30)
  configuration.acquireTimeout = .seconds(30)
  configuration.settings["search_path"] = schema
  return try await withLoop { [configuration] loop in
    let connection = try await PostgresConnection.connect(configuration, loop: loop)
    defer { connection.close() }
    try await connection.script("CREATE SCHEMA \(schema)")
    return try await body(configuration, loop)
  }
}

/// The same with an open connection, which is closed afterwards.
func withConnection<Result: Sendable>(
  _ configure: @escaping @Sendable (inout PostgresConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (PostgresConnection) async throws -> Result
) async throws -> Result {
  try await withPostgres { configuration, loop in
    var configuration = configuration
    configure(&configuration)
    let connection = try await PostgresConnection.connect(configuration, loop: loop)
    defer { connection.close() }
    return try await body(connection)
  }
}

/// The same with a pool.
func withPool<Result: Sendable>(
  _ configure: @escaping @Sendable (inout PostgresConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (PostgresPool) async throws -> Result
) async throws -> Result {
  try await withPostgres { configuration, loop in
    var configuration = configuration
    configure(&configuration)
    let pool = PostgresPool(configuration, loop: loop)
    do {
      let result = try await body(pool)
      await pool.close()
      return result
    } catch {
      await pool.close()
      throw error
    }
  }
}

/// The error that `body` throws; nil when it throws none.
func failure<Result>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async -> PostgresError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? PostgresError
  }
}
