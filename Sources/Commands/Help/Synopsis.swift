/// The usage line of a command, in parts that are not broken: `chatctl topic list [OPTION…] [PREFIX…]`.
struct Synopsis {
  let commands: [Command]

  /// The command's words.
  var name: String { commands.map(\.name).joined(separator: " ") }

  /// What follows the name.
  var parts: [String] {
    guard let command = commands.last else { return [] }
    var parts = commands.flatMap { $0.visibleOptions(for: command) }.filter(\.isRequired).map {
      "\($0.title) \($0.schema.metavariable)"
    }
    let options = ["[OPTION…]"]
    guard command.subcommands.isEmpty else {
      let mayLack = command.action != nil || command.defaultSubcommand != nil
      return parts + [mayLack ? "[\(command.subcommandName)]" : command.subcommandName] + options
    }
    parts += options
    for argument in command.arguments {
      let name = argument.schema.metavariable + (argument.isRepeated ? "…" : "")
      parts.append(argument.isRequired ? name : "[\(name)]")
    }
    return parts
  }
}
