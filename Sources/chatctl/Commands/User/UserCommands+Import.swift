import ChatKit
import Commands
import Glibc
import Primitives

extension UserCommands {
  private static let file = Argument(
    "file", ValueType<String>.file, help: "NDJSON or CSV; '-' is standard input.")
  private static let format = Option<UserImportFile.Format?>(
    "format", .choice("FORMAT"), defaultText: "csv for a name that ends so, else ndjson", help: "What the file is.")
  private static let from = Option(
    "from", .int(1...), default: 1, help: "Begin at this line: where an import was interrupted.")
  private static let parallel = Option<Int?>(
    "parallel", .int(1...64), defaultText: "one a core", help: "Passwords that are hashed at the same time.")

  /// Rows of a batch: what is done at once, and where an import can be interrupted.
  private static let batch = 100

  static let importFile = Command.operation(
    "import", summary: "Make the users of a file",
    discussion: """
      A row has username, and may have displayName, role (user, admin), state (active, disabled), and password or passwordHash \
      (Argon2id, or bcrypt of another system). In CSV the first line names the fields. A record a row says what came of it: \
      created, exists (somebody has the name; nothing is changed), or invalid with the reason; the others are made all the same. \
      An import can be repeated: who was made exists. Interrupted, it says at which line to go on.
      """,
    examples: [
      Example("chatctl user import users.csv -o ndjson > results.ndjson", "A result a row"),
      Example("chatctl user import users.ndjson --from 201", "Go on where it was interrupted"),
      Example("chatctl user import users.csv --dry-run --fields line,error", "What is wrong with it"),
    ],
    options: [format, from, parallel], arguments: [file],
    exitCodes: [
      .init(.done, "each user was made, or exists"), .init(.partlyDone, "some rows are invalid; the others are done"),
      .init(.usage), .init(.invalidInput, "no row is valid, or the file cannot be understood"), .init(.unavailable),
      .init(.interrupted),
    ],
    records: RecordSchema(
      "row", key: "username",
      [
        .init("line", .integer, "On which it begins"), .init("username", "The name"),
        .init("result", "created, exists or invalid"), .init("id", "The identifier"),
        .init("error", "Why it is invalid"),
      ]), changes: true
  ) { session in
    let source = try UserImportFile(session[file], format: session[format], from: session[from])
    let accounts = session.connections.options.accounts
    let work = UserImport(
      pool: try session.connections.postgres(),
      hasher: PasswordHasher(accounts, threads: session[parallel] ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
      workspace: session[ScopeOptions.workspace], by: .current)
    let progress = Progress(
      "importing", total: session.output.isInteractive ? source.lines : nil, unit: "rows", session)
    let writer = try session.records()
    var (done, invalid) = (0, 0)
    try await session.resumable {
      var rows = try source.read(batch)
      while !rows.isEmpty {
        let resume = line(session, from: rows[0].line)
        let results: [UserImport.RowResult]
        do { results = try await work.take(rows, isDry: session.isDryRun) } catch {
          session.talk("the rows before line \(rows[0].line) are done. Resume with: \(resume)")
          throw error
        }
        for result in results {
          try write(result, writer, isDry: session.isDryRun)
          if case .invalid = result.outcome { invalid += 1 } else { done += 1 }
        }
        try session.output.data.flush()
        progress.advance(by: rows.count)
        rows = try source.read(batch)
        if let next = rows.first {
          try session.checkpoint(resume: line(session, from: next.line))
        }
      }
    }
    progress.finish()
    try writer.finish()
    session.talk("\(done) rows \(session.isDryRun ? "are valid" : "done"), \(invalid) invalid")
    return invalid == 0 ? .done : done == 0 ? .invalidInput : .partlyDone
  }

  private static func line(_ session: Session, from line: Int) -> String {
    session.invocation.line(with: [(from.parameter.name, ["\(line)"])])
  }

  private static func write(_ result: UserImport.RowResult, _ writer: RecordWriter, isDry: Bool) throws {
    let (word, id, error): (String, RecordValue, RecordValue) =
      switch result.outcome {
      case .created(let id): isDry ? ("would be created", .null, .null) : ("created", RecordValue(id), .null)
      case .exists(let id): ("exists", RecordValue(id), .null)
      case .invalid(let why): ("invalid", .null, .string(why))
      }
    try writer.add([.integer(result.line), RecordValue(result.username), .string(word), id, error])
  }
}
