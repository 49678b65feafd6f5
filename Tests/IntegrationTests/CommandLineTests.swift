import ChatKit
import JSON
import TestSupport
import Testing

/// What the programs say of themselves.
@Suite("The command line")
struct CommandLineTests {
  private static let root = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }

  private func run(
    _ arguments: [String], of program: String = "chatd", environment: [String: String] = [:]
  ) async throws -> String {
    let (exit, output) = try await TestProcess.run(program, arguments, environment: environment)
    #expect(exit == .code(0), "\(output)")
    return output
  }

  @Test("the completions of this checkout are those of the programs", arguments: ["chatd", "chatctl"])
  func completions(program: String) async throws {
    for (shell, file) in [("bash", "\(program).bash"), ("zsh", "_\(program)"), ("fish", "\(program).fish")] {
      let script = try await run(["completion", shell], of: program)
      let kept = try FileText.read("\(Self.root)/completions/\(file)")
      #expect(script == kept, "completions/\(file) is stale: make completions")
    }
  }

  @Test("the manual pages of this checkout are those of the programs", arguments: ["chatd", "chatctl"])
  func manuals(program: String) async throws {
    let pages = try await run(["man", "--list"], of: program).split(separator: "\n").map { line in
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      return (name: String(parts[0]), words: parts[1].split(separator: " ").map(String.init))
    }
    #expect(pages.count > 2)
    for page in pages {
      let text = try await run(["man"] + page.words, of: program)
      let kept = try? FileText.read("\(Self.root)/docs/man/\(page.name)")
      #expect(text == kept, "docs/man/\(page.name) is stale: make docs")
    }
    let files = FileTree.names(in: "\(Self.root)/docs/man").filter {
      $0.hasPrefix("\(program)-") || $0.hasPrefix("\(program).")
    }
    #expect(Set(files) == Set(pages.map(\.name)), "docs/man has pages of commands that are gone: make docs")
  }

  @Test("all that is declared, in JSON")
  func json() async throws {
    let text = try await run(["help", "--json"])
    let root = try JSONDocument(parsing: Array(text.utf8)).root
    #expect(root["name"]?.string == "chatd")
    let options = try #require(root["command"]?["options"]?.array)
    let idle = try #require(options.first { $0["name"]?.string == "http-idle-timeout" })
    #expect(idle["type"]?.string == "duration")
    #expect(idle["environment"]?.string == "CHATD_HTTP_IDLE_TIMEOUT")
    #expect(idle["minimum"]?.string == "1s")
  }

  @Test("what is left out of --help is still suggested")
  func rare() async throws {
    let (exit, output) = try await TestProcess.run("chatd", ["all", "--http-idel-timeout", "5s"])
    #expect(exit == .code(64))
    #expect(output.hasPrefix("chatd: unknown option '--http-idel-timeout'; did you mean --http-idle-timeout?\n"))
    #expect(try await !run(["--help"]).contains("--http-idle-timeout"))
    #expect(try await run(["man"]).contains("http\\-idle\\-timeout"))
  }

  @Test("whoever has read enough of its output is no error worth a word")
  func closedPipe() async throws {
    let chatd = "\(try TestProcess.products)/chatd"
    let (exit, output) = try await TestProcess.run(
      "/bin/bash", ["-c", "{ \(chatd) config -o markdown; echo $? >&2; } | { head -c 1; exec <&-; }"])
    #expect(exit == .code(0))
    // The page fits into a pipe, so it may all have been written.
    #expect(["#141\n", "#0\n", "141\n#", "0\n#"].contains(output), "\(output)")
  }

  @Test("the shells' questions are answered")
  func dynamic() async throws {
    #expect(try await run(["__complete", "ga"]) == "gateway\tThe Socket.IO gateway\n")
    #expect(try await run(["__complete", "help", "al"]) == "all\tEverything in one process\n")
    #expect(try await run(["__complete", "all", "--log-level=de"]) == "--log-level=debug\n")
  }

  @Test("there is a manual page for the program and for each role")
  func manual() async throws {
    for (arguments, title) in [(["man"], "CHATD"), (["man", "all"], "CHATD\\-ALL")] {
      let page = try await run(arguments)
      #expect(page.hasPrefix(".TH \"\(title)\" \"8\""))
      #expect(page.contains(".SH \"OPTIONS"))
    }
  }

  @Test("what it says of itself does not depend on its settings being right")
  func wrongSettings() async throws {
    let environment = ["CHATD_LOOPS": "many", "CHATD_LISTEN": "nowhere"]
    _ = try await run(["--help"], environment: environment)
    _ = try await run(["completion", "bash"], environment: environment)
    let (exit, output) = try await TestProcess.run("chatd", ["all", "--embedded", "x"], environment: environment)
    #expect(exit == .code(64))
    let lines = output.split(separator: "\n")
    #expect(lines.count == 3, "\(output)")
    #expect(lines[0] == "chatd: CHATD_LOOPS: 'many' is not a number from 1 to 256")
    #expect(lines[1].hasPrefix("chatd: CHATD_LISTEN: 'nowhere' is not HOST:PORT"), "\(output)")
  }
}
