import Commands
import Testing

@testable import chatctl

@Suite("chatctl's command lines")
struct ParseTests {
  /// A command that does something, by its words.
  private struct Runnable {
    let path: [Command]
    var words: [String] { path.dropFirst().map(\.name) }
    var name: String { words.joined(separator: " ") }
    var command: Command { path[path.count - 1] }
    /// Its own options and those of its groups; those of the program as a whole are left out.
    var options: [Parameter] { path.dropFirst().flatMap(\.options) }
  }

  private static let builtins = ["help", "completion", "man", "version"]

  private static var runnable: [Runnable] {
    func all(_ path: [Command]) -> [Runnable] {
      let command = path[path.count - 1]
      if path.count == 2, builtins.contains(command.name) { return [] }
      return (command.action == nil ? [] : [Runnable(path: path)]) + command.subcommands.flatMap { all(path + [$0]) }
    }
    return all([Root.program.root])
  }

  private func invocation(_ words: [String]) throws -> Invocation {
    guard case .run(let invocation) = try Root.program.parse(words) else {
      throw UsageError(.other, "'\(words.joined(separator: " "))' runs nothing")
    }
    return invocation
  }

  /// The error that a line is refused with; nil where it is not.
  private func refusal(_ words: [String]) -> UsageError? {
    do {
      _ = try Root.program.parse(words)
      return nil
    } catch { return error as? UsageError }
  }

  // MARK: By hand

  @Test("each command has a line, and each line the values that it should have")
  func lines() throws {
    var covered: [String: Set<String>] = [:]
    for entry in CommandLine.all {
      let invocation = try invocation(Words.of(entry.line))
      let name = invocation.path.dropFirst().joined(separator: " ")
      let parameters = Root.program.root.options + (Self.runnable.first { $0.name == name }?.options ?? [])
      var values: [String: String] = [:]
      for parameter in parameters + invocation.command.arguments {
        guard let texts = invocation.texts(of: parameter) else { continue }
        values[parameter.name] = texts.map { parameter.schema.read($0).map { "\($0)" } ?? "invalid" }
          .joined(separator: ",")
      }
      #expect(values == entry.values, "\(entry.line)")
      covered[name, default: []].formUnion(values.keys)
    }
    for runnable in Self.runnable {
      guard let given = covered[runnable.name] else {
        Issue.record("CommandLine.all has no line of '\(runnable.name)'")
        continue
      }
      // Of what many commands have, each time would be too much.
      let own = (runnable.command.options + runnable.command.arguments).map(\.name)
      let missing = Set(own).subtracting(given).subtracting(["output", "fields", "dry-run", "limit", "after"])
      #expect(missing.isEmpty, "no line of '\(runnable.name)' has \(missing.sorted())")
    }
  }

  @Test("each rule of a command refuses what it is there for, and says why")
  func rules() {
    var covered: Set<String> = []
    for (line, message) in CommandLine.refused {
      let error = refusal(Words.of(line))
      #expect(error?.exitCode == .usage && error?.message.contains(message) == true, "\(line): \(error as Any)")
      covered.insert(error?.path.dropFirst().joined(separator: " ") ?? "")
    }
    for runnable in Self.runnable where !runnable.command.rules.isEmpty {
      #expect(covered.contains(runnable.name), "CommandLine.refused has no line of '\(runnable.name)'")
    }
  }

  // MARK: Of all

