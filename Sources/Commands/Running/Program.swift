/// A program: its command, and what follows from it.
package struct Program: Sendable {
  /// The heading of what every program has.
  static let helpGroup = "Help"
  static let help = Flag("help", short: "h", help: "Show this help.", group: helpGroup)
  static let version = Flag("version", help: "Show the version.", group: helpGroup)
  private static let topic = topic(of: nil)
  private static let asJSON = Flag("json", help: "Print all that is declared, in JSON, for programs.")
  private static let asList = Flag(
    "list", help: "Print the names of all pages, each with its command's words behind a tab.")
  private static let shell = Argument("shell", ValueType<Shell>.choice("SHELL"), help: "The shell to complete in.")

  /// The declared command with what every program has: --help, --version, and the commands help, completion, man and
  /// version if it has commands at all.
  package let root: Command
  package let version: String
  /// 1 for commands, 8 for daemons.
  package let manualSection: Int

  package var name: String { root.name }

  package init(_ command: Command, version: String, manualSection: Int = 1) {
    root = command.adding(
      options: [Self.help, Self.version], subcommands: command.subcommands.isEmpty ? [] : Self.builtins(of: command))
    self.version = version
    self.manualSection = manualSection
  }

  /// A command's words as an argument, completed with those of `root`.
  private static func topic(of root: Command?) -> Argument<[String]> {
    let type = ValueType<String>.string.completed { request in
      var command = root
      for word in request.given["command"] ?? [] { command = command?.subcommand(word) }
      return (command?.subcommands ?? []).filter { !$0.isHidden }.map { Candidate($0.name, $0.summary) }
    }
    return Argument(repeated: "command", type, times: 0...8, help: "The command, word by word.")
  }

  private static func builtins(of root: Command) -> [Command] {
    let name = root.name
    let topic = topic(of: root)
    var help = Command(
      "help", summary: "Show the help of a command", group: "More commands", options: [asJSON], arguments: [topic])
    help.builtin = .help
    var completion = Command(
      "completion", summary: "Print a completion script for a shell",
      discussion: "The script completes commands, options and values where the shell looks for it:",
      examples: [
        Example("source <(\(name) completion bash)", "In this bash"),
        Example("\(name) completion bash > /etc/bash_completion.d/\(name)", "In every bash"),
        Example("\(name) completion zsh > \"${fpath[1]}/_\(name)\"", "In zsh"),
        Example("\(name) completion fish > ~/.config/fish/completions/\(name).fish", "In fish"),
      ], group: "More commands", arguments: [shell])
    completion.builtin = .completion
    var manual = Command(
      "man", summary: "Print a manual page (roff)",
      examples: [Example("\(name) man | man -l -", "Read it")], group: "More commands", options: [asList],
      arguments: [topic])
    manual.builtin = .manual
    var version = Command("version", summary: "Show the version", group: "More commands")
    version.builtin = .version
    return [help, completion, manual, version]
  }

  // MARK: Parsing

  /// What the arguments ask for.
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: a variable's value.
  ///   - terminal: what help is laid out for.
  ///   - context: the values of the program's configuration by their parameters' names. It is asked with an invocation
  ///     that has only what command line and environment say, and may lack what is required.
  /// - Throws: a `UsageError`, or what `context` throws.
  package func parse(
    _ arguments: [String], environment: (String) -> String? = { _ in nil }, terminal: Terminal = .plain,
    context: ((Invocation) throws -> [String: ContextValue])? = nil
  ) throws -> ProgramRequest {
    switch arguments.first {
    case "__complete": return .complete(CompletionRequest(Array(arguments.dropFirst())))
    case "__describe": return .answer(String(decoding: json(), as: UTF8.self) + "\n")
    default: break
    }
    var reader = ArgumentReader(root, arguments)
    do {
      switch try reader.read() {
      case .help: return .answer(help(reader.path, terminal))
      case .version: return .answer("\(name) \(version)\n")
      case nil: break
      }
      guard reader.command.subcommands.isEmpty || reader.command.action != nil else {
        throw missingCommand(reader.command)
      }
      let invocation = try withoutActuallyEscaping(environment) { environment in
        try Resolution(
          path: reader.path, given: reader.given, warnings: reader.warnings, environment: environment
        ).invocation(reader.words, context: context)
      }
      guard let builtin = reader.command.builtin else { return .run(invocation) }
      return .answer(try answer(builtin, invocation, terminal))
    } catch var error as UsageError {
      error.path = reader.path.map(\.name)
      throw error
    }
  }

  private func missingCommand(_ command: Command) -> UsageError {
    let names = command.subcommands.filter { !$0.isHidden && $0.builtin == nil }.map(\.name)
    let list = names.count <= 12 ? ": \(names.joined(separator: ", "))" : ""
    return UsageError(.missingCommand, "no \(command.subcommandName.lowercased()) given\(list)")
  }

  private func answer(_ builtin: Builtin, _ invocation: Invocation, _ terminal: Terminal) throws(UsageError) -> String {
    switch builtin {
    case .help where invocation[Self.asJSON]: return String(decoding: json(), as: UTF8.self) + "\n"
    case .help: return help(try commands(invocation[Self.topic]), terminal)
    case .version: return "\(name) \(version)\n"
    case .completion: return completion(for: invocation[Self.shell])
    case .manual where invocation[Self.asList]:
      return pages([root]).map { "\($0.name)\t\($0.words)\n" }.joined()
    case .manual: return manual(try commands(invocation[Self.topic]))
    }
  }

  /// The commands that some words lead to, from the program on.
  private func commands(_ words: [String]) throws(UsageError) -> [Command] {
    var reader = ArgumentReader(root, words)
    _ = try reader.read()
    guard reader.words.isEmpty else {
      throw UsageError(.unknownCommand, "\(reader.command.name) has no command '\(reader.words[0])'")
    }
    return reader.path
  }

  // MARK: What follows from the declaration

  /// The help of the last of `commands`, which lead to it from the program on.
  func help(_ commands: [Command], _ terminal: Terminal) -> String {
    HelpPage(commands: commands, terminal: terminal).text
  }

  /// The manual page of a command, in roff.
  func manual(_ commands: [Command]) -> String {
    ManualPage(commands: commands, version: version, section: manualSection).text
  }

  /// The manual pages of a command, which the last of `commands` is, and of those below it: `tool-topic-list.1`, and the
  /// words `topic list`. What every program has needs none.
  private func pages(_ commands: [Command]) -> [(name: String, words: String)] {
    guard let command = commands.last, command.builtin == nil, !command.isHidden else { return [] }
    let names = commands.map(\.name)
    let own = (
      name: "\(names.joined(separator: "-")).\(manualSection)", words: names.dropFirst().joined(separator: " ")
    )
    return [own] + command.subcommands.flatMap { pages(commands + [$0]) }
  }

  /// A script that completes this program's command lines.
  package func completion(for shell: Shell) -> String {
    switch shell {
    case .bash: BashCompletion(self).script
    case .zsh: ZshCompletion(self).script
    case .fish: FishCompletion(self).script
    }
  }
}
