package import Primitives

/// A migration that was begun and has not come to its end: a row of `schema_migration_attempts`, which goes when the
/// migration is applied. It is written outside the migration's transaction, so that it outlives that.
package struct MigrationAttempt: Sendable, Equatable {
  package let version: Int
  package let name: String
  /// Of what was run then; a file that has changed since is another one.
  package let checksum: String
  /// The statement that was run last, from 1; of those of a transaction the one that failed, 0 when it has not.
  package let statement: Int
  /// How many there were.
  package let statements: Int
  /// The statement's line in the migration, from 1; of the error where PostgreSQL told it.
  package let line: Int
  package let startedAt: Timestamp
  /// Who ran it: the connection's application name, which has the process and its host.
  package let startedBy: String
  /// Nil for one that goes on, or whose process died.
  package let failedAt: Timestamp?
  package let sqlState: String?
  package let error: String?
}
