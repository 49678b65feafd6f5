import JSON
import Kafka
import Networking
import Postgres
import Primitives
import Redis
import TestSupport

@testable import ChatKit

/// A database, a bus of either kind and its topic of dead letters, for an inbox worker. On one loop.
final class InboxDomain: @unchecked Sendable {
  let domain: Domain
  let bus: any EventBus
  let deadBus: any EventBus
  let group = TestKafka.name("inbox")
  private let closeBuses: () async -> Void

  var loop: EventLoop { domain.loop }
  var pool: PostgresPool { domain.pool }

  private init(_ domain: Domain, _ bus: any EventBus, _ deadBus: any EventBus, close: @escaping () async -> Void) {
    self.domain = domain
    self.bus = bus
    self.deadBus = deadBus
    closeBuses = close
  }

  static func with<Result: Sendable>(
    _ kind: BusKind = .redis, _ body: @escaping @Sendable (InboxDomain) async throws -> Result
  ) async throws -> Result {
    let kafka = kind == .kafka ? try await TestKafka.shared : nil
    return try await Domain.with { domain in
      let inbox: InboxDomain
      if let kafka {
        var settings = KafkaBus.Settings()
        settings.topic = TestKafka.name("chat.events")
        settings.partitions = 4
        settings.timeout = .seconds(60)
        let bus = KafkaBus(kafka, loop: domain.loop, settings: settings)
        try await bus.prepare()
        settings.topic += ".dead"
        settings.partitions = 1
        let deadBus = KafkaBus(kafka, loop: domain.loop, settings: settings)
        try await deadBus.prepare()
        inbox = InboxDomain(domain, bus, deadBus) {
          await bus.close()
          await deadBus.close()
        }
      } else {
        var settings = Domain.busSettings
        settings.topic = "chat.events.dead"
        settings.partitions = 1
        let deadBus = RedisStreamBus(
          redis: domain.redis, configuration: domain.redisConfiguration, loop: domain.loop, settings: settings)
        inbox = InboxDomain(domain, domain.bus, deadBus) {}
      }
      do {
        let result = try await body(inbox)
        await inbox.closeBuses()
        return result
      } catch {
        await inbox.closeBuses()
        throw error
      }
    }
  }

  func worker(
    _ effects: [any InboxEffect] = [MessageCounts(), Mentions()], comparison: Duration = .seconds(3600),
    patience: Duration = .seconds(3600)
  ) -> InboxWorker {
    var settings = InboxWorker.Settings()
    settings.group = group
    settings.attempts = 3
    settings.retry = RetrySchedule(first: .milliseconds(2), longest: .milliseconds(10))
    settings.upkeep = .milliseconds(50)
    settings.comparison = comparison
    settings.patience = patience
    return InboxWorker(
      pool: pool, bus: bus, deadBus: deadBus, updates: nil, effects: effects, loop: loop, settings: settings)
  }

  /// Stores messages and answers their events, in the order of their seq; nothing is published.
  func store(_ bodies: [String], in room: UUID, by sender: User) async throws -> [Event] {
    let stored = Recorder<Event>()
    let writer = MessageWriter(store: Domain.pool(domain.database, size: 1, loop), loop: loop) {
      stored.elements += $0.map(\.event)
    }
    for body in bodies {
      _ = try await writer.write(MessageDraft(conversationId: room, senderId: sender.id, body: body))
    }
    _ = try await pool.query("DELETE FROM outbox")
    return stored.elements
  }

  func publish(_ events: [Event]) async throws { try await bus.publish(events.map(\.busEvent)) }

  /// What the worker has counted; and whether that is what the messages say.
  func counted() async throws -> Int64 {
    try await domain.count("SELECT coalesce(sum(messages), 0)::bigint FROM message_counts")
  }

  func differencesOfCounts() async throws -> Int64 {
    try await domain.count(
      """
      SELECT count(*) FROM (SELECT conversation_id, date_trunc('hour', created_at, 'UTC') AS hour, count(*) AS messages
        FROM messages GROUP BY 1, 2) AS m
      FULL JOIN message_counts c USING (conversation_id, hour) WHERE m.messages IS DISTINCT FROM c.messages
      """)
  }

  func mentions() async throws -> [String] {
    try await pool.query(
      """
      SELECT u.username || ' ' || m.seq FROM mentions m JOIN users u ON u.id = m.user_id ORDER BY m.seq, u.username
      """
    ).column(0, as: String.self)
  }
}

/// Refuses messages whose body begins with "poison", for as long as it is told to; what it took is recorded.
final class PoisonEffect: InboxEffect, @unchecked Sendable {
  let name = "test"
  var isArmed = true

  func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    for event in events {
      guard let body = event.posted?.body else { continue }
      if isArmed, body.hasPrefix("poison") { throw InboxFailure(name, "it is poison") }
      _ = try await transaction.query("INSERT INTO effect_of_test (seq, body) VALUES ($1, $2)", event.seq ?? 0, body)
    }
  }

  static func prepare(_ inbox: InboxDomain) async throws -> PoisonEffect {
    _ = try await inbox.pool.query(
      "CREATE TABLE effect_of_test (n bigint GENERATED ALWAYS AS IDENTITY, seq bigint, body text)")
    return PoisonEffect()
  }

  /// Without those of other rooms: `x` and `y`.
  static func bodies(_ inbox: InboxDomain) async throws -> [String] {
    try await inbox.pool.query("SELECT body FROM effect_of_test WHERE body NOT IN ('x', 'y') ORDER BY n")
      .column(0, as: String.self)
  }
}
