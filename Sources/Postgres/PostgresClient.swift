/// What runs statements: a pool, a connection or a transaction. Code that is given one does not care which.
package protocol PostgresClient: Sendable {
  /// Runs one statement and returns its rows. Outside a transaction it is one of its own, and committed when this
  /// returns. On the client's loop.
  /// - Parameter timeout: how long it may run, watched from here; nil for the configuration's `statementTimeout`. The
  ///   server's own limit stays the configuration's.
  func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows
}

extension PostgresClient {
  package func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters
  ) async throws(PostgresError) -> PostgresRows {
    try await run(statement, parameters, timeout: nil)
  }

  /// `try await client.query("SELECT name FROM users WHERE id = $1", id)`
  package func query<each Value: PostgresEncodable>(
    _ statement: PostgresStatement, _ values: repeat each Value
  ) async throws(PostgresError) -> PostgresRows {
    try await run(statement, PostgresParameters(repeat each values), timeout: nil)
  }

  /// Runs one statement and returns the number of rows it affected.
  @discardableResult
  package func execute<each Value: PostgresEncodable>(
    _ statement: PostgresStatement, _ values: repeat each Value
  ) async throws(PostgresError) -> Int {
    try await run(statement, PostgresParameters(repeat each values), timeout: nil).affected
  }
}
