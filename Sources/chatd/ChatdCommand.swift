import ChatKit
import Commands

/// chatd's command line: the settings of `ServerOptions`, the roles, and `config`. Help, manual, completions and parsing
/// follow from it.
enum ChatdCommand {
  static let config = Option<String?>(
    "config", .file.named("FILE"), defaultText: "\(ServerFile.defaultPath), if it is there", short: "c",
    help: "The configuration, a file of kind Server; 'none' reads none.", environment: "CHATD_CONFIG")

  static let program = Program(
    Command(
      "chatd", summary: "A real-time chat server",
      discussion: """
        HTTP API, Socket.IO gateway, presence and inbox worker on PostgreSQL and Redis, each a role that can run alone or
        as often as it is needed. A setting is an option, a variable or a line of the configuration file, in this order.
        """,
      examples: [
        Example("chatd all --embedded .chatd", "Everything at once, with nothing else installed or running"),
        Example(
          "chatd api --postgres postgresql:///chat --redis unix:///run/redis.sock --secrets /etc/chatd",
          "The HTTP API alone, with services that somebody else runs"),
        Example("chatd config --config chatd.yaml", "What would be in force with a file, and who says so"),
      ], options: [config] + settings,
      subcommands: [
        role(.all, "Everything in one process"),
        role(.api, "The HTTP API"),
        role(.gateway, "The Socket.IO gateway"),
        role(.presence, "Who is online: notices who came and went, and says so"),
        role(.inbox, "The worker behind the events: mentions, webhooks, push, counts"),
        ConfigCommand.command,
      ],
      exitCodes: exitCodes),
    version: Version.current, manualSection: 8)

  /// What the arguments ask for, with the configuration's file. Throws `CommandError`.
  static func parse(
    _ arguments: [String], context: @escaping @Sendable (Invocation) throws -> [String: ContextValue] = context
  ) throws -> ProgramRequest {
    try program.parse(arguments, environment: Program.environment, context: context)
  }

  /// The settings of the file. Throws `ConfigurationError`.
  static let context: @Sendable (Invocation) throws -> [String: ContextValue] = { invocation in
    guard let path = ServerFile.path(named: invocation[config]) else { return [:] }
    return try ServerFile(reading: path).context()
  }

  private static let settings: [any ParameterKey] = ServerOptions.settings

  /// Settings that cannot go together.
  static let soundness = Rule.custom { invocation in
    let conflicts = ServerOptions(invocation).conflicts
    guard !conflicts.isEmpty else { return }
    let message = conflicts.map { conflict in
      let settings = conflict.paths.compactMap(setting).map { setting in
        let value = setting.value(of: invocation.texts(of: setting.parameter))?.joined(separator: ",") ?? ""
        if value.isEmpty { return "\(setting.path) (not set)" }
        return "\(setting.path) (\(value), \(SettingSource.text(of: setting, in: invocation)))"
      }
      return "\(settings.joined(separator: " and ")): \(conflict.reason)"
    }.joined(separator: "\n")
    let isOfFile = conflicts.flatMap(\.paths).compactMap(setting).contains { setting in
      if case .context = invocation.source(of: setting.parameter) { true } else { false }
    }
    throw isOfFile ? ConfigurationError(.invalidInput, message) : UsageError(.conflict, message)
  }

  static func setting(_ path: String) -> Setting? { ServerOptions.settings.first { $0.path == path } }

  private static func role(_ role: Options.Role, _ summary: String) -> Command {
    Command(
      role.rawValue, summary: summary, group: "Roles",
      rules: [soundness, .custom { try Backends.check($0, for: role) }],
      exitCodes: exitCodes)
  }

  static let exitCodes: [ExitCode.Meaning] = [
    .init(.done, "stopped as asked"), .init(.usage), .init(.invalidInput, "the configuration's file is invalid"),
    .init(.unavailable, "a backend is away"), .init(.internalError), .init(.cannotCreate),
    .init(.busy, "another process holds the folder or the database, try again"),
    .init(.notPermitted, "a file may not be read"),
    .init(.interrupted, "stopped at once by a second signal"),
  ]
}
