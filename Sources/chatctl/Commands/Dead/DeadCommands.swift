import ChatKit
import Commands
import JSON
import Primitives

/// `chatctl dead`: events that the inbox worker could not do.
enum DeadCommands {
  static let group = Command(
    "dead", summary: "Look after events that could not be done",
    discussion: """
      An event that fails by its own fault is parked, and so is what follows in the same room, so that order holds; other rooms go \
      on. Live delivery is not concerned: these are mentions, counts, webhooks and push of the inbox worker. A room is free again \
      when all of its letters were replayed or dropped.
      """,
    examples: [
      Example("chatctl dead list", "What could not be done, and why"),
      Example("chatctl dead replay --all --rate 50", "After the reason is gone"),
    ],
    group: "Operating", subcommands: [list, show, DeadReplay.command, DeadReplay.drop])

  static let room = Option<UUID?>("room", .id.named("ROOM"), help: "Only what is parked in that room.")

  private static let schema = RecordSchema(
    "letter", key: "eventId",
    [
      .init("eventId", "The event's id"), .init("room", "The room, which is the event's key"),
      .init("seq", .integer, "Its place in the room's log"), .init("type", "The event's kind"),
      .init("reason", "failed, or successor of one that failed"), .init("effect", "What failed"),
      .init("error", "Why"), .init("attempts", .integer, wide: true, "How often it was tried"),
      .init("parkedAt", .time, "Since when"), .init("state", "parked, replaying, or dropped"),
      .init("consumer", wide: true, "Whose it is"), .init("id", .integer, wide: true, "Its place among the letters"),
    ])

  private static func values(_ letter: DeadLetter) -> [RecordValue] {
    [
      .init(letter.eventId), .init(letter.key), .init(letter.seq), .string(letter.type),
      .string(letter.effect == nil ? "successor" : "failed"), .init(letter.effect), .init(letter.error),
      .integer(letter.attempts), .time(letter.parkedAt),
      .string(letter.isDropped ? "dropped" : letter.isReplaying ? "replaying" : "parked"), .string(letter.consumer),
      .integer(Int(letter.id)),
    ]
  }

  // MARK: list

  private static let limit = Option<Int?>("limit", .int(1...10_000_000), help: "This many at most.")

  private static let list = Command.operation(
    "list", summary: "List the dead letters, in the order in which they will be done",
    examples: [
      Example("chatctl dead list", "All of them"),
      Example("chatctl dead list -o ndjson | jq -r .error | sort | uniq -c", "By what is wrong"),
    ],
    options: [room, limit], exitCodes: [.init(.done), .init(.usage), .init(.unavailable)], records: schema
  ) { session in
    let letters = DeadLetters(pool: try session.connections.postgres())
    let writer = try session.records()
    var after: Int64 = 0
    var left = session[limit] ?? .max
    while left > 0 {
      let page = try await letters.list(key: session[room], after: after, limit: min(left, 500))
      for letter in page { try writer.add(values(letter)) }
      guard page.count == 500, let last = page.last else { break }
      after = last.id
      left -= page.count
    }
    try writer.finish()
    return .done
  }

  // MARK: show

  private static let event = Argument("event", .id.named("EVENT"), help: "The event's id.")

  private static let show = Command.operation(
    "show", summary: "Show a dead letter with the event as it was on the bus",
    examples: [Example("chatctl dead show 0193a1b2-0000-7000-8000-000000000001", "What failed, and on what")],
    arguments: [event],
    exitCodes: [.init(.done), .init(.no, "there is no such letter"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "letter", key: "eventId",
      schema.fields + [.init("event", "The event as it was on the bus, as text; in base 64 where it is no JSON")])
  ) { session in
    guard let letter = try await DeadLetters(pool: session.connections.postgres()).show(session[event]) else {
      throw CommandFailure(.no, "there is no dead letter \(session[event])", hint: "'chatctl dead list' lists them.")
    }
    let fields = values(letter) + [.string(payload(letter))]
    guard session[CommonOptions.output] == .table || session[CommonOptions.output] == .wide,
      session[CommonOptions.fields].isEmpty, let names = session.invocation.command.records?.fields
    else {
      let writer = try session.records(isList: false)
      try writer.add(fields)
      try writer.finish()
      return .done
    }
    let width = names.map(\.name.count).max() ?? 0
    for (field, value) in zip(names, fields) {
      let padding = String(repeating: " ", count: width - field.name.count)
      try session.output.line("\(field.name)\(padding)  \(value.cell)")
    }
    return .done
  }

  private static func payload(_ letter: DeadLetter) -> String {
    let bytes = letter.payload ?? []
    if bytes.first == UInt8(ascii: "{"), let root = try? JSONDocument(parsing: bytes).root {
      return String(decoding: root.rawBytes, as: UTF8.self)
    }
    return Base64.standard.encode(bytes)
  }
}
