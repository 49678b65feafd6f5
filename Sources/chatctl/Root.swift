import ChatKit
import Commands

/// The command tree.
enum Root {
  static let program = Program(
    Command(
      "chatctl", summary: "Run a chat system",
      discussion: """
        Operates what chatd serves, over the same PostgreSQL, Redis and Kafka. Where they are is said by options, variables, \
        a context (see 'chatctl context'), or chatd's own configuration.
        """,
      examples: [
        Example("chatctl migrate up --embedded .chatd", "With what 'chatd all --embedded .chatd' has started"),
        Example("chatctl context use production", "Another installation from now on"),
      ],
      options: ([CommonOptions.noInput, CommonOptions.timeout] + ConnectionOptions.keys).map { GlobalKey($0) },
      subcommands: [
        MigrateCommands.group, UserCommands.group, LagCommands.group, TopicCommands.group, DeadCommands.group,
        OutboxCommands.group, TraceCommand.command, CheckCommands.check, WaitCommands.group, CheckCommands.doctor,
        ContextCommands.group,
      ]),
    version: Version.current)
}

/// An option of every command.
private struct GlobalKey: ParameterKey {
  let parameter: Parameter

  init(_ key: any ParameterKey) { parameter = key.parameter.asGlobal }

  func value(of texts: [String]?) -> [String]? { texts ?? [] }
}
