/// The functions that the scripts of bash and zsh share: `case` tables over "PATH WORD".
struct ShellTables {
  let program: Program
  private let nodes: [CompletionNode]

  init(_ program: Program) {
    self.program = program
    nodes = CompletionNode.all(program.root)
  }

  /// What functions begin with: the program's name, in letters, digits and underscores.
  var prefix: String { Self.prefix(program.name) }

  static func prefix(_ name: String) -> String {
    String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  var allNodes: [CompletionNode] { nodes }

  /// `__prog_command PATH WORD`: sets REPLY to the path that the word leads to, or fails.
  var commandFunction: [String] {
    var lines = ["__\(prefix)_command() {", "  case \"$1/$2\" in"]
    for node in nodes {
      for command in node.command.subcommands {
        let names = ([command.name] + command.aliases).map { "'\(node.path)/\($0)'" }
        lines.append("    \(names.joined(separator: " | "))) REPLY='\(node.path)/\(command.name)' ;;")
      }
    }
    return lines + ["    *) return 1 ;;", "  esac", "}"]
  }

  /// `__prog_takes_value PATH OPTION`: whether the next word is the option's value.
  var takesValueFunction: [String] {
    var patterns: [String] = []
    for node in nodes {
      for option in node.command.options where option.shape == .option {
        patterns += option.completionNames.flatMap(node.patterns)
      }
    }
    var lines = ["__\(prefix)_takes_value() {", "  case \"$1 $2\" in"]
    if !patterns.isEmpty {
      lines.append(contentsOf: Self.wrapped(patterns, "    ", ") ;;"))
    }
    return lines + ["    *) return 1 ;;", "  esac", "}"]
  }

  /// `__prog_values PATH OPTION` or `PATH @N`: what the values are.
  /// - Parameter body: the shell's statement for a parameter; nil leaves it out.
  func valuesFunction(_ body: (Parameter) -> String?) -> [String] {
    var lines = ["__\(prefix)_values() {", "  case \"$1 $2\" in"]
    for node in nodes {
      for option in node.command.options where option.shape == .option {
        guard let statement = body(option) else { continue }
        lines += Self.wrapped(option.completionNames.flatMap(node.patterns), "    ", ") \(statement) ;;")
      }
      for (index, argument) in node.command.arguments.enumerated() {
        guard let statement = body(argument) else { continue }
        lines.append("    '\(node.path) @'\(argument.isRepeated ? "*" : "\(index + 1)")) \(statement) ;;")
      }
    }
    return lines + ["    *) ;;", "  esac", "}"]
  }

  /// Alternatives of a pattern, in lines that are not too long.
  private static func wrapped(_ patterns: [String], _ margin: String, _ end: String) -> [String] {
    var lines: [String] = []
    var line = ""
    for pattern in patterns {
      if line.isEmpty {
        line = pattern
      } else if line.count + pattern.count > 100 {
        lines.append("\(margin)\(line) | \\")
        line = pattern
      } else {
        line += " | \(pattern)"
      }
    }
    return lines + ["\(margin)\(line)\(end)"]
  }

  /// In single quotes, for bash and zsh.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  /// One line of plain text for a description.
  static func summary(_ text: String) -> String {
    let first = text.prefix { $0 != "\n" }
    guard let end = first.firstRange(of: ". ") else { return String(first.hasSuffix(".") ? first.dropLast() : first) }
    return String(first[..<end.lowerBound])
  }
}
