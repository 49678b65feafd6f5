import Networking
import Postgres
import TestSupport

/// Runs `body` on a loop, with an empty database of its own.
func withPostgres<Result: Sendable>(
  _ body: @escaping @Sendable (PostgresConfiguration, EventLoop) async throws -> Result
) async throws -> Result {
  try await withDatabase { connectionString in
    let configuration = PostgresConfiguration(connectionString: connectionString)
    return try await withLoop { loop in try await body(configuration, loop) }
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
