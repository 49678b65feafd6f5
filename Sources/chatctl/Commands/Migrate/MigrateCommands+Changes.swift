import ChatKit
import Commands

extension MigrateCommands {
  private static let changed: [ExitCode.Meaning] = [
    .init(.no, "an applied migration was changed, or one failed: 'chatctl migrate doctor' says more"),
    .init(.busy, "a lock could not be had, or another migrator is at work for long; try again"),
  ]

  private static let one = RecordSchema("migration", [.init("migration", "Its file")])

  /// Says what a migrator does, to people.
  private static func tell(_ session: Session, _ progress: MigrationProgress) {
    switch progress {
    case .waitingForLock(let holder): session.talk("waiting for \(holder)")
    case .started(let migration): session.talk("applying \(migration.fileName)")
    case .retrying(let migration, let attempt):
      session.talk("\(migration.fileName) waits for a lock (attempt \(attempt))")
    case .blocked(let migration, let blockers):
      for blocker in blockers {
        session.talk("\(migration.fileName) waits for \(blocker)")
        if !blocker.isWaiting { session.talk("  to end that: \(blocker.remedy)") }
      }
    case .finished, .undone: break
    }
  }

  private static func write(_ migrations: [Migration], _ session: Session) throws {
    let writer = try session.records()
    for migration in migrations { try writer.add([.string(migration.fileName)]) }
    try writer.finish()
  }

  /// Runs `body` with a migrator that Ctrl-C ends, with everything consistent.
  private static func stoppable<Result>(
    _ session: Session, _ body: (Migrator) async throws -> Result
  ) async throws -> Result {
    var options = Migrator.Options()
    let stop = MigrationStop()
    options.stop = stop
    session.interruption.whenRequested = { stop.request() }
    defer { session.interruption.whenRequested = nil }
    do {
      return try await session.resumable { try await migrator(session, options, body) }
    } catch {
      if let error = error as? MigrationError, error.code == .interrupted {
        session.talk("chatctl: \(error)")
        try session.checkpoint(resume: session.invocation.line())
      }
      throw error
    }
  }

  // MARK: up

  static let up = Command.operation(
    "up", summary: "Apply what is pending",
    discussion: """
      Two runs at once are safe: the second names the first and waits for it. A statement that waits for a lock names who has \
      it, and the line that ends them. Ctrl-C cancels the statement that runs: a migration is undone as a whole, one without a \
      transaction is begun again by the next run.
      """,
    examples: [
      Example("chatctl migrate up --postgres postgresql:///chat", "Safe to repeat"),
      Example("chatctl migrate up --to 8 --dry-run --embedded .chatd", "What would be applied"),
    ],
    options: [target], exitCodes: [.init(.done)] + changed + unchanged + [.init(.interrupted)], records: one,
    changes: true
  ) { session in
    let applied = try await stoppable(session) { migrator -> [Migration] in
      let last = session[target] ?? .max
      if session.isDryRun {
        let status = try await migrator.status()
        try status.verify()
        return status.pending.filter { $0.version <= last }
      }
      return try await migrator.up(to: last) { tell(session, $0) }
    }
    if applied.isEmpty { session.talk("the schema is current") } else { try write(applied, session) }
    return .done
  }

  // MARK: down

  private static let count = Option("count", .int(1...1000).named("N"), default: 1, help: "How many, the latest first.")

  static let down = Command.operation(
    "down", summary: "Undo the latest migrations",
    discussion: """
      What the migration's tables held is gone. A migration that has no way back is refused before anything is done.
      """,
    examples: [Example("chatctl migrate down --dry-run --embedded .chatd", "What would be undone")],
    options: [count],
    exitCodes: [.init(.done), .init(.no, "one of them has no way back, was changed, or failed")]
      + changed.dropFirst() + unchanged + [.init(.interrupted)],
    records: one, changes: true, asks: true
  ) { session in
    let undone = try await stoppable(session) { migrator -> [Migration] in
      let latest = try await migrator.status().undoing(session[count])
      if session.isDryRun || latest.isEmpty { return latest }
      let names = latest.map(\.fileName).joined(separator: ", ")
      try session.confirm("Undo \(names), with what its tables hold", typing: latest[0].fileName)
      return try await migrator.down(count: latest.count) { tell(session, $0) }
    }
    if undone.isEmpty { session.talk("there is nothing to undo") } else { try write(undone, session) }
    return .done
  }

  // MARK: repair

  static let repair = Command.operation(
    "repair", summary: "Put right what 'migrate doctor' has found and a program can",
    discussion: """
      Records the checksums of changed files, drops invalid indexes CONCURRENTLY, validates constraints, forgets attempts of \
      migrations that are no more. Never touches a row of the service's data.
      """,
    examples: [Example("chatctl migrate repair --dry-run --embedded .chatd", "What it would do")],
    exitCodes: [
      .init(.done, "repaired, or nothing to do"), .init(.no, "something is left that only a person can repair"),
    ]
      + changed.dropFirst() + unchanged,
    records: problems, changes: true, asks: true
  ) { session in
    let (repaired, left) = try await migrator(session) { migrator -> ([MigrationProblem], [MigrationProblem]) in
      let found = try await migrator.diagnose()
      let automatic = found.filter(\.repair.isAutomatic)
      let left = found.filter { !$0.repair.isAutomatic }
      if session.isDryRun || automatic.isEmpty { return (automatic, left) }
      // An accepted checksum hides for good that the schema is not what the file says.
      let accepted = automatic.filter { $0.kind == .changed }.map(\.subject)
      if !accepted.isEmpty {
        try session.confirm("Take \(accepted.joined(separator: ", ")) for what was applied, as changed since")
      }
      return (try await migrator.repair { tell(session, $0) }, left)
    }
    if repaired.isEmpty { session.talk("there is nothing to repair") } else { try write(repaired, session) }
    for problem in left { session.talk("left: \(problem.subject) \(problem.message): \(problem.repair)") }
    return left.isEmpty ? .done : .no
  }

  // MARK: baseline

  private static let last = Argument(
    "last", .int(1...1_000_000), help: "The last migration whose effects the schema has already.")

  static let baseline = Command.operation(
    "baseline", summary: "Record migrations as applied without running them",
    discussion: "For a database that has the schema already, as one restored without its table schema_migrations.",
    examples: [Example("chatctl migrate baseline 8 --dry-run --embedded .chatd", "What would be recorded")],
    arguments: [last], exitCodes: [.init(.done), .init(.no, "there is no such migration")] + unchanged,
    records: one, changes: true, asks: true
  ) { session in
    let last = session[Self.last]
    guard Migration.all.contains(where: { $0.version == last }) else {
      throw CommandFailure(
        .no, "there is no migration \(last)",
        hint: "The last one of this version is \(Migration.all.map(\.version).max() ?? 0).")
    }
    let recorded = try await migrator(session) { migrator -> [Migration] in
      let pending = try await migrator.status().pending.filter { $0.version <= last }
      if session.isDryRun || pending.isEmpty { return pending }
      try session.confirm("Record \(pending.count) migrations up to \(last) as applied, without running them")
      return try await migrator.baseline(version: last)
    }
    if recorded.isEmpty { session.talk("there is nothing to record") } else { try write(recorded, session) }
    return .done
  }
}
