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

  /// The latest `count` applied migrations, the latest first. Throws `MigrationError` when one of them has no way back, or
  /// was changed.
  package func undoing(_ count: Int) throws(MigrationError) -> [Migration] {
    try verify()
    if count > 0, let newer = unknown.last(where: { $0.version > (entries.last?.migration.version ?? 0) }) {
      throw MigrationError(
        .irreversible, "\(newer.version)_\(newer.name) was applied after it by a newer version, which alone can undo it"
      )
    }
    let latest = entries.filter { $0.applied != nil }.suffix(max(0, count)).reversed().map(\.migration)
    if let final = latest.first(where: { $0.down == nil }) {
      throw MigrationError(
        .irreversible, "has no way back: restore a backup, or write a migration that follows it", file: final.fileName)
    }
    return Array(latest)
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
  case waitingForLock(LockHolder)
  case started(Migration)
  /// It could not have a lock on a table within `lock_timeout`, and is tried again.
  case retrying(Migration, attempt: Int)
  /// A statement of it waits for locks that others have: those who were not told of yet.
  case blocked(Migration, by: [LockBlocker])
  case finished(Migration, duration: Duration)
  case undone(Migration)
}
