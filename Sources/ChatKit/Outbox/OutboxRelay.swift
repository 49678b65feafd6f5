package import Networking
package import Postgres
import Primitives

/// Publishes what others left in the outbox: a process that died between its commit and its publish, or a bus that was
/// away. One process at a time does it, under an advisory lock that ends with the transaction, so that a relay which
/// dies is followed by another at its next round.
package final class OutboxRelay: @unchecked Sendable {
  package struct Settings: Sendable {
    /// Younger rows are still their writer's.
    package var age = Duration.seconds(2)
    /// Between two rounds that found nothing.
    package var interval = Duration.seconds(1)
    package var batch = 500

    /// How events are written for the bus.
    package var encoding = EventEncoding.json

    package init() {}
  }

  /// The advisory lock's key: "outbox" in ASCII.
  static let lock: Int64 = 0x6f75_7462_6f78

  private let bus: any EventBus
  private let pool: PostgresPool
  private let loop: EventLoop
  private let settings: Settings
  private var task: Task<Void, Never>?
  package private(set) var relayed = 0
  /// Told of each failed round.
  package var report: (any Error) -> Void = { _ in }

  package init(bus: any EventBus, pool: PostgresPool, loop: EventLoop, settings: Settings = Settings()) {
    self.bus = bus
    self.pool = pool
    self.loop = loop
    self.settings = settings
  }

  package func start() {
    guard task == nil else { return }
    task = loop.start { [self] in
      while !Task.isCancelled {
        var found = 0
        do {
          found = try await round()
        } catch {
          if !Task.isCancelled { report(error) }
        }
        if found == settings.batch { continue }
        let jitter = Duration.milliseconds(Int64.random(in: 0...250))
        try? await loop.sleep(for: settings.interval + jitter)
      }
    }
  }

  package func stop() async {
    task?.cancel()
    await task?.value
    task = nil
  }

  /// One round: how many rows were published.
  package func round() async throws -> Int {
    try await pool.transaction { [self] transaction in
      let locked = try await transaction.query("SELECT pg_try_advisory_xact_lock($1)", Self.lock)
      guard try locked[0].decode(Bool.self) else { return 0 }
      let rows = try await transaction.query(
        """
        SELECT o.id, o.type, o.conversation_id, o.seq, o.payload, o.created_at, c.epoch
        FROM outbox o JOIN conversations c ON c.id = o.conversation_id
        WHERE o.created_at < now() - $1 * interval '1 microsecond' ORDER BY o.created_at, o.id LIMIT $2
        """, Int64(settings.age.nanoseconds / 1000), Int64(settings.batch))
      guard rows.count > 0 else { return 0 }
      var ids: [UUID] = []
      var made: [UUID: BusEvent] = [:]
      var missing: [Missing] = []
      for index in 0..<rows.count {
        let (id, type, conversation, seq, payload, at, epoch) = try rows[index].decode(
          (UUID, String, UUID, Int64?, String?, Timestamp, Int64).self)
        ids.append(id)
        if let payload, let kind = Event.Kind(rawValue: type) {
          let event = Event(
            id: id, kind: kind, at: at, conversationId: conversation, seq: seq, epoch: epoch,
            data: Array(payload.utf8))
          made[id] = event.busEvent(as: settings.encoding)
        } else if let seq {
          missing.append(Missing(event: id, conversation: conversation, seq: seq, epoch: epoch))
        }
      }
      for event in try await entryEvents(missing, transaction) { made[event.id] = event }
      // In the order of their commits, whatever kind they are.
      let events = ids.compactMap { made[$0] }
      try await bus.publish(events)
      try await Outbox.settle(ids, transaction)
      relayed += events.count
      return rows.count
    }
  }

  /// A row without a payload. The epoch is today's: a later one than at the commit only makes receivers ask again.
  private struct Missing {
    let event: UUID
    let conversation: UUID
    let seq: Int64
    let epoch: Int64
  }

  /// Entries of a conversation's log are made from the log itself.
  private func entryEvents(_ wanted: [Missing], _ transaction: PostgresTransaction) async throws -> [BusEvent] {
    guard !wanted.isEmpty else { return [] }
    struct Place: Hashable {
      let conversation: UUID
      let seq: Int64
    }
    var events: [Place: Missing] = [:]
    for entry in wanted { events[Place(conversation: entry.conversation, seq: entry.seq)] = entry }
    let entries = try await MessageStore.entries(
      at: wanted.map { (conversation: $0.conversation, seq: $0.seq) }, transaction)
    return entries.compactMap { entry in
      guard let found = events[Place(conversation: entry.message.conversationId, seq: entry.seq)] else { return nil }
      return Event.entry(found.event, entry, epoch: found.epoch).busEvent(as: settings.encoding)
    }
  }
}
