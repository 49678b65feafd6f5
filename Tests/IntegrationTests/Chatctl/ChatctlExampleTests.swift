import Glibc
import JSON
import TestSupport
import Testing

/// Every example of chatctl's help is run as it stands, against real services. Examples/ says what is to come of each.
@Suite("The examples of chatctl")
struct ChatctlExampleTests {
  /// Those that the program itself shows, by their lines, with the commands that show them.
  private static func examples() async throws -> [String: [String]] {
    let (exit, text) = try await TestProcess.run("chatctl", ["help", "--json"])
    guard exit == .code(0) else { throw TestFailure("chatctl help --json: \(exit)") }
    var examples: [String: [String]] = [:]
    func collect(_ command: JSONValue, _ path: [String]) {
      let path = path + [command.text("name")]
      for example in command["examples"]?.array.map(Array.init) ?? [] {
        examples[example.text("line"), default: []].append(path.joined(separator: " "))
      }
      for subcommand in command["subcommands"]?.array.map(Array.init) ?? [] { collect(subcommand, path) }
    }
    let root = try JSONDocument(parsing: Array(text.utf8)).root
    if let command = root["command"] { collect(command, []) }
    return examples
  }

  @Test("each example has an expectation, and each expectation an example")
  func coverage() async throws {
    let examples = try await Self.examples()
    #expect(examples.count > 100)
    var entries: [String: String] = [:]
    for page in ExampleTranscript.pages {
      for entry in try ExampleTranscript(page).entries {
        #expect(entries[entry.line] == nil, "\(page).txt: twice: \(entry.line)")
        entries[entry.line] = page
      }
    }
    for (line, commands) in examples.sorted(by: { $0.key < $1.key }) where entries[line] == nil {
      Issue.record("no expectation of '\(line)', an example of \(commands.joined(separator: ", "))")
    }
    for (line, page) in entries.sorted(by: { $0.key < $1.key }) where examples[line] == nil {
      Issue.record("\(page).txt: '\(line)' is no example of any command")
    }
  }

  @Test("an example works as it stands", arguments: ExampleTranscript.pages)
  func work(page: String) async throws {
    let transcript = try ExampleTranscript(page)
    let bus = page == "bus" ? OperatedBus.all.last ?? .redis : .redis
    try await ExamplePlace.with(bus) { place in
      try await place.prepare(["cp -r '\(Self.root)/manifests' ."], page)
      if page == "running" { try await place.startGateway() }
      try await place.prepare(transcript.setup, "\(page): setup")
      for entry in transcript.entries { try await Self.check(entry, in: place) }
    }
  }

  private static let root = #filePath.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" }

  private static func check(_ entry: ExampleTranscript.Entry, in place: ExamplePlace) async throws {
    if let bus = entry.bus, bus != place.bus { return skip(entry, "it needs \(bus.rawValue)") }
    for program in entry.needs + [entry.shell] where !place.has(program) { return skip(entry, "no \(program)") }
    do {
      if entry.stops { await place.stopChatd() }
      try await place.prepare(entry.before, "before '\(entry.line)'")
      let (line, exit, output) = try await place.run(entry)
      #expect(entry.exits.contains { exit == .code($0) }, "\(line): \(exit), not \(entry.exits):\n\(output)")
      for text in entry.says { #expect(output.contains(text), "\(line): no '\(text)' in\n\(output)") }
      try await place.prepare(entry.after, "after '\(entry.line)'")
    } catch let failure as TestFailure {
      Issue.record("\(entry.line): \(failure)")
    }
  }

  /// Says so, for a test that did nothing looks like one that passed.
  private static func skip(_ entry: ExampleTranscript.Entry, _ reason: String) {
    _ = "SKIPPED: \(reason): \(entry.line)\n".withCString { write(2, $0, strlen($0)) }
  }
}
