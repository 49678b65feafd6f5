import ChatKit
import Metrics
import Networking
import Postgres

/// Looks every few seconds how much waits in the outbox, on the bus, for the search index and in the queues of the inbox
/// worker, and for how long. Each process looks at the
/// same outbox and bus, so an alert takes the maximum over processes, never the sum.
final class BacklogWatch: @unchecked Sendable {
  /// Counting stops here.
  private static let most: Int64 = 10_000

  private let pool: PostgresPool
  private let bus: any EventBus
  private let loop: EventLoop
  private let depth: Gauge
  private let age: Gauge
  private let lag: MetricVector<Gauge>
  private let unindexed: Gauge
  private let dead: Gauge
  private let queues: MetricVector<Gauge>
  private var task: Task<Void, Never>?

  init(pool: PostgresPool, bus: any EventBus, loop: EventLoop, owner: MetricOwner) {
    self.pool = pool
    self.bus = bus
    self.loop = loop
    depth = owner.gauge("chatd_outbox_events", "Events in the outbox, counted up to 10,000.").with()
    age = owner.gauge("chatd_outbox_oldest_age_seconds", "Age of the oldest event in the outbox.", unit: .seconds)
      .with()
    lag = owner.gauge("chatd_bus_lag_events", "Events on the bus that a group has not read yet.", labels: ["group"])
    unindexed = owner.gauge(
      "chatd_search_queue_messages", "Messages that wait for the search index, counted up to 10,000."
    ).with()
    dead = owner.gauge("chatd_dead_letters", "Events that are parked, counted up to 10,000.").with()
    queues = owner.gauge(
      "chatd_delivery_queue", "Deliveries to webhooks and notifications that wait, counted up to 10,000.",
      labels: ["queue"])
  }

  func start() {
    task = loop.start { [self] in
      while !Task.isCancelled {
        // A backend that is away is told of by others; these numbers stay as they were.
        try? await lookAtOutbox()
        try? await lookAtQueues()
        try? await lookAtBus()
        try? await lookAtSearchQueue()
        try? await loop.sleep(for: .seconds(5))
      }
    }
  }

  func stop() async {
    task?.cancel()
    await task?.value
  }

  private func lookAtOutbox() async throws {
    let rows = try await pool.query(
      """
      SELECT count(*), coalesce(date_part('epoch', now() - min(created_at)) * 1000000, 0)::bigint
      FROM (SELECT created_at FROM outbox ORDER BY created_at LIMIT $1) AS oldest
      """, Self.most)
    let (count, microseconds) = try rows[0].decode((Int64, Int64).self)
    depth.set(Int(count))
    age.set(Int(max(0, microseconds)) * 1000)
  }

  private func lookAtSearchQueue() async throws {
    let rows = try await pool.query("SELECT count(*) FROM (SELECT FROM search_queue LIMIT $1) AS waiting", Self.most)
    unindexed.set(Int(try rows[0].get(0, as: Int64.self)))
  }

  private func lookAtQueues() async throws {
    let rows = try await pool.query(
      """
      SELECT (SELECT count(*) FROM (SELECT FROM dead_letters LIMIT $1) AS few),
        (SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE state = 'pending' LIMIT $1) AS few),
        (SELECT count(*) FROM (SELECT FROM push_queue LIMIT $1) AS few)
      """, Self.most)
    let (letters, deliveries, notifications) = try rows[0].decode((Int64, Int64, Int64).self)
    dead.set(Int(letters))
    queues.with("webhooks").set(Int(deliveries))
    queues.with("push").set(Int(notifications))
  }

  private func lookAtBus() async throws {
    for group in [BusConsumer.group, InboxWorker.group] {
      if let backlog = try await bus.backlog(of: group) { lag.with(group).set(backlog) }
    }
  }
}
