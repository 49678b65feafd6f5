// Migrations: how the database came to be what it is, and how it becomes what this binary needs.
//
// Pattern. Each migration is a value in a file of its own, `Scripts/NNNN_name.swift`, which holds its SQL; the binary
// carries them all. `Migrator` compares them with the table `schema_migrations` and runs what is missing, in order.
//
// Invariants.
// - One migrator at a time works on a database: a session advisory lock sees to it, and the second waits.
// - A migration and its row in `schema_migrations` are one transaction, unless it is marked as one that cannot be.
// - What was applied is not edited: its checksum is compared before anything runs, and a difference names the file.
// - A migration does not hold up the service: `lock_timeout` ends its waiting for a lock, and it is tried again.
//   Schemas are expanded first and contracted in a later release, so that the binaries of two releases can run together.

import Primitives

/// One step of the schema.
package struct Migration: Sendable {
  /// From 1, without duplicates; they are applied in this order.
  package let version: Int
  /// Letters, digits and underscores; with the version it is the file's name.
  package let name: String
  /// What is run: a script in one transaction, or statements one by one.
  package let statements: [String]
  /// What undoes it, where that is possible.
  package let down: String?
  /// False for what PostgreSQL refuses inside a transaction, such as CREATE INDEX CONCURRENTLY.
  package let isTransactional: Bool
  /// What `MigrationLint` finds in it and is meant to be so, each with the reason.
  package let allowed: [MigrationLint.Rule: String]
  /// SHA-256 of the statements, in hexadecimal.
  package let checksum: String

  /// A migration in one transaction; `sql` is any number of statements, and none of them ends it.
  package init(
    version: Int, name: String, sql: String, down: String? = nil, allowing allowed: [MigrationLint.Rule: String] = [:]
  ) {
    self.init(version, name, [sql], down, isTransactional: true, allowed)
  }

  /// A migration that runs statement by statement outside a transaction. It may be cut short and is run again from the
  /// beginning then: each statement must be repeatable (`IF NOT EXISTS`).
  package init(
    version: Int, name: String, withoutTransaction statements: [String], down: String? = nil,
    allowing allowed: [MigrationLint.Rule: String] = [:]
  ) {
    self.init(version, name, statements, down, isTransactional: false, allowed)
  }

  private init(
    _ version: Int, _ name: String, _ statements: [String], _ down: String?, isTransactional: Bool,
    _ allowed: [MigrationLint.Rule: String]
  ) {
    self.allowed = allowed
    self.version = version
    self.name = name
    self.statements = statements
    self.down = down
    self.isTransactional = isTransactional
    checksum = Self.checksum(of: statements)
  }

  /// The single statements that it runs, in their order.
  package var parts: [SQLScript.Statement] { statements.flatMap { SQLScript($0).statements } }

  /// `0001_foundation`
  package var fileName: String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + "\(digits)_\(name)"
  }

  /// The parts are told apart by a zero byte, which no SQL contains.
  private static func checksum(of statements: [String]) -> String {
    Hex.encode(SHA256.digest(Array(statements.joined(separator: "\0").utf8)))
  }
}
