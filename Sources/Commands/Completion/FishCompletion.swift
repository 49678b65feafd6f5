/// The completion script of fish 3.
struct FishCompletion {
  private let tables: ShellTables

  init(_ program: Program) { tables = ShellTables(program) }

  private var name: String { tables.program.name }
  private var prefix: String { tables.prefix }
  private var builtins: String {
    tables.program.root.subcommands.filter { $0.builtin != nil }.map(\.name).joined(separator: "|")
  }

  var script: String {
    var lines = ["# fish completion of \(name), made by: \(name) completion fish", ""]
    lines += stateFunction
    lines += [
      "", "# Whether the command is this one, and no argument stands there yet.",
      "function __\(prefix)_at", "    test (__\(prefix)_state) = \"$argv[1] 0\"", "end", "",
      "# Whether the command is this one or belongs to it.",
      "function __\(prefix)_within", "    string match -q -- \"$argv[1] *\" (__\(prefix)_state)",
      "    or string match -q -- \"$argv[1]/*\" (__\(prefix)_state)", "end", "",
      "# Whether the program's own options mean anything to the command.", "function __\(prefix)_own",
      "    not string match -qr -- '^/(\(builtins)) ' (__\(prefix)_state)", "end", "",
      "# Values that only the program knows: it is asked with the words so far.",
      "function __\(prefix)_dynamic", "    set -l words (commandline -opc)", "    set -l token (commandline -ct)",
      "    # Without its backslashes, and without a quote that is still open.",
      "    set -l plain (string unescape -- \"$token\")",
      "    or set -l plain (string replace -r -- '^[\"\\']' '' \"$token\")",
      "    $words[1] __complete $words[2..-1] \"$plain\" 2>/dev/null \\",
      "        | string replace -r -- '^--[^=\\t]*=' ''", "end", "", "complete -c \(name) -f",
    ]
    for node in tables.allNodes {
      for command in node.subcommands {
        lines.append(
          "complete -c \(name) -n \(condition("at", node.path)) -a \(Self.quoted(command.name))"
            + description(command.summary))
      }
      for option in node.command.options where !option.isHidden { lines += declaration(option, node) }
      for (index, argument) in node.command.arguments.enumerated() {
        guard let values = values(argument) else { continue }
        let condition =
          argument.isRepeated
          ? condition("within", node.path)
          : Self.quoted("test (__\(prefix)_state) = \"\(node.path) \(index)\"")
        lines.append("complete -c \(name) -n \(condition) \(values)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A function that prints the path of the command and the number of its arguments so far.
  private var stateFunction: [String] {
    var lines = [
      "# The command that the words lead to, and how many arguments it has so far.",
      "function __\(prefix)_state", "    set -l words (commandline -opc)", "    set -l path ''", "    set -l count 0",
      "    set -l open ''", "    set -l only ''", "    for word in $words[2..-1]", "        if test -n \"$open\"",
      "            set open ''", "            continue", "        end", "        if test -z \"$only\"",
      "            switch $word", "                case --", "                    set only 1",
      "                    continue", "                case '--*=*'", "                    continue",
      "                case '-?*'", "                    switch \"$path $word\"",
    ]
    var patterns: [String] = []
    for node in tables.allNodes {
      for option in node.command.options where option.shape == .option {
        for name in option.completionNames {
          // A cluster of flags may end in the letter of an option.
          let name = name.hasPrefix("--") ? name : "-*\(name.dropFirst())"
          patterns += node.path.isEmpty ? ["'* \(name)'"] : ["'\(node.path) \(name)'"]
          if !node.path.isEmpty, !node.command.subcommands.isEmpty { patterns.append("'\(node.path)/* \(name)'") }
        }
      }
    }
    if !patterns.isEmpty {
      // Two dashes and one are told apart: --window is no cluster that ends in w.
      let long = patterns.filter { $0.contains(" --") }
      let short = patterns.filter { !$0.contains(" --") }
      if !long.isEmpty {
        lines += [
          "                        case \(long.joined(separator: " "))", "                            set open 1",
        ]
      }
      lines += ["                        case '* --*'"]
      if !short.isEmpty {
        lines += [
          "                        case \(short.joined(separator: " "))", "                            set open 1",
        ]
      }
    }
    lines += ["                    end", "                    continue", "            end", "        end"]
    lines += ["        switch \"$count$path/$word\""]
    for node in tables.allNodes {
      for command in node.command.subcommands {
        let names = ([command.name] + command.aliases).map { Self.quoted("0\(node.path)/\($0)") }
        lines.append("            case \(names.joined(separator: " "))")
        lines.append("                set path \(Self.quoted("\(node.path)/\(command.name)"))")
      }
    }
    return lines + [
      "            case '*'", "                set count (math $count + 1)", "        end", "    end",
      "    echo \"$path $count\"", "end",
    ]
  }

  private func declaration(_ option: Parameter, _ node: CompletionNode) -> [String] {
    let isEverywhere = option.group == Program.helpGroup || builtins.isEmpty
    let own = isEverywhere ? "" : " -n __\(prefix)_own"
    let condition = node.path.isEmpty ? own : " -n \(condition("within", node.path))"
    let short = option.short.map { " -s \($0)" } ?? ""
    let values = option.shape == .option ? " -r \(values(option) ?? "-f")" : ""
    var lines = ["complete -c \(name)\(condition)\(short) -l \(option.name)\(values)\(description(option.help))"]
    if option.isInvertible {
      lines.append("complete -c \(name)\(condition) -l no-\(option.name)\(description(option.help))")
    }
    return lines
  }

  /// The switches of `complete` for a parameter's values; nil for values that nobody can know.
  private func values(_ parameter: Parameter) -> String? {
    if parameter.schema.completer != nil { return "-f -a '(__\(prefix)_dynamic)'" }
    switch parameter.schema.kind {
    case .file: return "-F"
    case .directory: return "-f -a '(__fish_complete_directories)'"
    case .choice(let choices):
      let items = choices.map { choice in
        let summary = ShellTables.summary(choice.summary)
        return summary.isEmpty ? choice.value : "\(choice.value)\\t\(Self.quoted(summary))"
      }
      return "-f -a \(Self.doubleQuoted(items.joined(separator: " ")))"
    default: return nil
    }
  }

  private func condition(_ function: String, _ path: String) -> String {
    Self.quoted("__\(prefix)_\(function) \(path.isEmpty ? "''" : path)")
  }

  private func description(_ text: String) -> String {
    let summary = ShellTables.summary(text)
    return summary.isEmpty ? "" : " -d \(Self.quoted(summary))"
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
  }

  private static func doubleQuoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("$", with: "\\$") + "\""
  }
}
