import Primitives

/// The first pass over the arguments: which command, which options with what values, which words. Values are not looked
/// at yet.
struct ArgumentReader {
  /// What ends reading early.
  enum Interruption {
    case help
    case version
  }

  private struct Match {
    let parameter: Parameter
    var isNegated = false
    var isDeprecated = false
  }

  /// The commands from the program on.
  private(set) var path: [Command]
  /// What was said of each parameter, by its name.
  private(set) var given: [String: [String]] = [:]
  private(set) var words: [String] = []
  private(set) var warnings: [String] = []
  private var rest: ArraySlice<String>

  init(_ root: Command, _ arguments: [String]) {
    path = [root]
    rest = arguments[...]
  }

  var command: Command { path[path.count - 1] }

  mutating func read() throws(UsageError) -> Interruption? {
    do {
      return try readAll()
    } catch {
      // Whoever asks for help shall have it, whatever else is wrong.
      for word in rest {
        if word == "--" { break }
        if word == "--help" || word == "-h" { return .help }
      }
      throw error
    }
  }

  private mutating func readAll() throws(UsageError) -> Interruption? {
    while let word = rest.popFirst() {
      if word == "--" {
        for word in rest { try take(word) }
        rest = []
      } else if word.hasPrefix("--") {
        if let interruption = try long(word.dropFirst(2)) { return interruption }
      } else if word.hasPrefix("-"), word != "-", !isNegativeNumber(word) {
        if let interruption = try cluster(word) { return interruption }
      } else {
        try take(word)
      }
    }
    _ = descend()
    return nil
  }

  // MARK: Words

  /// Goes on to the subcommand that is meant where none is named, if there is one.
  private mutating func descend() -> Bool {
    guard let name = command.defaultSubcommand, let next = command.subcommand(name) else { return false }
    path.append(next)
    return true
  }

  private mutating func take(_ word: String) throws(UsageError) {
    guard !command.subcommands.isEmpty, words.isEmpty else { return words.append(word) }
    if let next = command.subcommand(word) { return path.append(next) }
    if descend() { return words.append(word) }
    let visible = command.subcommands.filter { !$0.isHidden }
    let what = command.subcommandName.lowercased()
    throw UsageError(
      .unknownCommand, "unknown \(what) '\(word)'\(Self.hint(NearestMatch.of(word, in: visible.map(\.name))))")
  }

  /// `-5` and `-.5` are words, unless there is an option of that name.
  private func isNegativeNumber(_ word: String) -> Bool {
    let digits = word.dropFirst()
    guard let first = digits.first, first.isASCII, first.isNumber || first == "." else { return false }
    return Double(digits) != nil && find(short: first) == nil
  }

  // MARK: Options

  private mutating func long(_ text: Substring) throws(UsageError) -> Interruption? {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let value = parts.count == 2 ? String(parts[1]) : nil
    guard let match = find(long: name) ?? (descend() ? find(long: name) : nil) else { throw unknown(name) }
    let parameter = match.parameter
    if match.isDeprecated { warnings.append("--\(name) is deprecated: write --\(parameter.name)") }
    if parameter.shape == .option {
      if let value { return try set(parameter, value) }
      return try set(parameter, next("--\(name)", for: parameter))
    }
    if value != nil { throw UsageError(.unexpectedValue, "--\(name) takes no value") }
    return try raise(parameter, isNegated: match.isNegated)
  }

