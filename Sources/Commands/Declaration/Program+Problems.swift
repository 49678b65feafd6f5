extension Program {
  /// What is wrong with the declaration, in words; a test of every program expects nothing.
  package var problems: [String] { Self.problems([root]) }

  private static func problems(_ path: [Command]) -> [String] {
    guard let command = path.last else { return [] }
    var problems: [String] = []
    let isName: (String) -> Bool = { name in
      !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        && !name.hasPrefix("-")
    }
    if !isName(command.name) { problems.append("a command's name is of a-z, 0-9 and -") }
    if command.summary.isEmpty { problems.append("the summary is missing") }
    if command.summary.hasSuffix(".") { problems.append("the summary ends with a full stop") }
    if !command.subcommands.isEmpty, !command.arguments.isEmpty {
      problems.append("a command has commands or arguments, not both")
    }
    if let name = command.defaultSubcommand, command.subcommand(name) == nil {
      problems.append("there is no command \(name) to be the default")
    }
    problems += repeated(command.subcommands.flatMap { [$0.name] + $0.aliases }).map { "two commands are called \($0)" }
    let options = path.flatMap(\.options)
    let names = options.flatMap { ["\($0.name)"] + $0.deprecatedNames + ($0.isInvertible ? ["no-\($0.name)"] : []) }
    problems += repeated(names + command.arguments.map(\.name)).map { "two parameters are called \($0)" }
    problems += repeated(options.compactMap { $0.short.map { "-\($0)" } }).map { "two options are called \($0)" }
    problems += repeated(options.compactMap(\.environment)).map { "two options are read from \($0)" }
    for parameter in command.options + command.arguments {
      if !isName(parameter.name) { problems.append("\(parameter.title): a name is of a-z, 0-9 and -") }
      if !parameter.help.hasSuffix(".") { problems.append("\(parameter.title): the help ends without a full stop") }
      if parameter.arity.most < max(1, parameter.arity.least) { problems.append("\(parameter.title): times") }
      let isWord: (String) -> Bool = { text in
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"'\"\\`$*?[]{}()<>|&;!#~".utf8.contains($0) }
      }
      // Scripts hold them as words.
      if !parameter.schema.choices.allSatisfy({ isWord($0.value) }) {
        problems.append("\(parameter.title): a choice has characters that shells do not take as they are")
      }
    }
    for (index, argument) in command.arguments.enumerated().dropLast() {
      if argument.isRepeated { problems.append("\(argument.title): only the last argument can be repeated") }
      if !argument.isRequired, command.arguments[index + 1].isRequired {
        problems.append("\(argument.title): a required argument follows one that is not")
      }
    }
    if let records = command.records {
      let names = records.fields.map(\.name)
      if !names.contains(records.key) { problems.append("no field is called \(records.key), the key of its records") }
      problems += repeated(names).map { "two fields are called \($0)" }
      problems += records.fields.filter { $0.help.hasSuffix(".") }.map { "\($0.name): the help ends with a full stop" }
    }
    for example in command.examples where !example.line.contains(path[0].name) {
      problems.append("an example does without the program: \(example.line)")
    }
    let place = path.map(\.name).joined(separator: " ")
    return problems.map { "\(place): \($0)" } + command.subcommands.flatMap { Self.problems(path + [$0]) }
  }

  private static func repeated(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
  }
}
