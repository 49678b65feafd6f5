import Commands
import Primitives
import Testing

@Suite("Parsing command lines")
struct ParsingTests {
  @Test(
    "an option's value may stand in the same word or the next",
    arguments: [
      "topic list --limit 7", "topic list --limit=7", "topic list -n 7", "topic list -n7", "topic list -n=7",
      "topic list -an7", "topic list -van 7", "topic --limit 7 list", "topic list chat --limit 7",
    ])
  func spellings(line: String) throws {
    // An option of the subcommand is not known before its name.
    if line == "topic --limit 7 list" {
      #expect(Tool.refusal(line) == "--limit is an option of 'tool topic list', not of 'tool topic'")
    } else {
      #expect(try Tool.invocation(line)[Tool.limit] == 7)
    }
  }

  @Test("the options of a program go before and after its commands")
  func scope() throws {
    for line in ["-o json topic list", "topic -o json list", "topic list -o json", "topic list x -ojson"] {
      let invocation = try Tool.invocation(line)
      #expect(invocation[Tool.output] == .json)
      #expect(invocation.path == ["tool", "topic", "list"])
    }
    #expect(try Tool.invocation("topic ls").command.name == "list")
  }

  @Test("where no subcommand is named, the default one is meant")
  func defaultSubcommand() throws {
    let watch = Flag("watch", short: "w", help: "Watch.")
    let names = Argument(repeated: "name", .string, help: "Names.")
    let lag = Command(
      "lag", summary: "Lag",
      subcommands: [
        Command("show", summary: "Show", options: [watch], arguments: [names]) { _ in .done },
        Command("reset", summary: "Reset") { _ in .done },
      ], defaultSubcommand: "show")
    let program = Program(Command("tool", summary: "Tool", subcommands: [lag]), version: "1")
    #expect(program.problems.isEmpty)
    func parsed(_ line: String) throws -> (words: [String], names: [String], watch: Bool) {
      guard case .run(let invocation) = try program.parse(line.split(separator: " ").map(String.init)) else {
        throw UsageError(.other, "nothing to run")
      }
      let isShow = invocation.command.name == "show"
      return (Array(invocation.path.dropFirst()), isShow ? invocation[names] : [], isShow && invocation[watch])
    }
    for (line, expected) in [
      ("lag", (["lag", "show"], [], false)), ("lag a b", (["lag", "show"], ["a", "b"], false)),
      ("lag --watch a", (["lag", "show"], ["a"], true)), ("lag -w", (["lag", "show"], [], true)),
      ("lag show reset", (["lag", "show"], ["reset"], false)), ("lag reset", (["lag", "reset"], [], false)),
    ] as [(String, ([String], [String], Bool))] {
      let found = try parsed(line)
      #expect(found.words == expected.0 && found.names == expected.1 && found.watch == expected.2, "\(line)")
    }
    #expect(throws: UsageError.self) { try parsed("lag --wach") }
  }

  @Test("each type has its values")
  func types() throws {
    let line =
      "topic create t -p 3 --timeout 1m30s --segment=64KiB --ratio .5 --offset -5 -l a=b -l c=d --server [::1]:80"
    let invocation = try Tool.invocation(line + " -vv --no-color -f x")
    #expect(invocation[Tool.topic] == "t")
    #expect(invocation[Tool.partitions] == 3)
    #expect(invocation[Tool.timeout] == .seconds(90))
    #expect(invocation[Tool.segment] == .kibibytes(64))
    #expect(invocation[Tool.ratio] == 0.5)
    #expect(invocation[Tool.offset] == -5)
    #expect(invocation[Tool.labels] == ["a=b", "c=d"])
    #expect(invocation[Tool.server] == HostPort(host: "::1", port: 80))
    #expect(invocation[Tool.verbose] == 2)
    #expect(invocation[Tool.color] == false)
    #expect(invocation[Tool.file] == "x")
    #expect(invocation[Tool.folder] == nil)
    #expect(invocation[Tool.force] == false)
  }

  @Test("defaults stand where nothing was said")
  func defaults() throws {
    let invocation = try Tool.invocation("topic list")
    #expect(invocation[Tool.output] == .table)
    #expect(invocation[Tool.timeout] == .seconds(5))
    #expect(invocation[Tool.color])
    #expect(invocation[Tool.verbose] == 0)
    #expect(invocation[Tool.limit] == nil)
    #expect(invocation[Tool.prefix] == nil)
  }

