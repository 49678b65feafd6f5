import ChatKit
import Commands
import Networking
import Primitives

/// `chatctl dead replay` and `drop`: what becomes of letters.
enum DeadReplay {
  private static let rooms = Argument(
    repeated: "room", .id.named("ROOM"), help: "Rooms whose letters are to be done again.")
  private static let all = Flag("all", help: "Those of all rooms.")
  private static let rate = Option<Int?>(
    "rate", .int(1...1_000_000, unit: "letters"), defaultText: "none", help: "Letters a second at most.")
  private static let wait = Option(
    "wait", .duration(.zero ... .seconds(86_400)), default: .seconds(30),
    help: "How long a room may take; 0 does not look what became of it.")

  private static let outcome = RecordSchema(
    "replay", key: "room",
    [
      .init("room", "The room"), .init("letters", .integer, "How many were parked"),
      .init("done", .integer, "How many of them are no longer"),
      .init("outcome", "done, failed, waiting, or requested"), .init("error", "What failed again"),
    ])

  static let command = Command.operation(
    "replay", summary: "Have letters done again, in order and with their ids",
    discussion: """
      The inbox worker does it: each letter in a transaction that also removes it, so that none is done twice. The first of a room \
      that fails once more stays, with those behind it. Rooms go one after the other; with --rate no more letters are asked for in a \
      second, also of one room.
      """,
    examples: [
      Example("chatctl dead replay --all --rate 50", "After the reason is gone, gently"),
      Example("chatctl dead replay 0193a1b2-0000-7000-8000-000000000001", "One room"),
      Example("chatctl dead replay --all --dry-run", "What there is to be done"),
    ],
    options: [all, rate, wait], arguments: [rooms],
    rules: [
      .custom { invocation in
        if invocation[rate] != nil, invocation[wait] == .zero {
          throw UsageError(.conflict, "--rate waits for what was asked for: it cannot be with --wait 0")
        }
        guard invocation[rooms].isEmpty != invocation[all] else { return }
        throw UsageError(.missingArgument, "name rooms, or give --all, one of both")
      }
    ],
    exitCodes: [
      .init(.done), .init(.no, "there are none"), .init(.partlyDone, "some failed again, or still wait"), .init(.usage),
      .init(.unavailable), .init(.interrupted, "stopped after a room; the rest is as it was"),
    ],
    records: outcome, changes: true
  ) { session in
    let letters = DeadLetters(pool: try session.connections.postgres())
    let writer = try session.records()
    let keys = try await parked(letters, session)
    guard !keys.isEmpty || session[all] else {
      throw CommandFailure(.no, "nothing is parked there", hint: "'chatctl dead list' lists what is.")
    }
    let progress = Progress("replaying", total: keys.reduce(0) { $0 + $1.letters }, unit: "letters", session)
    var isWhole = true
    try await session.resumable {
      for (index, key) in keys.enumerated() {
        try session.checkpoint(resume: resume(keys[index...], session))
        if session.isDryRun {
          try add(key, 0, "would be replayed", key.error, writer)
          continue
        }
        let (done, outcome, error) = try await replay(key, letters, session, progress)
        isWhole = isWhole && (outcome == "done" || outcome == "requested")
        try add(key, done, outcome, error, writer)
      }
    }
    progress.finish()
    try writer.finish()
    return isWhole ? .done : .partlyDone
  }

  /// All again does what is left; of rooms that were named, those.
  private static func resume(_ left: ArraySlice<DeadLetters.ParkedKey>, _ session: Session) -> String {
    session[all]
      ? session.invocation.line()
      : (["chatctl dead replay"] + left.map(\.key.description)).joined(separator: " ")
        + (session[rate].map { " --rate \($0)" } ?? "")
  }

  private static func add(
    _ key: DeadLetters.ParkedKey, _ done: Int, _ outcome: String, _ error: String?, _ writer: RecordWriter
  ) throws {
    try writer.add([.init(key.key), .integer(key.letters), .integer(done), .string(outcome), .init(error)])
  }

  private static func parked(_ letters: DeadLetters, _ session: Session) async throws -> [DeadLetters.ParkedKey] {
    if !session[all] {
      var keys: [DeadLetters.ParkedKey] = []
      for room in session[rooms] { keys += try await letters.keys(consumer: InboxWorker.group, key: room) }
      return keys
    }
    var keys: [DeadLetters.ParkedKey] = []
    while true {
      let page = try await letters.keys(consumer: InboxWorker.group, after: keys.last?.first ?? 0, limit: 1000)
      keys += page
      if page.count < 1000 { return keys }
    }
  }

