// Commands: a program's command line, declared once as a value.
//
// Pattern. A `Command` says its name, its options and arguments, its subcommands and examples. Parsing (`Program.parse`),
// `--help` (`HelpPage`), manual pages (`ManualPage`), completions of bash, zsh and fish, and a description in JSON are
// functions of that declaration. A parameter is declared as a typed key and read with it:
//
//     let timeout = Option("timeout", .duration(.milliseconds(1) ... .seconds(3600)), default: .seconds(5), help: "…")
//     let command = Command("list", summary: "…", options: [timeout]) { invocation in
//       let limit = invocation[timeout]  // a Duration
//       …
//     }
//
// A command's options are known to its subcommands too, before and after their names. A value comes from the command
// line, else from the environment, else from what the program has for a configuration (`ContextValue`), else it is the
// default; `Invocation.source(of:)` says which.
//
// Lifecycle. `Program.parse` makes a `ProgramRequest` of arguments and does no I/O. `Program.run` performs it: it writes
// answers, runs the action, tells failures on standard error, and returns the exit code.
//
// Invariants.
// - What an invocation holds is valid: `invocation[key]` cannot fail for a key of its command.
// - Data goes to standard output, talk to standard error.
// - A declaration is sound: `Program.problems` is empty, and a test says so.

/// A command: what can be said to it, and what it does.
package struct Command: Sendable {
  /// What a command does. It may throw a `CommandError` to say with what code to exit.
  package typealias Action = @Sendable (Invocation) async throws -> ExitCode

  package let name: String
  /// One line without a full stop.
  package let summary: String
  /// Paragraphs, with blank lines between them; lines that begin with blanks are kept as they are.
  package let discussion: String
  package let examples: [Example]
  /// Other names, which are understood but not advertised.
  package let aliases: [String]
  /// The heading under which the parent's help lists it.
  package let group: String?
  package let isHidden: Bool
  package let options: [Parameter]
  package let arguments: [Parameter]
  package let subcommands: [Command]
  /// The subcommand that is meant where none is named: `lag gateway` is `lag show gateway`.
  package let defaultSubcommand: String?
  /// What one of the subcommands is called in the usage line, such as `COMMAND`.
  package let subcommandName: String
  package let rules: [Rule]
  /// The codes it exits with, for help and manual.
  package let exitCodes: [ExitCode.Meaning]
  /// What it answers with, if that is records.
  package let records: RecordSchema?
  /// Nil for a group, and where whoever parsed knows what to do.
  package let action: Action?
  var builtin: Builtin?

  package init(
    _ name: String, summary: String, discussion: String = "", examples: [Example] = [], aliases: [String] = [],
    group: String? = nil, isHidden: Bool = false, options: [any ParameterKey] = [],
    arguments: [any ParameterKey] = [], subcommands: [Command] = [], subcommandName: String = "COMMAND",
    defaultSubcommand: String? = nil, rules: [Rule] = [], exitCodes: [ExitCode.Meaning] = [],
    records: RecordSchema? = nil, run action: Action? = nil
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.examples = examples
    self.aliases = aliases
    self.group = group
    self.isHidden = isHidden
    self.options = options.map(\.parameter)
    self.arguments = arguments.map(\.parameter)
    self.subcommands = subcommands
    self.subcommandName = subcommandName
    self.defaultSubcommand = defaultSubcommand
    self.rules = rules
    self.exitCodes = exitCodes
    self.records = records
    self.action = action
  }

  /// The subcommand of that name or alias.
  package func subcommand(_ name: String) -> Command? {
    subcommands.first { $0.name == name || $0.aliases.contains(name) }
  }

  /// The options that help and completions show for `command`, which is this one or belongs to it. To what every program
  /// has, the program's own options mean nothing.
  func visibleOptions(for command: Command) -> [Parameter] {
    options.filter {
      !$0.isHidden && (command.builtin == nil || builtin != nil || $0.group == Program.helpGroup)
    }
  }

  /// The same command with more options and subcommands.
  func adding(options: [any ParameterKey], subcommands: [Command]) -> Command {
    Command(self, options: self.options + options.map(\.parameter), subcommands: self.subcommands + subcommands)
  }

  private init(_ other: Command, options: [Parameter], subcommands: [Command]) {
    name = other.name
    summary = other.summary
    discussion = other.discussion
    examples = other.examples
    aliases = other.aliases
    group = other.group
    isHidden = other.isHidden
    self.options = options
    arguments = other.arguments
    self.subcommands = subcommands
    subcommandName = other.subcommandName
    defaultSubcommand = other.defaultSubcommand
    rules = other.rules
    exitCodes = other.exitCodes
    records = other.records
    action = other.action
    builtin = other.builtin
  }
}
