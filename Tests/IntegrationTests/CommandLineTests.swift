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
