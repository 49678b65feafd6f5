import ChatKit
import Commands

extension RoomCommands {
  private static let parallel = Option(
    "parallel", .int(1...64), default: 4, help: "Rooms that are made at the same time.")

  static let importFile = Command.operation(
    "import", summary: "Make the rooms of a file",
    discussion: """
      A row has title and owner, and may have type (channel, group), members and admins (names or identifiers; in CSV separated \
      by spaces or semicolons), readOnly, slowMode (seconds, or 10s), encrypted, state (active, archived) and id. In CSV the first \
      line names the fields. A record a row says what came of it: created, exists, or invalid with the reason; the others are \
      made all the same. There already is what has the id; without one, a channel of that title, or a group of that title that \
      the owner has made: nothing of it is changed, so an import can be repeated. Interrupted, it says at which line to go on.
      """,
    examples: [
      Example("chatctl room import rooms.csv -o ndjson > results.ndjson", "A result a row"),
      Example("chatctl room import rooms.ndjson --from 201", "Go on where it was interrupted"),
      Example("chatctl room import rooms.csv --dry-run --fields line,error", "What is wrong with it"),
    ],
    options: [ImportOptions.format, ImportOptions.from, parallel], arguments: [ImportOptions.file],
    exitCodes: ImportOptions.exitCodes, records: ImportOptions.schema("title", "The title"), changes: true
  ) { session in
    let work = RoomImport(
      pool: try session.connections.postgres(), workspace: session[ScopeOptions.workspace],
      isEncrypted: session.connections.options.encryption.mode == .all, parallel: session[parallel], by: .current)
    return try await session.importRows(RoomImportRow.self) { try await work.take($0, isDry: $1) }
  }
}
