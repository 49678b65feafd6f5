package import Postgres

/// Why the schema could not be brought to where it should be.
package struct MigrationError: Error, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The list in this binary has a version twice, or one below 1.
    case invalidList
    /// An applied migration is not what the file says now.
    case changed
    /// A migration is missing although a later one was applied.
    case outOfOrder
    /// Another migrator holds the lock.
    case locked
    /// A migration failed; nothing of it remains, unless it was one without a transaction.
    case failed
    /// It was asked to end. What was in a transaction is undone; `up` begins with this migration again.
    case interrupted
    /// It cannot be undone: it has no `down`.
    case irreversible
  }

  package let code: Code
  package let message: String
  /// The file that it is about: `0004_reactions`.
  package let file: String?
  package let cause: PostgresError?
  /// The one that failed, from 1.
  package let statement: Int?

  init(
    _ code: Code, _ message: String, file: String? = nil, statement: Int? = nil, cause: PostgresError? = nil
  ) {
    self.code = code
    self.message = message
    self.file = file
    self.statement = statement
    self.cause = cause
  }

  package var isRetriable: Bool { code == .locked || cause?.isRetriable == true }

  package var description: String {
    var text = file.map { "migration \($0): \(message)" } ?? message
    if let cause {
      text += ": \(cause)"
      if let position = cause.fields.position { text += " at character \(position)" }
    }
    return text
  }
}
