import ChatKit
import Commands
import Primitives

/// `chatctl lag reset`: sets a group back or forth.
enum LagReset {
  private static let group = Argument("group", LagCommands.groupName, help: "The group, which must have no members.")
  private static let topic = Option<String?>(
    "topic", .string("NAME", example: "chat.events"), defaultText: "the bus's own, bus.topic", help: "The topic.")
  private static let partitions = Option(
    repeated: "partition", .int(0...100_000), help: "Only this partition; may be repeated.")
  private static let toEarliest = Flag("to-earliest", help: "Go on with the first record that is there.")
  private static let toLatest = Flag("to-latest", help: "Go on with what comes from now on.")
  private static let toOffset = Option<String?>(
    "to-offset", .string("POSITION", example: "1200"),
    help: "Go on with the record at that offset; on Redis Streams the id of an entry.")
  private static let toTime = Option<Timestamp?>(
    "to-datetime", .time, help: "Go on with the first record of that time or later.")
  private static let byDuration = Option<Duration?>(
    "by-duration", .duration(.milliseconds(1) ... .seconds(31_536_000)), help: "The same, that long ago.")
  private static let execute = Flag("execute", help: "Do it; without this it is only shown.")
  private static let targets: [any ParameterKey] = [toEarliest, toLatest, toOffset, toTime, byDuration]

  static let command = Command.operation(
    "reset", summary: "Set a group back or forth",
    discussion: """
      As Kafka's own kafka-consumer-groups does it, with the same options: it shows what would be done, and does it with \
      --execute only. A group with members is refused: stop chatd's gateways or inbox workers first.

      Going back repeats: gateways and the inbox worker drop what they know by its id, so nobody gets anything twice. Going \
      forth skips: live delivery only, for who joins or resumes reads from the store; the inbox worker catches up from \
      there too.
      """,
    examples: [
      Example("chatctl lag reset inbox --to-latest", "What skipping everything would mean"),
      Example("chatctl lag reset gateway --by-duration 10m --execute", "The last ten minutes once more"),
      Example("chatctl lag reset inbox --partition 3 --to-offset 1200 --execute", "One partition to one record"),
    ],
    options: targets + [partitions, topic, execute] as [any ParameterKey], arguments: [group],
    rules: [
      .exactlyOne(of: targets),
      .custom { invocation in
        guard invocation[execute], invocation[CommonOptions.dryRun] else { return }
        throw UsageError(.conflict, "--execute and --dry-run exclude each other")
      },
    ],
    exitCodes: [
      .init(.done), .init(.no, "there is no such topic or partition, or the bus refused"), .init(.usage),
      .init(.unavailable), .init(.busy, "the group has members"),
    ],
    records: RecordSchema(
      "move", key: "partition",
      [
        .init("group", "The group"), .init("topic", "The topic"), .init("partition", .integer, "The partition"),
        .init("from", "The first record that was still to be done"), .init("to", "The one that will be"),
        .init("repeated", .integer, "Records that are done again; null for very many"),
        .init("skipped", .integer, "Records that will never be done; null for very many"),
      ]), changes: true
  ) { session in
    let source = try await session.connections.lagSource()
    let topic = session[topic] ?? session.connections.options.bus.topic
    let chosen = session[partitions].isEmpty ? nil : session[partitions]
    let moves = try await source.plan(
      moving: session[group], topic: topic, to: target(session), partitions: chosen)
    let isForReal = session[execute]
    if isForReal { try await source.execute(moves, group: session[group], topic: topic) }
    let writer = try session.records()
    for move in moves {
      try writer.add([
        .string(session[group]), .string(topic), .integer(move.partition), .init(move.from), .string(move.to),
        .init(move.repeated), .init(move.skipped),
      ])
    }
    try writer.finish()
    session.talk(isForReal ? "\(session[group]) goes on from there" : "nothing was changed: --execute does it")
    return .done
  }

  private static func target(_ session: Session) -> PositionTarget {
    if session[toEarliest] { return .earliest }
    if session[toLatest] { return .latest }
    if let position = session[toOffset] { return .position(position) }
    if let time = session[toTime] { return .time(time) }
    return .time(.now() - (session[byDuration] ?? .zero))
  }
}
