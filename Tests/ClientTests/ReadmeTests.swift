import Glibc
import TestSupport
import Testing

/// What the README tells a newcomer to type must work, word for word.
@Suite("The README")
struct ReadmeTests {
  struct Block {
    var section: String
    var language: String
    var text: String
  }

  /// The fenced code blocks, each with the heading it stands under.
  static func blocks() throws -> [Block] {
    var found: [Block] = []
    var section = ""
    var open: Block?
    for line in try FileText.read("\(Checkout.root)/README.md").split(separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("```") {
        if let block = open {
          found.append(block)
          open = nil
        } else {
          open = Block(section: section, language: String(line.dropFirst(3)), text: "")
        }
      } else if open != nil {
        open?.text += "\(line)\n"
      } else if line.hasPrefix("## ") {
        section = String(line.dropFirst(3))
      }
    }
    return found
  }

  private func withChatd(_ body: (Chatd) async throws -> Void) async throws {
    let chatd = try await Chatd.start(["all", "--embedded", "\(try TemporaryFolder.make())/data"])
    do {
      try await body(chatd)
    } catch {
      _ = try? await chatd.process.stop()
      throw error
    }
    try await chatd.process.stop()
  }

  /// `npm install` as the README has it finds what is here already: the test must not depend on a network.
  private func commandFolder(_ workspace: String) throws -> String {
    let folder = try TemporaryFolder.make()
    try FileText.write(
      "#!/bin/sh\n[ \"$1\" = install ] && [ -d \"\(workspace)/node_modules/${2%@*}\" ]\n", to: "\(folder)/npm")
    chmod("\(folder)/npm", 0o755)
    return folder
  }

  @Test("its first message by curl is sent and listed, twice over")
  func curl() async throws {
    let commands = try Self.blocks().filter { $0.section.contains("curl") && $0.language == "sh" }.map(\.text).joined()
    #expect(commands.contains("curl"))
    try await withChatd { chatd in
      for round in 1...2 {
        let result = try await TestProcess.run(
          "/bin/sh", ["-c", commands], environment: ["CHAT_URL": chatd.url], directory: try TemporaryFolder.make())
        #expect(result.exit == .code(0), "\(result.output)")
        #expect(result.output.contains(#""body":"Hello, Bob!""#), "round \(round): \(result.output)")
        #expect(result.output.contains(#"{"messages":["#), "\(result.output)")
        #expect(!result.output.contains("urn:chatd:problem"), "\(result.output)")
      }
    }
  }

  @Test(
    "its program in JavaScript runs with the official client",
    .enabled("node and the official clients are installed") { await OfficialClients.canRunJavaScript() })
  func javaScript() async throws {
    let blocks = try Self.blocks().filter { $0.section.contains("JavaScript") }
    let program = try #require(blocks.first { $0.language == "js" }).text
    let commands = blocks.filter { $0.language == "sh" }.map(\.text).joined()
    #expect(commands.contains("node chat.mjs"))
    try await withChatd { chatd in
      let workspace = try await OfficialClients.workspace()
      try FileText.write(program, to: "\(workspace)/chat.mjs")
      let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
      for _ in 0..<2 {
        let result = try await TestProcess.run(
          "/bin/sh", ["-e", "-c", commands],
          environment: ["CHAT_URL": chatd.url, "PATH": "\(try commandFolder(workspace)):\(path)"], directory: workspace)
        #expect(result.exit == .code(0), "\(result.output)")
        #expect(result.output.contains("bob got #"), "\(result.output)")
      }
    }
  }

  @Test("the commands it names exist in the Makefile")
  func make() throws {
    let makefile = try FileText.read("\(Checkout.root)/Makefile")
    let named = try Self.blocks().filter { $0.language == "sh" }.map(\.text).joined()
      .split(separator: "\n").filter { $0.hasPrefix("make ") }.compactMap { $0.split(separator: " ").dropFirst().first }
    #expect(named.contains("run") && named.contains("test"))
    for target in named { #expect(makefile.contains("\n\(target):"), "make \(target)") }
  }
}
