import ChatKit
import Commands
import Primitives

/// `chatctl room top`: which rooms messages go to just now, and by whom.
enum RoomTopCommand {
  private static let interval = Option(
    "interval", .duration(.milliseconds(200) ... .seconds(300)), default: .seconds(2),
    help: "How long to count.")

  private static let limit = Option("limit", .int(1...1000), default: 20, help: "How many rooms.")

  static let command = Command.operation(
    "top", summary: "Show the busiest rooms, and who says most there",
    discussion: """
      Counts the messages of each room for a moment. It reads the whole table of conversations twice, which takes a second where \
      there are millions.
      """,
    examples: [
      Example("chatctl room top", "Who floods what, now"),
      Example("chatctl room top --interval 5s --limit 5 -o json", "For a script"),
    ], options: [interval, limit],
    exitCodes: [.init(.done, "done; nobody may have said anything"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "room",
      [
        .init("id", "The room's id"), .init("type", "direct, group or channel"), .init("title", "Its title"),
        .init("members", .integer, "How many members it has"),
        .init("messages", .integer, "Messages that were counted"),
        .init("rate", .number, "Of them a second"), .init("sender", "Who said most of them"),
        .init("share", .number, "That sender's part of them, 0 to 1"),
        .init("senderId", wide: true, "The id of that sender"),
      ])
  ) { session in
    let traffic = RoomTraffic(pool: try session.connections.postgres())
    let first = try await traffic.sample()
    try await session.sleep(for: session[interval])
    let entries = try await traffic.busiest(from: first, to: try await traffic.sample(), limit: session[limit])
    let writer = try session.records()
    for entry in entries {
      let share = entry.sender.map { Double($0.messages) / Double(max(entry.messages, 1)) }
      try writer.add([
        .init(entry.conversation), .string(entry.type), .init(entry.title), .init(entry.members),
        .init(entry.messages), .number((entry.rate * 10).rounded() / 10), .init(entry.sender?.name),
        .init(share.map { ($0 * 100).rounded() / 100 }), .init(entry.sender?.id),
      ])
    }
    try writer.finish()
    return .done
  }
}
