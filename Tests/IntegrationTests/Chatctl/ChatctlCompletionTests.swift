import TestSupport
import Testing

/// Completion as people have it: in their shells, on a terminal, with what the backends know.
@Suite("The completions of chatctl")
struct ChatctlCompletionTests {
  /// Channels whose titles mean something to shells, and how many characters of them are enough.
  private static let titles = [
    "general", "On call", "On duty", "C# & friends", "it's \"quoted\"", "a:b c", "$HOME (x)",
  ]

  /// What is typed after `chatctl room get `, a tabulator where it has one, and which room is meant.
  private static let lines = [
    ("gen\t", "general"), ("On\tc\t", "On call"), ("On\\ d\t", "On duty"), ("C\t", "C# & friends"),
    ("it\t", "it's \"quoted\""), ("a\t", "a:b c"), ("a:b\t", "a:b c"), ("'On c\t", "On call"),
    ("\"C\t", "C# & friends"),
    ("\"it\t", "it's \"quoted\""), ("'$\t", "$HOME (x)"), ("\\$\t", "$HOME (x)"), ("'#gen\t", "general"),
    ("\\#On\tc\t", "On call"),
  ]

  private static let shells: [(name: String, start: String)] = [
    ("bash", "PS1='rea''dy> ' bash --norc --noprofile -i"), ("zsh", "zsh -f -i"), ("fish", "fish --no-config -i"),
  ]

  /// What makes a shell complete chatctl, in a line.
  private static func setup(_ shell: String) -> String {
    switch shell {
    case "bash": "bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; source <(chatctl completion bash)"
    case "zsh":
      "unsetopt zle_bracketed_paste beep; autoload -U compinit; compinit -D -u; source =(chatctl completion zsh)"
    default: "chatctl completion fish | source"
    }
  }

  @Test(
    "titles with blanks, quotes and other characters come out as a word that the shell takes",
    arguments: ["bash", "zsh", "fish"])
  func titles(shell: String) async throws {
    guard let found = Self.shells.first(where: { $0.name == shell }) else { return }
    try await ExamplePlace.with(.redis) { place in
      guard place.has(shell) else { return print("SKIPPED: \(shell) is not installed") }
      try await place.prepare(["chatctl user create ann > /dev/null", "mkdir -p values"], "people")
      for title in Self.titles {
        let quoted = "'\(title.replacing("'", with: "'\\''"))'"
        try await place.prepare(["chatctl room create \(quoted) --owner ann > /dev/null"], title)
      }
      var environment = place.environment
      environment["CHATCTL_COMPLETION_PATIENCE"] = "30s"
      let terminal = try await TestTerminal.start(
        found.start, columns: 200, environment: environment, directory: place.folder)
      // The mark is not what is typed: that is shown too.
      terminal.type("\(Self.setup(shell)); echo is re''ady\n")
      try await terminal.wait(for: "is ready")
      for (index, (typed, title)) in Self.lines.enumerated() {
        let before = terminal.output.count
        // The closing quote and the blank are the shell's.
        for part in typed.split(separator: "\t", omittingEmptySubsequences: false).dropLast() {
          let shown = terminal.output.count
          terminal.type("\(part == typed.split(separator: "\t")[0] ? "chatctl room get " : "")\(part)\t")
          try await eventually("an answer to \(typed)") { terminal.output.count > shown + part.count }
        }
        terminal.type("--fields title,type; echo do''ne \(index)\n")
        try await terminal.wait(for: "done \(index)")
        let said = String(terminal.output.dropFirst(before))
        #expect(
          said.contains("\(title)") && said.contains("channel"),
          "\(shell): \(typed.replacing("\t", with: "<TAB>")) is no '\(title)':\n\(said)")
      }
      terminal.type("exit\n")
      try await terminal.waitForExit()
    }
  }

  @Test("users, rooms, topics and nodes are asked of the backends, and remembered for when those are away")
  func dynamic() async throws {
    try await ExamplePlace.with(.redis) { place in
      try await place.prepare(["people", "say ann general hello > /dev/null"], "people")
      let questions: [([String], String)] = [
        (["user", "get", "a"], "ann\tAnn Lee"), (["user", "disable", "ann", "b"], "bob\tBob"),
        (["room", "list", "--member=e"], "--member=eve\tEve"), (["room", "get", "gen"], "general\t"),
        (["room", "get", "#g"], "#general\t"), (["topic", "describe", "chat"], "chat.events"),
        (["node", "drain", ""], "/"), (["presence", "list", "bo"], "bob\tBob"),
      ]
      func ask(_ words: [String], patience: String) async throws -> String {
        try await TestProcess.run(
          "chatctl", ["__complete"] + words,
          environment: place.environment.merging(["CHATCTL_COMPLETION_PATIENCE": patience]) { $1 },
          directory: place.folder
        ).output
      }
      var answers: [String] = []
      for (words, expected) in questions {
        let answer = try await ask(words, patience: "30s")
        #expect(answer.contains(expected) && answer.split(separator: "\n").count == 1, "\(words): \(answer)")
        answers.append(answer)
      }
      await place.stopChatd()
      for ((words, _), answer) in zip(questions, answers) {
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try await ask(words, patience: "200ms") == answer, "\(words), from the cache")
        // Far more than it takes, and far less than a connection that nobody answers may take.
        #expect(clock.now - start < .seconds(4))
      }
      #expect(try await ask(["user", "get", "zo"], patience: "200ms").isEmpty)
    }
  }
}
