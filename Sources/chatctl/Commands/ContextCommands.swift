import ChatKit
import Commands

/// `chatctl context`: the installations that an operator switches between.
enum ContextCommands {
  static let group = Command(
    "context", summary: "Choose which installation is meant",
    discussion: """
      A context says where an installation's PostgreSQL, Redis, Kafka and chatd are: any of chatd's settings, url, adminURL \
      and tokenFile. Contexts stand in ~/.config/chatctl/config.yaml; docs/CHATCTL.md has an example.
      """,
    examples: [
      Example("chatctl context list", "Which there are"),
      Example("chatctl context use production", "That one from now on"),
    ],
    group: "Settings", subcommands: [list, use, show])

  private static let name = Argument(
    "name",
    ValueType<String>.string.completed { request in
      guard let file = try? ContextFile.at(request[ConnectionOptions.contexts] ?? nil) else { return [] }
      return file.contexts.map { Candidate($0.name) }
    }, help: "The context's name.")

  private static let exitCodes: [ExitCode.Meaning] = [
    .init(.done), .init(.usage, "wrong usage, or there is no such context"),
    .init(.invalidInput, "the file of the contexts is wrong"),
  ]

  private static let list = Command.operation(
    "list", summary: "List the contexts",
    examples: [Example("chatctl context list", "Which there are, and which is in force")],
    exitCodes: exitCodes,
    records: RecordSchema(
      "context",
      [
        .init("name", "The name"), .init("current", .boolean, "Whether it is in force"),
        .init("place", wide: true, "Where it stands"),
      ])
  ) { session in
    let file = try ContextFile.of(session.invocation)
    let current = try file.selected(session[ConnectionOptions.context])
    let writer = try session.records()
    for context in file.contexts {
      try writer.add([
        .string(context.name), .boolean(context.name == current), .string("\(file.path):\(context.mark)"),
      ])
    }
    try writer.finish()
    return .done
  }

  private static let use = Command.operation(
    "use", summary: "Make a context the current one",
    examples: [Example("chatctl context use production", "From now on")],
    arguments: [name], exitCodes: exitCodes + [.init(.cannotCreate, "the choice cannot be written")]
  ) { session in
    let file = try ContextFile.of(session.invocation)
    try file.choose(session[name])
    session.talk("the current context is \(session[name])")
    return .done
  }

  private static let show = Command.operation(
    "show", summary: "Show the settings in force, and who says so",
    examples: [Example("chatctl context show --context production", "What commands would talk to")],
    exitCodes: exitCodes,
    records: RecordSchema(
      "setting", [.init("setting", "The setting"), .init("value", "Its value"), .init("from", "Who says so")])
  ) { session in
    let writer = try session.records()
    for setting in ConnectionOptions.settings {
      let source = session.invocation.source(of: setting.parameter)
      guard source != .default else { continue }
      let from =
        switch source {
        case .commandLine: "--\(setting.parameter.name)"
        case .environment(let name): name
        case .context(let place): place
        case .default: "default"
        }
      let texts = session.invocation.texts(of: setting.parameter) ?? []
      try writer.add([.string(setting.path), .string(texts.joined(separator: ",")), .string(from)])
    }
    try writer.finish()
    return .done
  }
}
