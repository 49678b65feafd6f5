/// The statements of one transaction, on the connection that it holds. On the loop, and not after the body that it was
/// given to has returned.
package final class PostgresTransaction: PostgresClient, @unchecked Sendable {
  package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
  }

  package let connection: PostgresConnection
  /// Goes out with the first statement, in the same group: a statement never runs outside.
  private var begin: PostgresStatement?
  private var isOver = false

  init(_ connection: PostgresConnection, begin: PostgresStatement) {
    self.connection = connection
    self.begin = begin
  }

  /// A lost connection is certain to have undone the transaction as long as COMMIT was not sent: the outcome of every
  /// error here is `.notExecuted`.
  package func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows {
    guard !isOver else { throw PostgresError(.closed, "the transaction is over") }
    let request = connection.request(statement, parameters, begin: begin, timeout: timeout)
    begin = nil
    do {
      return try await connection.perform(request)
    } catch {
      throw error.outcome == .unknown ? error.with(outcome: .notExecuted) : error
    }
  }

  /// Runs several statements, none of which may end the transaction.
  package func script(_ sql: String, timeout: Duration? = nil) async throws(PostgresError) {
    if begin != nil { _ = try await run("SELECT 1", PostgresParameters()) }
    guard !isOver else { throw PostgresError(.closed, "the transaction is over") }
    try await connection.script(sql, timeout: timeout)
    guard connection.isInTransaction else {
      isOver = true
      throw PostgresError(.configuration, "the script ended the transaction that it runs in", outcome: .unknown)
    }
  }

  func commit() async throws(PostgresError) {
    isOver = true
    // Nothing was asked, so nothing was begun.
    if begin != nil { return }
    let rows = try await connection.perform(connection.request("COMMIT", PostgresParameters()), isShielded: true)
    // The server answers so when a statement had failed and the body went on as if it had not.
    if rows.commandTag == "ROLLBACK" {
      throw PostgresError(
        .server, "the transaction was rolled back because one of its statements had failed",
        sqlState: .transactionAborted)
    }
  }

  /// Leaves the connection as it was, or closed.
  func rollback() async {
    isOver = true
    if begin != nil { return }
    do {
      _ = try await connection.perform(connection.request("ROLLBACK", PostgresParameters()), isShielded: true)
    } catch {
      connection.close()
    }
  }
}

extension PostgresConnection {
  /// Runs `body` in a transaction, commits when it returns and rolls back when it throws. The connection must have no
  /// other requests meanwhile.
  package func transaction<Result>(
    isolation: PostgresTransaction.Isolation = .readCommitted, readOnly: Bool = false,
    _ body: (PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    let transaction = PostgresTransaction(self, begin: Self.begin(isolation, readOnly))
    let result: Result
    do {
      result = try await body(transaction)
    } catch {
      await transaction.rollback()
      throw error
    }
    try await transaction.commit()
    return result
  }

  private static func begin(_ isolation: PostgresTransaction.Isolation, _ readOnly: Bool) -> PostgresStatement {
    switch (isolation, readOnly) {
    case (.readCommitted, false): "BEGIN ISOLATION LEVEL READ COMMITTED"
    case (.readCommitted, true): "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
    case (.repeatableRead, false): "BEGIN ISOLATION LEVEL REPEATABLE READ"
    case (.repeatableRead, true): "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    case (.serializable, false): "BEGIN ISOLATION LEVEL SERIALIZABLE"
    case (.serializable, true): "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"
    }
  }
}
