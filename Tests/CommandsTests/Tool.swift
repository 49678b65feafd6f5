import Commands
import Primitives

/// A program to test with: it has one of everything.
enum Tool {
  enum Format: String, CaseIterable {
    case table, json, yaml

    var summary: String {
      switch self {
      case .table: "For people"
      case .json: "For programs; it's one line"
      case .yaml: ""
      }
    }
  }

  static let output = Option(
    "output", .choice("FORMAT") { (format: Format) in format.summary }, default: .table, short: "o",
    help: "How to print what is found.", environment: "TOOL_OUTPUT")
  static let timeout = Option(
    "timeout", .duration(.milliseconds(1) ... .seconds(3600)), default: .seconds(5),
    help: "How long to wait for an answer.", group: "Connection", environment: "TOOL_TIMEOUT",
    deprecatedNames: ["wait"])
  static let server = Option(
    "server", .address(defaultHost: "0.0.0.0"), short: "s", help: "Where the server listens.", group: "Connection",
    environment: "TOOL_SERVER")
  static let context = Option(
    "context",
    ValueType<String>.string("NAME").completed { request in
      [
        Candidate("production", "The real one"), Candidate("staging"), Candidate("a:b"),
        Candidate("v\(request.prefix)"),
      ]
    }, help: "Which context to use.", group: "Connection")
  static let verbose = Count("verbose", short: "v", most: 3, help: "Say more, and more.")
  static let color = Flag("color", default: true, help: "Whether to use colours.", environment: "TOOL_COLOR")
  static let secret = Flag("secret", help: "Not shown.", isHidden: true)

  static let prefix = Argument(optional: "prefix", .string, help: "Only names that begin with this.")
  static let all = Flag("all", short: "a", help: "Internal topics too.")
  static let limit = Option("limit", .int(1...500, unit: "topics"), short: "n", help: "How many to print at most.")

  static let topic = Argument("topic", .string, help: "The topic's name.")
  static let partitions = Option(required: "partitions", .int(1...), short: "p", help: "How many partitions.")
  static let labels = Option(
    repeated: "label", .string("KEY=VALUE"), times: 0...3, short: "l", help: "A label.", environment: "TOOL_LABELS")
  static let segment = Option(
    "segment", .size(.kibibytes(1) ... .gibibytes(1)), default: .mebibytes(16), help: "The size of a segment.")
  static let ratio = Option("ratio", .double(0...1), help: "A share.")
  static let offset = Option("offset", .int, help: "Where to begin; from the end if negative.")
  static let file = Option("file", .file, short: "f", help: "A file to read.")
  static let folder = Option("folder", .directory, help: "A folder to read.")
  static let stdin = Flag("stdin", help: "Read standard input.")
  static let force = Flag("force", help: "Do it in any case.")
  static let yes = Flag("yes", short: "y", help: "Do not ask.")

  static let names = Argument(
    repeated: "name", .choice("NAME", [Choice("red"), Choice("green", "Like grass")]), times: 1...3, help: "Names.")
  static let numbers = Argument(repeated: "number", .int, help: "Numbers.")

  static let list = Command(
    "list", summary: "List topics",
    discussion: """
      Prints the topics whose names begin with PREFIX, and how many partitions they have. Long lines of a discussion are
      wrapped where the terminal ends.

      What is indented stays as it is:

        NAME   PARTITIONS
      """,
    examples: [
      Example("tool topic list", "All topics"), Example("tool topic list chat. -o json", "Some topics, for a script"),
    ], aliases: ["ls"], options: [all, limit], arguments: [prefix],
    exitCodes: [.init(.done), .init(.unavailable, "the server is down")]
  ) { invocation in
    try invocation.output.line(
      "\(invocation[output].rawValue) \(invocation[prefix] ?? "-") \(invocation[timeout].text)")
    invocation.output.talk("one moment")
    return .done
  }

  static let create = Command(
    "create", summary: "Create a topic",
    options: [partitions, labels, segment, ratio, offset, file, folder, stdin, force, yes], arguments: [topic],
    rules: [
      .atMostOne(of: [file, folder, stdin]), .using(force, needs: [yes], because: "it cannot be undone"),
    ]
  ) { _ in throw CommandFailure(.busy, "somebody else is at it", hint: "Try again.") }

  static let program = Program(
    Command(
      "tool", summary: "Tries things out",
      options: [output, timeout, server, context, verbose, color, secret],
      subcommands: [
        Command("topic", summary: "Topics", subcommands: [list, create]),
        Command("paint", summary: "Paint it", arguments: [names]) { _ in .done },
        Command("add", summary: "Add numbers", arguments: [numbers]) { invocation in
          try invocation.output.line("\(invocation[numbers].reduce(0, +))")
          return .done
        },
        Command("hidden", summary: "Not listed", isHidden: true) { _ in .no },
      ]), version: "1.2.3")

  static func environment(_ variables: [String: String]) -> @Sendable (String) -> String? { { variables[$0] } }

  /// The invocation of a line of words that blanks separate.
  static func invocation(
    _ line: String, _ variables: [String: String] = [:],
    context: ((Invocation) throws -> [String: ContextValue])? = nil
  ) throws -> Invocation {
    let words = line.split(separator: " ").map { $0 == "''" ? "" : String($0) }
    let request = try program.parse(words, environment: environment(variables), context: context)
    guard case .run(let invocation) = request else { throw UsageError(.other, "no invocation") }
    return invocation
  }

  /// The message that a line is refused with.
  static func refusal(_ line: String, _ variables: [String: String] = [:]) -> String? {
    do {
      _ = try invocation(line, variables)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// What a line is answered with.
  static func answer(_ line: String, terminal: Terminal = .plain) throws -> String {
    guard case .answer(let text) = try program.parse(line.split(separator: " ").map(String.init), terminal: terminal)
    else { throw UsageError(.other, "no answer") }
    return text
  }
}
