import ChatKit
import Commands
import Networking
import Postgres
import Primitives

/// `chatctl migrate`: the schema of the database.
enum MigrateCommands {
  private static let postgres = Option(
    required: "postgres", .postgres, help: "PostgreSQL, as libpq has it: postgresql://user@host/database.",
    environment: "CHATD_POSTGRES")

  private static let passwordFile = Option<String?>(
    "postgres-password-file", .file, defaultText: "the credential postgres-password, if there is one",
    help: "The file with PostgreSQL's password.", environment: "CHATD_POSTGRES_PASSWORD_FILE")

  /// Throws `ConfigurationError` when the password cannot be read.
  private static func configuration(_ invocation: Invocation) throws -> PostgresConfiguration {
    var configuration = PostgresConfiguration(connectionString: invocation[postgres])
    configuration.applicationName = "chatctl"
    configuration.password = try Secret(
      name: "postgres.password", file: invocation[passwordFile], credential: "postgres-password"
    ).read()
    return configuration
  }

  static func group(_ loop: EventLoop) -> Command {
    Command(
      "migrate", summary: "Bring the database to this version's schema", options: [postgres, passwordFile],
      subcommands: [status(loop), up(loop)])
  }

  private static func status(_ loop: EventLoop) -> Command {
    Command(
      "status", summary: "List the migrations and which are applied",
      examples: [
        Example("chatctl migrate status --postgres postgresql:///chat", "1 is the answer when something is pending")
      ],
      exitCodes: [
        ExitCode.Meaning(.done, "the schema is current"),
        ExitCode.Meaning(.no, "migrations are pending, or were changed"),
        ExitCode.Meaning(.unavailable),
      ]
    ) { invocation in
      let configuration = try configuration(invocation)
      let status = try await Migrator.with(configuration, loop: loop) { try await $0.status() }
      for (migration, applied) in status.entries {
        let state = applied.map { "applied \($0.appliedAt)" } ?? "pending"
        try invocation.output.line("\(migration.fileName)  \(state)")
      }
      for migration in status.unknown {
        try invocation.output.line("\(migration.version)_\(migration.name)  unknown to this version")
      }
      for (migration, _) in status.changed {
        invocation.output.talk("\(migration.fileName) was applied in another form: its checksum differs")
      }
      return status.isCurrent ? .done : .no
    }
  }

  private static func up(_ loop: EventLoop) -> Command {
    Command(
      "up", summary: "Apply what is pending",
      discussion: "Two runs at once are safe: the second waits for the first.",
      examples: [Example("chatctl migrate up --postgres postgresql:///chat", "Safe to repeat")],
      exitCodes: [
        ExitCode.Meaning(.done), ExitCode.Meaning(.no, "an applied migration was changed"),
        ExitCode.Meaning(.unavailable), ExitCode.Meaning(.busy, "a lock could not be had; try again"),
      ]
    ) { invocation in
      let output = invocation.output
      let configuration = try configuration(invocation)
      let applied = try await Migrator.with(configuration, loop: loop) { migrator in
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
}