  @Test("words after -- are no options, and negative numbers never are")
  func words() throws {
    #expect(try Tool.invocation("topic list -- -a")[Tool.prefix] == "-a")
    #expect(try Tool.invocation("topic list -")[Tool.prefix] == "-")
    #expect(try Tool.invocation("add 1 -2 -- -3")[Tool.numbers] == [1, -2, -3])
    #expect(try Tool.invocation("add").self[Tool.numbers] == [])
    #expect(Tool.refusal("add -2x") == "unknown option '-2' in '-2x'")
    #expect(try Tool.invocation("paint red green")[Tool.names] == ["red", "green"])
  }

  @Test(
    "wrong usage is told in full",
    arguments: [
      ("", "no command given: topic, paint, add"),
      ("topic", "no command given: list, create"),
      ("topc list", "unknown command 'topc'; did you mean topic?"),
      ("topic lsit", "unknown command 'lsit'; did you mean list?"),
      ("zzz", "unknown command 'zzz'"),
      ("topic list --limt 5", "unknown option '--limt'; did you mean --limit?"),
      ("topic list --no-colour", "unknown option '--no-colour'; did you mean --no-color?"),
      ("topic list --secre", "unknown option '--secre'"),
      ("topic list -x", "unknown option '-x'"),
      ("topic list -ax", "unknown option '-x' in '-ax'"),
      ("topic list -timeout", "unknown option '-t' in '-timeout'; did you mean --timeout?"),
      ("topic list --timeout", "--timeout needs a value, a duration from 1ms to 1h, for example 30s"),
      ("topic list --timeout --all", "--timeout needs a value, a duration from 1ms to 1h, for example 30s"),
      (
        "topic list --context -x",
        "--context needs a value; if '-x' is meant, write --context=-x"
      ),
      ("topic list --timeout 5", "--timeout: '5' is not a duration from 1ms to 1h, for example 30s"),
      ("topic list --timeout 2h", "--timeout: '2h' is not a duration from 1ms to 1h, for example 30s"),
      ("topic list -n 501", "--limit: '501' is not a number of topics from 1 to 500"),
      ("topic list -n 0x5", "--limit: '0x5' is not a number of topics from 1 to 500"),
      ("topic list --limit=", "--limit: '' is not a number of topics from 1 to 500"),
      ("topic list -o jsn", "--output: 'jsn' is not one of table, json, yaml; did you mean json?"),
      ("topic list --server 80", "--server: '80' is not HOST:PORT, for example 127.0.0.1:8080"),
      ("topic list --server ::1:80", "--server: '::1:80' is not HOST:PORT, for example 127.0.0.1:8080"),
      ("topic list --all=yes", "--all takes no value"),
      ("topic list -n 1 -n 2", "--limit is given twice ('1' and '2')"),
      ("topic list -vvvv", "--verbose is given more than 3 times"),
      ("topic list a b", "'b' is too much: list takes one argument"),
      ("hidden x", "'x' is too much: hidden takes no arguments"),
      ("topic create", "--partitions is missing: a number, 1 or more"),
      ("topic create -p1", "TOPIC is missing"),
      ("topic create t -p0", "--partitions: '0' is not a number, 1 or more"),
      ("topic create t -p1 --segment 16", "--segment: '16' is not a size from 1KiB to 1GiB, for example 16KiB"),
      ("topic create t -p1 --ratio nan", "--ratio: 'nan' is not a number from 0.0 to 1.0"),
      ("topic create t -p1 -la -lb -lc -ld", "--label is given more than 3 times"),
      ("topic create t -p1 -f x --stdin", "--file and --stdin exclude each other"),
      ("topic create t -p1 --force", "--force needs --yes: it cannot be undone"),
      ("paint", "NAME is missing: one of red, green"),
      ("paint rde", "NAME: 'rde' is not one of red, green; did you mean red?"),
      ("paint red red red red", "'red' is too much: paint takes 3 arguments"),
      ("completion bsh", "SHELL: 'bsh' is not one of bash, zsh, fish; did you mean bash?"),
      ("help topic lsit", "unknown command 'lsit'; did you mean list?"),
    ])
  func refusals(line: String, message: String) {
    #expect(Tool.refusal(line) == message)
  }

  @Test("an error knows the command it is about")
  func errorPath() throws {
    do {
      _ = try Tool.invocation("topic list --nope")
      Issue.record("accepted")
    } catch let error as UsageError {
      #expect(error.code == .unknownOption)
      #expect(error.hint == "'tool topic list --help' shows what can be said.")
      #expect(error.exitCode == .usage)
    }
  }

