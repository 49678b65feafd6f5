import Commands
import Testing

@testable import chatctl

@Suite("chatctl's commands")
struct TreeTests {
  @Test("the declaration is sound")
  func soundness() { #expect(Root.program.problems.isEmpty) }

  @Test("every command has an example, a group too, and says how it ends where it does something")
  func examples() {
    func check(_ command: Command, _ path: [String]) {
      let path = path + [command.name]
      let isBuiltin = ["help", "completion", "man", "version"].contains(path.dropFirst().first ?? "")
      if !isBuiltin { #expect(!command.examples.isEmpty, "\(path.joined(separator: " "))") }
      if command.action != nil, !isBuiltin {
        #expect(!command.exitCodes.isEmpty, "\(path.joined(separator: " "))")
      }
      for subcommand in command.subcommands { check(subcommand, path) }
    }
    check(Root.program.root, [])
  }

  @Test("the example of every command is one that parses")
  func examplesParse() throws {
    func check(_ command: Command) {
      for example in command.examples {
        // What follows a pipe, a redirection or a comment is the shell's.
        let line = example.line.prefix { !"|>#;&<".contains($0) }
        let words = Words.of(String(line)).drop { $0.contains("=") && !$0.hasPrefix("-") }
        guard words.first == "chatctl" else { continue }
        #expect(throws: Never.self, "\(example.line)") {
          _ = try Root.program.parse(
            Array(words.dropFirst()), context: { _ in ["postgres": .init(["postgresql:///x"], origin: "test")] })
        }
      }
      for subcommand in command.subcommands { check(subcommand) }
    }
    check(Root.program.root)
  }
}

/// A line's words as a shell takes them apart: blanks, single and double quotes.
enum Words {
  static func of(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if character == " " {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return words + (word.map { [$0] } ?? [])
  }
}
