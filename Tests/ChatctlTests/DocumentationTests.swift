import ChatKit
import Commands
import TestSupport
import Testing

@testable import chatctl

/// docs/chatctl has a page for every command, and docs/CHATCTL.md leads to each.
@Suite("chatctl's pages")
struct DocumentationTests {
  private struct Page {
    let file: String
    let text: String
    /// What it is about, by its title: `# chatctl apply, diff`.
    let groups: Set<String>
    /// What it says of exit codes; empty where it says nothing.
    let exitCodes: Substring

    init(_ file: String) throws {
      self.file = file
      let text = try FileText.read("\(DocumentationTests.docs)/chatctl/\(file)")
      self.text = text
      let title = text.prefix { $0 != "\n" }.drop { $0 == "#" }.split(whereSeparator: { $0 == " " || $0 == "," })
      groups = title.first == "chatctl" ? Set(title.dropFirst().map(String.init)) : []
      let heading = "\n## Exit codes\n"
      let rest = text.firstRange(of: heading).map { text[$0.upperBound...] } ?? ""
      let end = rest.firstRange(of: "\n## ")?.lowerBound
      exitCodes = end.map { rest[..<$0] } ?? rest
    }

    /// Whether it has a command, by all its words or, in a table or a text, by its last one.
    func has(_ words: [String]) -> Bool {
      let full = "chatctl \(words.joined(separator: " "))"
      if text.ranges(of: full).contains(where: { isEnd($0.upperBound) }) { return true }
      // `members role` and `role` both.
      return (1..<max(2, words.count)).contains { count in
        text.ranges(of: "`\(words.suffix(count).joined(separator: " "))").contains { isEnd($0.upperBound) }
      }
    }

    private func isEnd(_ index: String.Index) -> Bool {
      index == text.endIndex || !(text[index].isLetter || text[index] == "-")
    }

    /// Whether the section names a code, as a number of its own.
    func says(_ code: Int32) -> Bool {
      exitCodes.split(whereSeparator: { !$0.isNumber }).contains("\(code)")
    }
  }

  private static let docs =
    #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" } + "/docs"

  private static func pages() throws -> [Page] {
    try FileTree.names(in: "\(docs)/chatctl").filter { $0.hasSuffix(".md") }.sorted().map { try Page($0) }
  }

  private func runnable(_ path: [Command] = [Root.program.root]) -> [(words: [String], command: Command)] {
    let command = path[path.count - 1]
    if path.count == 2, ["help", "completion", "man", "version"].contains(command.name) { return [] }
    let own = command.action == nil ? [] : [(words: path.dropFirst().map(\.name), command: command)]
    return own + command.subcommands.flatMap { runnable(path + [$0]) }
  }

  @Test("each command has its place on the page of its group, and the page says its exit codes")
  func commands() throws {
    let pages = try Self.pages()
    for (words, command) in runnable() {
      let name = words.joined(separator: " ")
      guard let page = pages.first(where: { $0.groups.contains(words[0]) }) else {
        Issue.record("no page's title has 'chatctl \(words[0])'")
        continue
      }
      #expect(page.has(words), "\(page.file) says nothing of 'chatctl \(name)'")
      for code in command.exitCodes where code.code != .interrupted {
        #expect(page.says(code.code.rawValue), "\(page.file) does not say \(code.code.rawValue) of 'chatctl \(name)'")
      }
    }
  }

  @Test("each page is of commands that there are, says how they end, and is linked")
  func links() throws {
    let overview = try FileText.read("\(Self.docs)/CHATCTL.md")
    let groups = Set(Root.program.root.subcommands.map(\.name))
    for page in try Self.pages() {
      #expect(!page.groups.isEmpty && page.groups.isSubset(of: groups), "\(page.file): \(page.groups)")
      #expect(!page.exitCodes.isEmpty, "\(page.file) has no section 'Exit codes'")
      #expect(overview.contains("(chatctl/\(page.file))"), "CHATCTL.md does not link \(page.file)")
    }
  }

  @Test("every command says that it can be used wrongly, and what it is that it ends with")
  func exitCodes() {
    for (words, command) in runnable() {
      let codes = command.exitCodes.map(\.code)
      #expect(codes.contains(.usage), "\(words)")
      #expect(codes.contains(.done), "\(words)")
      #expect(Set(codes).count == codes.count, "\(words): a code is said twice")
    }
  }
}