  @Test("a former name is understood, with a warning")
  func deprecated() throws {
    let invocation = try Tool.invocation("topic list --wait=2s")
    #expect(invocation[Tool.timeout] == .seconds(2))
    #expect(invocation.warnings == ["--wait is deprecated: write --timeout"])
    #expect(try Tool.invocation("topic list --timeout 2s").warnings.isEmpty)
  }

  @Test("the command line goes before the environment, that before the configuration, that before the default")
  func sources() throws {
    let file: (Invocation) -> [String: ContextValue] = { _ in
      [
        "timeout": ContextValue(["3s"], origin: "c.yaml:1:1"), "output": ContextValue(["yaml"], origin: "c.yaml:2:1"),
        "server": ContextValue([":9"], origin: "c.yaml:3:1"), "unheard-of": ContextValue(["x"], origin: "c.yaml:4:1"),
      ]
    }
    let variables = ["TOOL_TIMEOUT": "2s", "TOOL_OUTPUT": "json", "TOOL_COLOR": "no", "TOOL_SERVER": ""]
    let invocation = try Tool.invocation("topic list --timeout 1s", variables, context: file)
    #expect(invocation[Tool.timeout] == .seconds(1))
    #expect(invocation.source(of: Tool.timeout) == .commandLine)
    #expect(invocation[Tool.output] == .json)
    #expect(invocation.source(of: Tool.output) == .environment("TOOL_OUTPUT"))
    #expect(invocation[Tool.server] == HostPort(host: "0.0.0.0", port: 9))
    #expect(invocation.source(of: Tool.server) == .context("c.yaml:3:1"))
    #expect(invocation[Tool.color] == false)
    #expect(invocation.source(of: Tool.limit) == .default)
    #expect(!invocation.isGiven(Tool.limit))
    #expect(invocation.isGiven(Tool.color))
  }

  @Test("the configuration is asked with what was said")
  func contextSeesTheCommandLine() throws {
    let invocation = try Tool.invocation("topic create t --context staging") { invocation in
      #expect(invocation[Tool.context] == "staging")
      return ["partitions": ContextValue(["4"], origin: "c.yaml:1:1")]
    }
    #expect(invocation[Tool.partitions] == 4)
  }

  @Test(
    "a wrong value is told with where it comes from",
    arguments: [
      ("topic list", ["TOOL_TIMEOUT": "5"], "TOOL_TIMEOUT: '5' is not a duration from 1ms to 1h, for example 30s"),
      ("topic list", ["TOOL_COLOR": "maybe"], "TOOL_COLOR: 'maybe' is not one of true, false"),
      ("topic create t -p1", ["TOOL_LABELS": "a,b,c,d"], "TOOL_LABELS: more than 3 values"),
    ] as [(String, [String: String], String)])
  func wrongVariables(line: String, variables: [String: String], message: String) {
    #expect(Tool.refusal(line, variables) == message)
  }

  @Test("a wrong value in the configuration is told with its place")
  func wrongContext() {
    do {
      _ = try Tool.invocation("topic list") { _ in ["timeout": ContextValue(["x"], origin: "c.yaml:1:5")] }
      Issue.record("accepted")
    } catch {
      #expect("\(error)" == "c.yaml:1:5: timeout: 'x' is not a duration from 1ms to 1h, for example 30s")
    }
  }

  @Test("values of a repeated option are separated by commas in its variable")
  func repeatedVariable() throws {
    let invocation = try Tool.invocation("topic create t -p1", ["TOOL_LABELS": "a=b, c=d,"])
    #expect(invocation[Tool.labels] == ["a=b", "c=d"])
  }

  @Test("the declaration is sound")
  func problems() {
    #expect(Tool.program.problems == [])
  }

  @Test("an unsound declaration is found out")
  func unsound() {
    let broken = Program(
      Command(
        "x", summary: "Ends with a stop.", examples: [Example("list", "No program")],
        options: [
          Flag("a", short: "a", help: "One."), Flag("b", short: "a", help: "Two"),
          Flag("color", default: true, help: "C."),
          Flag("no-color", help: "D."), Flag("Bad", help: "E."),
          Option("c", .choice("C", [Choice("a b")]), help: "Choice."),
        ],
        arguments: [
          Argument(repeated: "n", .int, help: "N."), Argument("m", .int, help: "M."),
        ]), version: "1")
    #expect(broken.problems.count == 9, "\(broken.problems)")
  }
}
