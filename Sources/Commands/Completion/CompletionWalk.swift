/// Follows the words of an unfinished command line, as the shells' functions do: nothing is an error.
struct CompletionWalk {
  /// What may stand at the cursor.
  enum Target {
    case commands
    case options
    case value(Parameter)
    case nothing
  }

  private(set) var path: [Command]
  private(set) var given: [String: [String]] = [:]
  private(set) var target = Target.nothing
  /// The part of the target that is typed already.
  private(set) var prefix = ""
  /// What stands before that in the same word: `--output=`.
  private(set) var lead = ""
  private var position = 0

  private var command: Command { path[path.count - 1] }

  init(_ root: Command, _ words: [String]) {
    path = [root]
    var open: Parameter?
    var hasOnlyWords = false
    for word in words.dropLast() {
      if let option = open {
        given[option.name, default: []].append(word)
        open = nil
      } else if hasOnlyWords || !word.hasPrefix("-") || word == "-" {
        take(word)
      } else if word == "--" {
        hasOnlyWords = true
      } else {
        open = option(word)
      }
    }
    finish(words.last ?? "", open, hasOnlyWords)
  }

  private mutating func finish(_ word: String, _ open: Parameter?, _ hasOnlyWords: Bool) {
    prefix = word
    if let open {
      target = .value(open)
    } else if !hasOnlyWords, word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
      lead = String(word[...equals])
      prefix = String(word[word.index(after: equals)...])
      target = find(long: word[word.index(word.startIndex, offsetBy: 2)..<equals]).map { .value($0) } ?? .nothing
    } else if !hasOnlyWords, word.hasPrefix("-") {
      target = .options
    } else if !command.subcommands.isEmpty, position == 0 {
      target = .commands
    } else {
      target = argument.map { .value($0) } ?? .nothing
    }
  }

  private var argument: Parameter? {
    if position < command.arguments.count { return command.arguments[position] }
    return command.arguments.last.flatMap { $0.isRepeated ? $0 : nil }
  }

  private mutating func take(_ word: String) {
    if position == 0, let next = command.subcommand(word) { return path.append(next) }
    if let argument { given[argument.name, default: []].append(word) }
    position += 1
  }

  /// The option whose value is the next word, if the word leaves one open.
  private mutating func option(_ word: String) -> Parameter? {
    if word.hasPrefix("--") {
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let option = find(long: parts[0]), option.shape == .option else { return nil }
      guard parts.count == 2 else { return option }
      given[option.name, default: []].append(String(parts[1]))
      return nil
    }
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let option = path.lazy.flatMap(\.options).first(where: { $0.short == letter }), option.shape == .option
      else { continue }
      if letters.isEmpty { return option }
      given[option.name, default: []].append(String(letters))
      return nil
    }
    return nil
  }

  private func find(long name: some StringProtocol) -> Parameter? {
    path.lazy.flatMap(\.options).first { option in
      option.shape == .option && (option.name == name || option.deprecatedNames.contains { $0 == name })
    }
  }
}