  /// `-abc`: flags, of which the last may be an option with its value in the same word or the next.
  private mutating func cluster(_ word: String) throws(UsageError) -> Interruption? {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let parameter = find(short: letter) ?? (descend() ? find(short: letter) : nil) else {
        let isLong = find(long: String(word.dropFirst())) != nil
        let place = word.count > 2 ? " in '\(word)'" : ""
        throw UsageError(
          .unknownOption, "unknown option '-\(letter)'\(place)\(Self.hint(isLong ? "-\(word)" : nil))")
      }
      guard parameter.shape == .option else {
        if let interruption = try raise(parameter, isNegated: false) { return interruption }
        continue
      }
      if letters.first == "=" {
        letters.removeFirst()
      } else if letters.isEmpty {
        return try set(parameter, next("-\(letter)", for: parameter))
      }
      return try set(parameter, String(letters))
    }
    return nil
  }

  /// The word after an option, unless it looks like an option itself: that is more often a forgotten value than meant.
  private mutating func next(_ spelling: String, for parameter: Parameter) throws(UsageError) -> String {
    let needed = "\(spelling) needs a value\(parameter.schema.expectationClause(", "))"
    guard let word = rest.first else { throw UsageError(.missingValue, needed) }
    if word.hasPrefix("-"), word != "-", !isNegativeNumber(word) {
      let name = word.dropFirst(2).split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
      let isKnown = word == "--" || word.hasPrefix("--") && find(long: name) != nil
      let joined = spelling.hasPrefix("--") ? "\(spelling)=\(word)" : "\(spelling)\(word)"
      throw UsageError(.missingValue, needed + (isKnown ? "" : "; if '\(word)' is meant, write \(joined)"))
    }
    rest.removeFirst()
    return word
  }

  private mutating func set(_ parameter: Parameter, _ value: String) throws(UsageError) -> Interruption? {
    let before = given[parameter.name, default: []]
    guard before.count < parameter.arity.most else {
      throw UsageError(
        .repeatedOption,
        parameter.isRepeated
          ? "\(parameter.title) is given more than \(parameter.arity.most) times"
          : "\(parameter.title) is given twice ('\(before[0])' and '\(value)')")
    }
    given[parameter.name] = before + [value]
    return nil
  }

  private mutating func raise(_ parameter: Parameter, isNegated: Bool) throws(UsageError) -> Interruption? {
    if parameter.name == Program.help.parameter.name { return .help }
    if parameter.name == Program.version.parameter.name { return .version }
    guard case .count(let most) = parameter.shape else {
      given[parameter.name] = [isNegated ? "false" : "true"]
      return nil
    }
    let count = (given[parameter.name]?.last.flatMap { Int($0) } ?? 0) + 1
    guard count <= most else {
      throw UsageError(.repeatedOption, "\(parameter.title) is given more than \(most) times")
    }
    given[parameter.name] = ["\(count)"]
    return nil
  }

  // MARK: Looking up

  private func find(short letter: Character) -> Parameter? {
    for command in path.reversed() {
      if let found = command.options.first(where: { $0.short == letter }) { return found }
    }
    return nil
  }

  private func find(long name: String) -> Match? {
    for command in path.reversed() {
      for option in command.options {
        if option.name == name { return Match(parameter: option) }
        if option.isInvertible, name == "no-\(option.name)" { return Match(parameter: option, isNegated: true) }
        if option.deprecatedNames.contains(name) { return Match(parameter: option, isDeprecated: true) }
      }
    }
    return nil
  }

  private func unknown(_ name: String) -> UsageError {
    if let owner = Self.owner(of: name, [path[0]]) {
      let here = path.map(\.name).joined(separator: " ")
      return UsageError(.unknownOption, "--\(name) is an option of '\(owner)', not of '\(here)'")
    }
    return UsageError(.unknownOption, "unknown option '--\(name)'\(Self.hint(nearest(name).map { "--\($0)" }))")
  }

  /// The first command in the tree with that option.
  private static func owner(of name: String, _ path: [Command]) -> String? {
    guard let command = path.last, !command.isHidden else { return nil }
    if command.options.contains(where: { $0.name == name && !$0.isHidden }) {
      return path.map(\.name).joined(separator: " ")
    }
    for subcommand in command.subcommands {
      if let owner = owner(of: name, path + [subcommand]) { return owner }
    }
    return nil
  }

  private func nearest(_ name: String) -> String? {
    let names = path.flatMap(\.options).filter { !$0.isHidden }.flatMap { option in
      option.isInvertible ? [option.name, "no-\(option.name)"] : [option.name]
    }
    return NearestMatch.of(name, in: names)
  }

  static func hint(_ suggestion: String?) -> String { suggestion.map { "; did you mean \($0)?" } ?? "" }
}
