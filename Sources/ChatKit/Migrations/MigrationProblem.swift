/// Something that is wrong with a schema's migrations, and what puts it right.
package struct MigrationProblem: Sendable {
  package enum Kind: String, Sendable {
    /// A migration failed, or its process died.
    case failed
    /// A migrator has been at work for long, and its migration has not ended.
    case running
    /// A session that the running migration waits for.
    case blocking
    /// An applied migration's file is another one now.
    case changed
    /// A migration is missing although a later one was applied.
    case outOfOrder
    /// The database is that of a newer version.
    case unknown
    /// An index whose building was cut short: it costs every write and serves no read.
    case invalidIndex
    /// Constraints that were added NOT VALID and never validated.
    case notValidated
    /// There are tables of the system, and nothing says which migrations made them.
    case unrecorded
  }

  package enum Repair: Sendable, Equatable {
    /// `migrate up` goes on: nothing has to be put right before.
    case up
    /// Records the file's checksum as what was applied.
    case acceptChecksum(version: Int)
    /// Drops an index, CONCURRENTLY; the migration makes it again.
    case dropIndex(name: String)
    /// Validates a constraint.
    case validate(table: String, constraint: String)
    /// Forgets an attempt whose migration has another checksum or is none of this version's.
    case forgetAttempt(version: Int)
    /// Only a person can: the text says what.
    case byHand(String)
  }

  package let kind: Kind
  /// The migration's file name, the index or the constraint.
  package let subject: String
  /// Of the migration, from 1.
  package let statement: Int?
  package let line: Int?
  package let message: String
  package let repair: Repair

  init(
    _ kind: Kind, _ subject: String, _ message: String, statement: Int? = nil, line: Int? = nil, repair: Repair
  ) {
    self.kind = kind
    self.subject = subject
    self.message = message
    self.statement = statement
    self.line = line
    self.repair = repair
  }
}

extension MigrationProblem.Repair: CustomStringConvertible {
  package var description: String {
    switch self {
    case .up: "mend what the message says, then 'chatctl migrate up': it begins with this migration again"
    case .acceptChecksum: "restore the file; or, where the change is harmless, 'chatctl migrate repair' records it"
    case .dropIndex: "'chatctl migrate repair' drops it, and 'chatctl migrate up' builds it anew"
    case .validate: "'chatctl migrate repair' validates it beside the running service"
    case .forgetAttempt: "'chatctl migrate repair' forgets the attempt"
    case .byHand(let text): text
    }
  }

  /// Whether `migrate repair` does something.
  package var isAutomatic: Bool {
    switch self {
    case .up, .byHand: false
    default: true
    }
  }
}
