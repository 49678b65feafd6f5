/// What went wrong with PostgreSQL, whether it may have taken effect, and whether trying again can help.
///
/// `description` is safe to show to an operator: it has the server's message, and neither the detail, which quotes
/// values, nor the statement. `debugDescription` has everything.
package struct PostgresError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  package enum Code: String, Sendable {
    /// The server refused the statement; `sqlState` says why.
    case server
    /// The connection string or a setting is wrong.
    case configuration
    /// No connection could be made.
    case connect
    /// The connection ended while it was in use.
    case connectionLost
    /// The connection or the pool was closed here.
    case closed
    /// Too many requests are waiting already.
    case overloaded
    /// No connection of the pool became free in time.
    case acquireTimeout
    /// The statement ran longer than it may.
    case timeout
    /// The Swift task was cancelled.
    case cancelled
    /// The result does not have the shape that the caller asked for.
    case decoding
    /// The server or libpq behaved in a way this client does not know.
    case protocolViolation
  }

  /// Whether the statement may have taken effect.
  package enum Outcome: String, Sendable {
    /// It has not: it was never sent, or the server rolled it back.
    case notExecuted
    /// The connection ended after it was sent and before the answer came.
    case unknown
  }

  package struct Fields: Sendable {
    package var severity: String?
    package var detail: String?
    package var hint: String?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var dataType: String?
    package var constraint: String?
    package var context: String?
    /// Where in the statement, in characters from 1.
    package var position: Int?
    /// The server's function that reported it.
    package var routine: String?
  }

  private final class Storage: Sendable {
    let code: Code
    let sqlState: SQLState?
    let message: String
    let outcome: Outcome
    let fields: Fields
    let cause: (any Error)?

    init(
      _ code: Code, _ sqlState: SQLState?, _ message: String, _ outcome: Outcome, _ fields: Fields,
      _ cause: (any Error)?
    ) {
      self.code = code
      self.sqlState = sqlState
      self.message = message
      self.outcome = outcome
      self.fields = fields
      self.cause = cause
    }
  }

  private let storage: Storage

  /// The task was cancelled before anything was sent.
  static let taskCancelled = PostgresError(.cancelled, "the task was cancelled")

  package init(
    _ code: Code, _ message: String, sqlState: SQLState? = nil, outcome: Outcome = .notExecuted,
    fields: Fields = Fields(), cause: (any Error)? = nil
  ) {
    storage = Storage(code, sqlState, message, outcome, fields, cause)
  }

  package var code: Code { storage.code }
  package var sqlState: SQLState? { storage.sqlState }
  package var message: String { storage.message }
  package var outcome: Outcome { storage.outcome }
  package var fields: Fields { storage.fields }
  package var cause: (any Error)? { storage.cause }
  package var detail: String? { storage.fields.detail }
  package var constraint: String? { storage.fields.constraint }
  package var table: String? { storage.fields.table }

  /// The same request may succeed later. With `outcome == .unknown` it may also have succeeded already: retry only what
  /// is idempotent.
  package var isRetriable: Bool {
    switch code {
    case .connectionLost, .overloaded, .acquireTimeout, .timeout: return true
    case .connect, .server: break
    case .configuration, .closed, .cancelled, .decoding, .protocolViolation: return false
    }
    guard let sqlState else { return code == .connect }
    switch sqlState.category {
    // Connection exception, transaction rollback, insufficient resources, operator intervention, system error.
    case "08", "40", "53", "57", "58": return true
    default: return sqlState == .lockNotAvailable || isStatementStale
    }
  }

  /// The prepared statement no longer fits: the schema has changed, or the server has forgotten it. Nothing ran.
  package var isStatementStale: Bool {
    sqlState == .invalidStatementName
      || sqlState == .featureNotSupported && storage.fields.routine == "RevalidateCachedQuery"
  }

  /// The transaction lost a race and can be run again as a whole.
  package var isSerializationFailure: Bool { sqlState == .serializationFailure || sqlState == .deadlockDetected }

  /// The statement certainly did not run, for a reason that another connection may not have.
  var isWorthAnotherConnection: Bool { isStatementStale || code == .connectionLost && outcome == .notExecuted }

  /// The server is ending this session, or all.
  var endsConnection: Bool {
    storage.fields.severity == "FATAL" || storage.fields.severity == "PANIC"
  }

  /// The same error under another code or outcome.
  func with(code: Code? = nil, outcome: Outcome? = nil) -> PostgresError {
    PostgresError(
      code ?? storage.code, storage.message, sqlState: storage.sqlState, outcome: outcome ?? storage.outcome,
      fields: storage.fields, cause: storage.cause)
  }

  package var description: String {
    var text = "PostgreSQL: \(message)"
    if let sqlState { text += " (\(sqlState))" }
    if outcome == .unknown { text += "; it may have taken effect" }
    return text
  }

  package var debugDescription: String {
    var text = "\(description) [\(code.rawValue)]"
    let fields = fields
    for (name, value) in [
      ("detail", fields.detail), ("hint", fields.hint), ("table", fields.table), ("column", fields.column),
      ("constraint", fields.constraint), ("context", fields.context), ("position", fields.position.map { "\($0)" }),
    ] {
      if let value { text += ", \(name): \(value)" }
    }
    if let cause { text += ", cause: \(cause)" }
    return text
  }
}