  @Test("an option that is spelled wrong is refused, and the right one suggested")
  func unknownOption() {
    for runnable in Self.runnable {
      for option in runnable.options where option.name.count > 4 && !option.isHidden {
        var wrong = option.name
        wrong.remove(at: wrong.index(wrong.startIndex, offsetBy: 2))
        let error = refusal(runnable.words + ["--\(wrong)"])
        #expect(error?.code == .unknownOption && error?.exitCode == .usage, "\(runnable.name) --\(wrong)")
        #expect(
          error?.message == "unknown option '--\(wrong)'; did you mean --\(option.name)?",
          "\(runnable.name): \(error?.message ?? "")")
        #expect(error?.hint == "'chatctl \(runnable.name) --help' shows what can be said.")
      }
    }
  }

  @Test("a command that is spelled wrong is refused, and the right one suggested")
  func unknownCommand() {
    for runnable in Self.runnable where runnable.words[runnable.words.count - 1].count > 3 {
      // Where a group has a command that goes without saying, its word would be that one's argument.
      if runnable.path[runnable.path.count - 2].defaultSubcommand != nil { continue }
      var words = runnable.words
      let right = words.removeLast()
      let wrong = "\(right.dropLast(2))\(right.suffix(1))"
      let error = refusal(words + [wrong])
      #expect(
        error?.message == "unknown command '\(wrong)'; did you mean \(right)?", "\(runnable.name): \(error as Any)")
    }
  }

  @Test("what has to be given and is not is told by name")
  func missing() {
    for runnable in Self.runnable {
      let required = runnable.options.filter(\.isRequired) + runnable.command.arguments.filter(\.isRequired)
      guard let first = required.first else { continue }
      let error = refusal(runnable.words)
      #expect(error?.message.hasPrefix("\(first.title) is missing") == true, "\(runnable.name): \(error as Any)")
      #expect([.missingOption, .missingArgument].contains(error?.code), "\(runnable.name)")
    }
  }

  @Test("a value beyond an option's limits, or of another kind, is refused with the option's name")
  func badValues() {
    for runnable in Self.runnable {
      for option in runnable.options where option.shape == .option {
        for bad in Self.bad(option.schema) {
          let error = refusal(runnable.words + ["--\(option.name)=\(bad)"])
          #expect(
            error?.code == .invalidValue && error?.message.hasPrefix("--\(option.name): ") == true,
            "\(runnable.name) --\(option.name)=\(bad): \(error as Any)")
        }
        for limit in [option.schema.minimum, option.schema.maximum] {
          if let limit { #expect(option.schema.isValid(limit), "\(runnable.name) --\(option.name): \(limit)") }
        }
      }
      for (index, argument) in runnable.command.arguments.enumerated() where index == 0 {
        for bad in Self.bad(argument.schema) where !bad.isEmpty {
          let error = refusal(runnable.words + ["--", bad])
          #expect(
            error?.code == .invalidValue && error?.message.hasPrefix("\(argument.title): ") == true,
            "\(runnable.name) \(bad): \(error as Any)")
        }
      }
    }
  }

  /// Values that are none: nothing at all, another kind, below and above.
  private static func bad(_ schema: ValueSchema) -> [String] {
    var values = [""]
    switch schema.kind {
    case .integer, .number:
      values.append("many")
      if let minimum = schema.minimum { values.append("-\(minimum)9") }
      if let maximum = schema.maximum { values.append("\(maximum.split(separator: ".")[0])9") }
    case .duration:
      values += ["soon", "5", "-1s"]
      // Ten times the most, and nothing where that is too little.
      if let maximum = schema.maximum {
        values.append("\(maximum.prefix { $0.isNumber })0\(maximum.drop { $0.isNumber })")
      }
      if let minimum = schema.minimum, !minimum.hasPrefix("0") { values.append("0s") }
    case .size: values += ["big", "-1B"]
    case .choice: values.append("no-such-choice")
    case .bool: values.append("perhaps")
    case .string, .file, .directory, .address: break
    }
    return values
  }

  @Test("one word too many is refused where a command takes only so many")
  func tooMany() {
    for runnable in Self.runnable where !runnable.command.arguments.contains(where: \.isRepeated) {
      let words = Array(repeating: "x", count: runnable.command.arguments.count + 1)
      let error = refusal(runnable.words + words)
      #expect(error?.code == .tooManyArguments, "\(runnable.name): \(error as Any)")
      #expect(error?.message.hasPrefix("'x' is too much: ") == true)
    }
  }

  @Test("an option without its value, or given twice, is refused by name")
  func valueless() {
    for runnable in Self.runnable {
      for option in runnable.options where option.shape == .option {
        let error = refusal(runnable.words + ["--\(option.name)"])
        #expect(
          error?.code == .missingValue && error?.message.hasPrefix("--\(option.name) needs a value") == true,
          "\(runnable.name) --\(option.name): \(error as Any)")
        guard !option.isRepeated else { continue }
        let twice = refusal(runnable.words + ["--\(option.name)=1", "--\(option.name)=2"])
        #expect(
          twice?.message == "--\(option.name) is given twice ('1' and '2')", "\(runnable.name): \(twice as Any)")
      }
    }
  }
}

@Suite("A command line that is said again")
struct LineTests {
  private func line(_ text: String, _ changes: [(name: String, values: [String]?)] = []) throws -> String {
    guard case .run(let invocation) = try Root.program.parse(Words.of(text), environment: { _ in nil }) else {
      return "nothing"
    }
    return invocation.line(with: changes)
  }

  @Test("it has all that was typed, quoted for a shell, and goes on where it is told to")
  func again() throws {
    #expect(
      try line("user -w acme import 'my users.csv' --embedded .chatd", [("from", ["201"])])
        == "chatctl user import --workspace acme --from 201 --embedded .chatd 'my users.csv'")
    #expect(
      try line("user import a.csv --from 5 --dry-run -o ndjson", [("from", ["201"])])
        == "chatctl user import --from 201 --output ndjson --dry-run a.csv")
    #expect(try line("user disable ann bob", [("user", ["bob"])]) == "chatctl user disable bob")
    #expect(try line("user kick -- -ann") == "chatctl user kick -- -ann")
    #expect(try line("user list --prefix \"it's\"") == "chatctl user list --prefix 'it'\\''s'")
    #expect(
      try line("key reencrypt --after 0193a1b2-0000-7000-8000-000000000001", [("after", nil)])
        == "chatctl key reencrypt")
  }

  @Test("and means the same", arguments: CommandLine.all.map(\.line))
  func same(text: String) throws {
    let again = try line(text)
    #expect(try line(String(again.dropFirst("chatctl ".count))) == again)
  }
}
