/// A command as the shells' scripts know it: by its path, `/topic/list`, where the program's is empty.
struct CompletionNode {
  let path: String
  /// From the program to the command.
  let commands: [Command]

  var command: Command { commands[commands.count - 1] }
  var subcommands: [Command] { command.subcommands.filter { !$0.isHidden } }

  /// The visible options that are known here, the nearest first.
  var options: [Parameter] { commands.reversed().flatMap { $0.visibleOptions(for: command) } }

  /// The paths where options that are declared here are known, and where this command's arguments stand, each before a
  /// blank and the option's name: patterns of `case` in bash and zsh.
  func patterns(_ option: String) -> [String] {
    if path.isEmpty { return ["*' \(option)'"] }
    return ["'\(path) \(option)'"] + (command.subcommands.isEmpty ? [] : ["'\(path)/'*' \(option)'"])
  }

  /// All commands of a program, parents first.
  static func all(_ root: Command) -> [CompletionNode] {
    func nodes(_ path: String, _ commands: [Command]) -> [CompletionNode] {
      let node = CompletionNode(path: path, commands: commands)
      return [node] + node.command.subcommands.flatMap { nodes("\(path)/\($0.name)", commands + [$0]) }
    }
    return nodes("", [root])
  }
}

extension Parameter {
  /// The names with dashes that an option's value may follow, former ones included.
  var completionNames: [String] {
    ["--\(name)"] + (short.map { ["-\($0)"] } ?? []) + deprecatedNames.map { "--\($0)" }
  }
}
