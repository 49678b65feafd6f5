import Commands
import TestSupport
import Testing

/// The three shells' scripts are run in the shells, and must say what the program itself says.
@Suite("Completions")
struct CompletionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let line: String
    let expected: [String]
    var testDescription: String { line }

    init(_ line: String, _ expected: String...) {
      self.line = line
      self.expected = expected
    }
  }

  static let cases = [
    Case("tool ", "topic", "paint", "add", "help", "completion", "man", "version"),
    Case("tool to", "topic"),
    Case("tool zzz"),
    Case("tool hid"),
    Case("tool topic ", "list", "create"),
    Case("tool -o json topic l", "list"),
    Case("tool -ojson topic l", "list"),
    Case("tool -vo json topic l", "list"),
    Case("tool --output=json topic l", "list"),
    Case("tool topic ls --li", "--limit"),
    Case("tool topic list --l", "--limit"),
    Case("tool topic create --l", "--label"),
    Case("tool topic list --no", "--no-color"),
    Case("tool topic list --t", "--timeout"),
    Case("tool --lim"),
    Case("tool -o ", "table", "json", "yaml"),
    Case("tool topic list --output j", "json"),
    Case("tool topic list --output=j", "--output=json"),
    Case("tool topic list x -o y", "yaml"),
    Case("tool topic list --context pro", "production"),
    Case("tool topic list --context sta", "staging"),
    Case("tool topic list --context=pro", "--context=production"),
    Case("tool topic list --context a:", "a:b"),
    Case("tool paint g", "green"),
    Case("tool paint red g", "green"),
    Case("tool paint -- r", "red"),
    Case("tool --color paint r", "red"),
    Case("tool completion ", "bash", "zsh", "fish"),
    Case("tool topic create --par", "--partitions"),
    Case("tool help to", "topic"),
    Case("tool man topic cr", "create"),
    Case("tool help --", "--help", "--json", "--version"),
    Case("tool version --", "--help", "--version"),
  ]

  /// A program that answers `__complete` as the tool does for --context, for the shells to call.
  private static let stub = """
    #!/bin/sh
    test "$1" = __complete || exit 64
    for last; do :; done
    case "$last" in --context=*) lead=--context= ;; *) lead= ;; esac
    case "$*" in
      *'help to') echo topic ;;
      *'man topic cr') printf 'create\tCreate a topic\n' ;;
      *) candidates=1 ;;
    esac
    test -z "$candidates" || printf '%sproduction\\tThe real one\\n%sstaging\\n%sa:b\\n' $lead $lead $lead
    """

  /// A folder with the stub and a shell's script, and what the shell needs to be told of them.
  private func prepare(_ shell: Shell) async throws -> (script: String, path: String) {
    let stub = try Tools.file(Self.stub, "tool")
    _ = try await Tools.run("chmod", ["755", stub])
    let folder = stub.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
    let script = try Tools.file(Tool.program.completion(for: shell), "_tool")
    return (script, "\(folder):/usr/bin:/bin")
  }

  private func words(_ line: String) -> [String] {
    line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
  }

  @Test("the program itself knows what may stand there", arguments: cases)
  func program(_ test: Case) async throws {
    guard case .complete(let request) = try Tool.program.parse(["__complete"] + words(test.line).dropFirst()) else {
      return #expect(Bool(false))
    }
    let found = await Tool.program.candidates(request).map(\.value).filter { !$0.contains("vpro") && $0 != "vsta" }
    #expect(Set(found).subtracting(["va:", "v"]) == Set(test.expected))
  }

  @Test("a completer sees what was typed")
  func completer() async throws {
    let seen = Option(
      "seen",
      ValueType<String>.string("X").completed { request in
        [Candidate("\(request[Tool.limit].map { $0.map(String.init) ?? "none" } ?? "invalid")", "two\nlines\u{1b}[1m")]
      }, help: "X.")
    let program = Program(Command("x", summary: "X", options: [seen, Tool.limit]), version: "1")
    for (words, value) in [
      (["-n", "5", "--seen", ""], "5"), (["--seen", ""], "none"), (["-n9999", "--seen="], "--seen=invalid"),
    ] {
      let output = Output.capturing()
      _ = await program.run(["__complete"] + words, output: output)
      #expect(output.data.captured == "\(value)\ttwolines[1m\n")
    }
  }

  @Test("bash completes as the program does")
  func bash() async throws {
    guard Tools.path("bash") != nil else { return Tools.skip("bash") }
    let (script, path) = try await prepare(.bash)
    // Each line comes as readline splits it, at = and : too.
    var test = "source \(script)\n"
    for item in Self.cases {
      var parts: [String] = []
      for word in words(item.line) {
        var rest = word[...]
        var pieces: [String] = []
        while let index = rest.firstIndex(where: { $0 == "=" || $0 == ":" }) {
          if index > rest.startIndex { pieces.append(String(rest[..<index])) }
          pieces.append(String(rest[index]))
          rest = rest[rest.index(after: index)...]
        }
        if !rest.isEmpty || pieces.isEmpty { pieces.append(String(rest)) }
        parts += pieces
      }
      let quoted = parts.map { "'\($0)'" }.joined(separator: " ")
      test += """
        COMP_WORDS=(\(quoted)) COMP_CWORD=\(parts.count - 1) COMP_LINE='\(item.line)' COMP_POINT=\(item.line.utf8.count)
        COMPREPLY=() ; _tool tool; printf '%s|' "${COMPREPLY[@]}"; echo

        """
    }
    let output = try await Tools.run("bash", ["--norc", "-c", test], environment: ["PATH": path])
    let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, item) in Self.cases.enumerated() {
      // What stands behind the last = or : is replaced.
      let typed = words(item.line).last ?? ""
      let isSplit = typed.lastIndex { $0 == "=" || $0 == ":" }
      let fixed = isSplit.map { typed[...$0].count } ?? 0
      let found = lines[index].split(separator: "|").map(String.init)
      let expected = item.expected.map { String($0.dropFirst(fixed)) }
      #expect(Set(found) == Set(expected), "\(item.line): \(found)")
    }
  }

  @Test("fish completes as the program does")
  func fish() async throws {
    guard Tools.path("fish") != nil else { return Tools.skip("fish") }
    let (script, path) = try await prepare(.fish)
    var test = "source \(script)\n"
    for item in Self.cases { test += "complete -C '\(item.line)'; echo ===\n" }
    let output = try await Tools.run("fish", ["--no-config", "-c", test], environment: ["PATH": path])
    let answers = output.split(separator: "===\n", omittingEmptySubsequences: false)
    for (index, item) in Self.cases.enumerated() {
      let found = answers[index].split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
      // An option's value is offered with its option where that is how it is typed.
      #expect(Set(found) == Set(item.expected), "\(item.line): \(found)")
    }
  }

  @Test("zsh completes as the program does")
  func zsh() async throws {
    guard Tools.path("zsh") != nil else { return Tools.skip("zsh") }
    let (script, path) = try await prepare(.zsh)
    let driver = try Tools.file(Self.zshDriver, "driver.zsh")
    await withTaskGroup(of: Void.self) { group in
      for chunk in 0..<2 {
        group.addTask {
          for item in Self.cases.enumerated().filter({ $0.offset % 2 == chunk }).map(\.element) {
            do {
              let output = try await Tools.run("zsh", ["-f", driver, script, item.line], environment: ["PATH": path])
              let found = output.split(separator: "\n").map(String.init)
              // Zsh keeps what is typed of --output= apart.
              #expect(Set(found) == Set(item.expected), "\(item.line): \(found)")
            } catch {
              Issue.record("\(item.line): \(error)")
            }
          }
        }
      }
    }
  }

  /// Types a line into an interactive zsh, and prints the words that its completion adds.
  private static let zshDriver = #"""
    zmodload zsh/zpty
    export OUT=$(mktemp)
    setup=$(mktemp)
    cat > $setup <<'END'
    PROMPT=
    autoload -U compinit
    compinit -C -d $DUMP
    source $SCRIPT
    bindkey '^I' complete-word
    finish () { exit }
    comppostfuncs=( finish )
    zstyle ':completion:*' insert-tab false
    compadd () {
      if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
        builtin compadd "$@"
        return $?
      fi
      typeset -a __hits
      builtin compadd -A __hits "$@"
      for hit in $__hits; do print -r -- "$IPREFIX$hit" >> $OUT; done
    }
    print ready
    END
    export SCRIPT=$1 DUMP=$1.dump
    zpty z zsh -f -i
    zpty -w z "source $setup"
    while zpty -r z line; do [[ $line == *ready* && $line != *source* ]] && break; done
    zpty -w -n z "$2"$'\t'
    while zpty -r z line; do :; done
    cat $OUT
    rm -f $OUT $setup
    """#

  @Test("the scripts are as they were", arguments: Shell.allCases)
  func snapshots(shell: Shell) throws {
    let script = try Tool.answer("completion \(shell.rawValue)")
    try Snapshot.check(script, "completion.\(shell.rawValue)")
    #expect(script == Tool.program.completion(for: shell))
  }
}
