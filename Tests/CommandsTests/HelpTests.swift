import Commands
import Testing

@Suite("Help and manual")
struct HelpTests {
  @Test(
    "help is as it was",
    arguments: ["--help", "topic --help", "topic list --help", "topic create --help", "paint -h", "help completion"])
  func snapshots(line: String) throws {
    let text = try Tool.answer(line)
    try Snapshot.check(text, "help \(line)".words + ".txt")
    for line in text.split(separator: "\n") where !line.hasPrefix("    ") { #expect(line.count <= 80) }
  }

  @Test("help fits a narrow terminal and uses a wide one")
  func widths() throws {
    for width in [40, 60, 120] {
      let text = try Tool.answer("topic create --help", terminal: Terminal(width: width, isStyled: false))
      #expect(text.split(separator: "\n").allSatisfy { $0.count <= width }, "\(text)")
    }
  }

  @Test("help of a command can be had in more than one way")
  func ways() throws {
    let text = try Tool.answer("topic list --help")
    for line in [
      "help topic list", "topic list -h", "topic list -n bad --help", "topic list --bogus --help", "topic ls x y -h",
    ] {
      #expect(try Tool.answer(line) == text)
    }
    #expect(try Tool.answer("help") == Tool.answer("-h"))
    #expect(throws: UsageError.self) { try Tool.answer("topic list -- --help") }
  }

  @Test("headings are bold on a terminal")
  func style() throws {
    let text = try Tool.answer("--help", terminal: Terminal(width: 80, isStyled: true))
    #expect(text.contains("\u{1b}[1mOptions:\u{1b}[0m"))
    #expect(!(try Tool.answer("--help")).contains("\u{1b}"))
  }

  @Test("the terminal says how wide it is, and NO_COLOR whether to use style")
  func terminal() {
    #expect(Terminal.of(descriptor: nil, environment: Tool.environment(["COLUMNS": "100"])).width == 100)
    #expect(Terminal.of(descriptor: nil, environment: Tool.environment(["COLUMNS": "5"])).width == 40)
    #expect(Terminal.of(descriptor: nil, environment: Tool.environment(["COLUMNS": "x"])).width == 80)
    #expect(!Terminal.of(descriptor: nil, environment: Tool.environment([:])).isStyled)
  }

  @Test("the version is shown")
  func version() throws {
    #expect(try Tool.answer("--version") == "tool 1.2.3\n")
    #expect(try Tool.answer("version") == "tool 1.2.3\n")
    #expect(try Tool.answer("topic list --version") == "tool 1.2.3\n")
  }

  @Test(
    "manual pages are as they were, and troff has no complaint",
    arguments: ["man", "man topic list", "man topic create"])
  func manual(line: String) async throws {
    let page = try Tool.answer(line)
    try Snapshot.check(page, line.words + ".roff")
    guard Tools.path("groff") != nil else { return Tools.skip("groff") }
    let file = try Tools.file(page, "page.roff")
    #expect(try await Tools.run("groff", ["-man", "-Tutf8", "-ww", "-z", file]) == "")
    let rendered = try await Tools.run("groff", ["-man", "-Tutf8", "-P-cbou", file])
    #expect(rendered.contains("EXAMPLES") == (line == "man topic list"))
    guard Tools.path("man") != nil else { return Tools.skip("man") }
    let read = try await Tools.run(
      "man", ["--warnings", "-l", file], environment: ["MANPAGER": "cat", "LC_ALL": "C.UTF-8"])
    #expect(!read.contains("warning") && read.contains("SYNOPSIS"))
  }

  @Test("the declaration can be had as JSON")
  func json() throws {
    try Snapshot.check(try Tool.answer("__describe"), "describe.json")
  }
}

extension String {
  /// For a file's name.
  var words: String { split { !$0.isLetter }.joined(separator: "-") }
}
