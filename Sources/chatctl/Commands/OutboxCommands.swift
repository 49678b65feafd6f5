import ChatKit
import Commands
import Networking
import Primitives

/// `chatctl outbox`: what was committed and is not on the bus yet.
enum OutboxCommands {
  static let group = Command(
    "outbox", summary: "Look after events that are not on the bus yet",
    discussion: """
      Each message's event lies in the outbox from its commit until the bus has acknowledged it: some milliseconds. What a \
      process that died, or a bus that was away, has left behind is published by a relay in one of chatd's processes. Members \
      that join or resume get everything from the store meanwhile.
      """,
    examples: [
      Example("chatctl outbox status", "What waits"),
      Example("chatctl outbox replay --rate 200", "Publish it now"),
    ],
    group: "Operating", subcommands: [status, replay])

  private static let warning = Option(
    "warn", .duration(.milliseconds(1) ... .seconds(604_800)), default: .seconds(10),
    help: "From when on waiting is too long: the exit code is 1.")

  private static let status = Command.operation(
    "status", summary: "Show what waits, and since when",
    examples: [Example("chatctl outbox status", "Nothing is the usual answer")], options: [warning],
    exitCodes: [
      .init(.done, "nothing waits too long"), .init(.no, "something does"), .init(.usage), .init(.unavailable),
    ],
    records: RecordSchema(
      "outbox", key: "type",
      [
        .init("type", "The kind of events"), .init("events", .integer, "How many wait"),
        .init("rooms", .integer, "Of how many rooms"), .init("oldest", .time, "When the oldest was committed"),
        .init("age", .duration, "How long it has waited"),
      ])
  ) { session in
    let status = try await OutboxStatus.read(session.connections.postgres())
    let writer = try session.records()
    for kind in status.kinds {
      try writer.add([
        .string(kind.type), .integer(kind.events), .integer(kind.rooms), .time(kind.oldest),
        .duration(status.now - kind.oldest),
      ])
    }
    if status.kinds.isEmpty, session[CommonOptions.output] == .table {
      session.talk("nothing waits in the outbox")
    } else {
      try writer.finish()
    }
    if let relay = status.relay { session.talk("being published by \(relay)") }
    guard let age = status.age, age >= session[warning] else { return .done }
    session.talk("the oldest has waited \(CellText.span(age)): is the bus there, and any chatd that relays?")
    return .no
  }

  // MARK: replay

  private static let rate = Option(
    "rate", .int(1...1_000_000, unit: "events"), default: 1000, help: "Events a second at most.")
  private static let age = Option(
    "older", .duration(.zero ... .seconds(86_400)), default: .seconds(2),
    help: "Only events that have waited that long: younger ones are still their writer's to publish.")

  private static let replay = Command.operation(
    "replay", summary: "Publish what waits, now",
    discussion: """
      What the relay of a running chatd does by itself, for where none runs, or with a rate of your own. Events keep their ids, and \
      are taken out when the bus has acknowledged them: done twice, nobody gets anything twice. One that is at work, here or \
      elsewhere, keeps others waiting.
      """,
    examples: [
      Example("chatctl outbox replay --rate 200", "Gently, after the bus was away"),
      Example("chatctl outbox replay --dry-run", "How many there are"),
    ],
    options: [rate, age],
    exitCodes: [
      .init(.done), .init(.partlyDone, "another relay is at work on the rest"), .init(.usage), .init(.unavailable),
      .init(.interrupted, "the rest is as it was"),
    ],
    records: RecordSchema(
      "replay", key: "published",
      [.init("published", .integer, "Events that were published"), .init("left", .integer, "Events that still wait")]),
    changes: true
  ) { session in
    let pool = try session.connections.postgres()
    let before = try await OutboxStatus.read(pool)
    let writer = try session.records(isList: false)
    if session.isDryRun {
      session.talk("would publish up to \(CellText.grouped(before.events)) events")
      try writer.add([.integer(0), .integer(before.events)])
      try writer.finish()
      return .done
    }
    let bus = try await session.connections.bus()
    try await bus.prepare()
    var settings = OutboxRelay.Settings(session.connections.options.outbox, session.connections.options.bus)
    settings.age = session[age]
    settings.batch = min(500, session[rate])
    let relay = OutboxRelay(bus: bus, pool: pool, loop: session.loop, settings: settings)
    let progress = Progress("publishing", total: before.events, unit: "events", session)
    do {
      try await session.resumable {
        while true {
          let found = try await relay.round()
          progress.advance(by: found)
          try session.checkpoint(resume: session.invocation.line())
          if found < settings.batch { break }
          try await session.sleep(for: .seconds(Double(found) / Double(session[rate])))
        }
      }
      await bus.close()
    } catch {
      await bus.close()
      throw error
    }
    progress.finish()
    let after = try await OutboxStatus.read(pool)
    try writer.add([.integer(relay.relayed), .integer(after.events)])
    try writer.finish()
    guard let relay = after.relay, after.events > 0 else { return .done }
    session.talk("the rest is being published by \(relay)")
    return .partlyDone
  }
}
