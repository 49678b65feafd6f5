package import Primitives

/// A row of `schema_migrations`.
package struct AppliedMigration: Sendable, Equatable {
  package let version: Int
  package let name: String
  package let checksum: String
  package let appliedAt: Timestamp
  package let duration: Duration
}

/// A database's schema compared with this binary's migrations.
package struct MigrationStatus: Sendable {
  /// Every migration of this binary, with what is known of its application.
  package let entries: [(migration: Migration, applied: AppliedMigration?)]
  /// Applied, and not known here: the database belongs to a newer binary.
  package let unknown: [AppliedMigration]

  init(migrations: [Migration], applied: [AppliedMigration]) {
    let byVersion = Dictionary(applied.map { ($0.version, $0) }) { $1 }
    let known = Set(migrations.map(\.version))
    entries = migrations.sorted { $0.version < $1.version }.map { ($0, byVersion[$0.version]) }
    unknown = applied.filter { !known.contains($0.version) }
  }

  package var pending: [Migration] { entries.filter { $0.applied == nil }.map(\.migration) }

  /// Applied migrations whose file has changed since.
  package var changed: [(migration: Migration, applied: AppliedMigration)] {
    entries.compactMap { entry in
      guard let applied = entry.applied, applied.checksum != entry.migration.checksum else { return nil }
      return (entry.migration, applied)
    }
  }

  /// The highest version that was applied; 0 for an empty database.
  package var version: Int {
    max(entries.compactMap { $0.applied?.version }.max() ?? 0, unknown.map(\.version).max() ?? 0)
  }

  /// The schema is what this binary needs, or newer.
  package var isCurrent: Bool { pending.isEmpty && changed.isEmpty }

  /// Throws `MigrationError` (changed, outOfOrder) for what must be settled before anything is run.
  package func verify() throws(MigrationError) {
    if let (migration, applied) = changed.first {
      throw MigrationError(
        .changed,
        "was applied at \(applied.appliedAt) with checksum \(applied.checksum.prefix(12)), and its file now has "
          + "\(migration.checksum.prefix(12)): restore the file, or repair the record if the change is harmless",
        file: migration.fileName)
    }
    if let late = pending.first(where: { $0.version < version }) {
      throw MigrationError(
        .outOfOrder, "is not applied although \(version) is: give it a number above \(version)", file: late.fileName)
    }
  }
}

/// What a migrator is doing, for whoever watches.
package enum MigrationProgress: Sendable {
  /// Another migrator holds the lock.
  case waitingForLock
  case started(Migration)
  /// It could not have a lock on a table within `lock_timeout`, and is tried again.
  case retrying(Migration, attempt: Int)
  case finished(Migration, duration: Duration)
  case undone(Migration)
}
