import Commands

extension Invocation {
  /// The command line as it was typed, for a shell, to go on from somewhere or to say it again. What variables and contexts
  /// have said is not in it.
  /// - Parameter changes: other values for parameters, by their names; nil leaves one out.
  func line(with changes: [(name: String, values: [String]?)] = []) -> String {
    let global = Root.program.root.options
    let groups = Root.program.commands(path.dropFirst()).dropFirst().dropLast().flatMap(\.options)
    var words = path
    var arguments: [String] = []
    for parameter in groups + command.options + global + command.arguments {
      var texts = source(of: parameter) == .commandLine ? texts(of: parameter) : nil
      if let change = changes.first(where: { $0.name == parameter.name }) { texts = change.values }
      guard let texts else { continue }
      switch parameter.shape {
      case .argument: arguments += texts
      case .option: words += texts.flatMap { ["--\(parameter.name)", $0] }
      case .flag: words.append(texts.last == "false" ? "--no-\(parameter.name)" : "--\(parameter.name)")
      case .count: words += Array(repeating: "--\(parameter.name)", count: texts.last.flatMap { Int($0) } ?? 0)
      }
    }
    // An argument or a value that begins with a dash would be taken for an option.
    if arguments.contains(where: { $0.hasPrefix("-") && $0 != "-" }) { words.append("--") }
    return (words + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || "-_./:=,@+%".utf8.contains(byte)
    }
    return isPlain && !word.isEmpty ? word : "'\(word.replacing("'", with: "'\\''"))'"
  }
}

extension Program {
  /// The commands that some words lead to, the program's own first.
  fileprivate func commands(_ words: some Sequence<String>) -> [Command] {
    words.reduce(into: [root]) { path, word in
      if let next = path[path.count - 1].subcommand(word) { path.append(next) }
    }
  }
}