  /// A room's letters, as many at once as may be done in a second. What is parked behind them meanwhile follows.
  private static func replay(
    _ key: DeadLetters.ParkedKey, _ letters: DeadLetters, _ session: Session, _ progress: Progress
  ) async throws -> (done: Int, outcome: String, error: String?) {
    guard session[wait] > .zero else {
      try await letters.replay(key: key.key, consumer: key.consumer)
      return (0, "requested", nil)
    }
    var done = 0
    while true {
      let begun = session.loop.now
      guard let asked = try await letters.replay(first: session[rate] ?? .max, of: key.key, consumer: key.consumer)
      else { return (done, "done", nil) }
      let (left, outcome, error) = try await follow(key, through: asked.last, letters, session)
      done += asked.count - left
      progress.advance(by: asked.count - left)
      guard outcome == "done" else { return (done, outcome, error) }
      guard let rate = session[rate] else { continue }
      let pause = Double(asked.count) / Double(rate) - Double(session.loop.now &- begun) / 1e9
      if pause > 0 { try await session.sleep(for: .seconds(pause)) }
    }
  }

  /// Waits until the worker has done the room's letters up to one, or the first of them has failed again.
  /// - Returns: how many of the room's letters are still there in the latter case.
  private static func follow(
    _ key: DeadLetters.ParkedKey, through last: Int64, _ letters: DeadLetters, _ session: Session
  ) async throws -> (left: Int, outcome: String, error: String?) {
    let deadline = session.loop.now &+ session[wait].nanoseconds
    while true {
      guard let now = try await letters.keys(consumer: key.consumer, key: key.key).first, now.first <= last else {
        return (0, "done", nil)
      }
      let left = try await letters.list(consumer: key.consumer, key: key.key, limit: 10_000).count { $0.id <= last }
      // The request is over, and it is still there: its first has failed.
      if !now.isReplaying { return (left, "failed", now.error) }
      if session.loop.now >= deadline { return (left, "waiting", "no inbox worker has come to it yet") }
      try await session.sleep(for: .milliseconds(100))
    }
  }

  // MARK: drop

  private static let events = Argument(
    repeated: "event", .id.named("EVENT"), help: "Events to be given up.")

  static let drop = Command.operation(
    "drop", summary: "Give letters up",
    discussion: """
      A dropped event counts as done; what waits behind it in its room stays parked until it is replayed or dropped. Its message \
      is in the store and was delivered live all the same.
      """,
    examples: [
      Example("chatctl dead drop 0193a1b2-0000-7000-8000-000000000001", "One event"),
      Example("chatctl dead drop --room 0193a1b2-0000-7000-8000-000000000002 --yes", "All of a room"),
    ],
    options: [DeadCommands.room], arguments: [events],
    rules: [
      .custom { invocation in
        guard invocation[events].isEmpty != (invocation[DeadCommands.room] != nil) else { return }
        throw UsageError(.missingArgument, "name events, or a room with --room, one of both")
      }
    ],
    exitCodes: [.init(.done), .init(.no, "there is no such letter"), .init(.usage), .init(.unavailable)],
    changes: true, asks: true
  ) { session in
    let letters = DeadLetters(pool: try session.connections.postgres())
    var parked = 0
    if let room = session[DeadCommands.room] {
      parked = try await letters.keys(consumer: InboxWorker.group, key: room).reduce(0) { $0 + $1.letters }
    } else {
      for event in session[events] {
        guard try await letters.show(event) != nil else {
          throw CommandFailure(.no, "there is no dead letter \(event)", hint: "'chatctl dead list' lists them.")
        }
        parked += 1
      }
    }
    guard parked > 0 else { throw CommandFailure(.no, "nothing is parked there") }
    let what = parked == 1 ? "1 letter" : "\(CellText.grouped(parked)) letters"
    if session.isDryRun {
      session.talk("would give up \(what)")
      return .done
    }
    try session.confirm("Give up \(what)")
    var dropped = 0
    if let room = session[DeadCommands.room] {
      dropped = try await letters.drop(key: room)
    } else {
      for event in session[events] where try await letters.drop(event: event) { dropped += 1 }
    }
    session.talk("gave up \(dropped == 1 ? "1 letter" : "\(CellText.grouped(dropped)) letters")")
    return .done
  }
}
