import ChatKit
import Commands
import Glibc
import Primitives

extension UserCommands {
  private static let parallel = Option<Int?>(
    "parallel", .int(1...64), defaultText: "one a core", help: "Passwords that are hashed at the same time.")

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
    options: [ImportOptions.format, ImportOptions.from, parallel], arguments: [ImportOptions.file],
    exitCodes: ImportOptions.exitCodes, records: ImportOptions.schema("username", "The name"), changes: true
  ) { session in
    let accounts = session.connections.options.accounts
    let work = UserImport(
      pool: try session.connections.postgres(),
      hasher: PasswordHasher(accounts, threads: session[parallel] ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
      workspace: session[ScopeOptions.workspace], by: .current)
    return try await session.importRows(UserImportRow.self) { try await work.take($0, isDry: $1) }
  }
}
