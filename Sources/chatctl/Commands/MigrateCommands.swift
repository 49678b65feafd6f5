import ChatKit
import Commands
import Networking
import Postgres
import Primitives

/// `chatctl migrate`: the schema of the database.
enum MigrateCommands {
  static let group = Command(
    "migrate", summary: "Bring the database to this version's schema", subcommands: [status, up])

  private static let status = Command.operation(
    "status", summary: "List the migrations and which are applied",
    examples: [
      Example("chatctl migrate status --postgres postgresql:///chat", "1 is the answer when something is pending")
    ],
    exitCodes: [
      ExitCode.Meaning(.done, "the schema is current"),
      ExitCode.Meaning(.no, "migrations are pending, or were changed"),
      ExitCode.Meaning(.unavailable),
    ]
  ) { session in
    let configuration = try session.connections.postgresConfiguration()
    let status = try await Migrator.with(configuration, loop: session.loop) { try await $0.status() }
    for (migration, applied) in status.entries {
      let state = applied.map { "applied \($0.appliedAt)" } ?? "pending"
      try session.output.line("\(migration.fileName)  \(state)")
    }
    for migration in status.unknown {
      try session.output.line("\(migration.version)_\(migration.name)  unknown to this version")
    }
    for (migration, _) in status.changed {
      session.output.talk("\(migration.fileName) was applied in another form: its checksum differs")
    }
    return status.isCurrent ? .done : .no
  }

  private static let up = Command.operation(
    "up", summary: "Apply what is pending",
    discussion: "Two runs at once are safe: the second waits for the first.",
    examples: [Example("chatctl migrate up --postgres postgresql:///chat", "Safe to repeat")],
    exitCodes: [
      ExitCode.Meaning(.done), ExitCode.Meaning(.no, "an applied migration was changed"),
      ExitCode.Meaning(.unavailable), ExitCode.Meaning(.busy, "a lock could not be had; try again"),
    ]
  ) { session in
    let output = session.output
    let configuration = try session.connections.postgresConfiguration()
    let applied = try await Migrator.with(configuration, loop: session.loop) { migrator in
      try await migrator.up { progress in
        switch progress {
        case .waitingForLock: output.talk("another migrator is at work; waiting")
        case .started(let migration): output.talk("applying \(migration.fileName)")
        case .retrying(let migration, let attempt):
          output.talk("\(migration.fileName) waits for a lock (attempt \(attempt))")
        case .finished, .undone: break
        }
      }
    }
    for migration in applied { try output.line(migration.fileName) }
    if applied.isEmpty { output.talk("the schema is current") }
    return .done
  }
}
