import ChatKit
import HTTP
import Logging
import Metrics
import Networking
import Postgres
import Primitives
import Redis
import SocketIO

/// What one shard counts. Hot paths count into cells that were resolved here; everything that some part keeps as a
/// plain number anyway is copied into cells when the metrics are read (`sample`). On the shard's loop only.
final class ShardMetrics: @unchecked Sendable {
  let owner: MetricOwner
  let loop: LoopMetrics
  let queries: QueryMetrics
  let hops: HopMetrics
  let events: SocketEventMetrics
  let errors: ErrorCounters
  private var samples: [() -> Void] = []

  init(registry: MetricRegistry, index: Int) {
    let owner = registry.owner()
    self.owner = owner
    loop = LoopMetrics(owner, index: index)
    queries = QueryMetrics(owner)
    hops = HopMetrics(owner)
    events = SocketEventMetrics(owner)
    errors = ErrorCounters(owner, surface: "http")
  }

  /// Adds to what `sample` does.
  func onSample(_ sample: @escaping () -> Void) { samples.append(sample) }

  /// Copies what is kept elsewhere.
  func sample() { for sample in samples { sample() } }

  /// Lets go of what is sampled, at the shard's end.
  func end() { samples = [] }

  // MARK: A message's way

  /// A batch is committed.
  func stored(_ messages: [StoredMessage], _ log: Log) {
    hops.batch.observe(UInt64(messages.count))
    for message in messages {
      HopMetrics.observe(hops.store, message.draft.received, message.committed)
      log.debug(
        "message stored",
        [
          "message_id": .describing(message.message.id), "event_id": .describing(message.draft.eventId),
          "conversation_id": .describing(message.message.conversationId), "seq": .integer(message.message.seq),
          "duration": .duration(
            nanoseconds: UInt64(max(0, message.committed.microseconds - message.draft.received.microseconds)) * 1000),
          "trace_id": .string(message.draft.trace?.traceID ?? ""),
        ])
    }
  }

  /// The bus has acknowledged events.
  func published(_ events: [BusEvent], _ log: Log) {
    let now = Timestamp.now()
    for event in events {
      if let committed = event.committed {
        HopMetrics.observe(hops.publish, committed, now)
        hops.recent.add(RecentHops.Publication(event: event.id, at: now))
      }
      log.debug(
        "event published",
        ["event_id": .describing(event.id), "conversation_id": .describing(event.key)])
    }
  }

  // MARK: What is kept elsewhere

  func watch(_ server: HTTPServer) {
    let connections = owner.gauge("chatd_http_connections", "Connections of clients, WebSockets included.").with()
    let refused = owner.counter(
      "chatd_http_connections_refused_total", "Connections refused because there were too many."
    ).with()
    let requests = owner.counter(
      "chatd_http_requests_received_total", "Requests received, those of Socket.IO's transports included."
    ).with()
    onSample { [unowned server] in
      connections.set(server.connections)
      refused.set(total: server.refused)
      requests.set(total: server.requests)
    }
  }

  func watch(_ sockets: SocketIOServer, _ hub: Hub) {
    let transports = owner.gauge("chatd_sockets", "Engine.IO sessions by transport.", labels: ["transport"])
    let polling = transports.with("polling")
    let webSocket = transports.with("websocket")
    let connected = owner.gauge("chatd_sockets_connected", "Sockets that have logged in.").with()
    let rooms = owner.gauge("chatd_rooms", "Rooms with members here.").with()
    let delivered = owner.counter(
      "chatd_messages_delivered_total", "Events written to sockets: one for each receiver."
    ).with()
    let duplicates = owner.counter(
      "chatd_hub_duplicates_total", "Messages that came once more and were dropped."
    ).with()
    let gaps = owner.counter(
      "chatd_hub_gaps_total", "Messages that came before their predecessors, which were then read from the store."
    ).with()
    let reconciliations = owner.counter(
      "chatd_hub_reconciliations_total", "Comparisons of all rooms with the store after a broken subscription."
    ).with()
    onSample { [unowned sockets, unowned hub] in
      let counts = sockets.engine.transportCounts
      polling.set(counts.polling)
      webSocket.set(counts.webSocket)
      connected.set(sockets.socketCount)
      rooms.set(hub.roomCount)
      delivered.set(total: hub.counters.delivered)
      duplicates.set(total: hub.counters.duplicates)
      gaps.set(total: hub.counters.gaps)
      reconciliations.set(total: hub.counters.reconciliations)
    }
  }

  func watch(_ pool: PostgresPool, named name: String) {
    pool.observer = queries
    let connections = owner.gauge(
      "chatd_postgres_pool_connections", "Connections to PostgreSQL by pool and state.", labels: ["pool", "state"])
    let idle = connections.with(name, "idle")
    let lent = connections.with(name, "lent")
    let limit = owner.gauge(
      "chatd_postgres_pool_limit", "Connections that the pool may have.", labels: ["pool"]
    ).with(name)
    let waiting = owner.gauge(
      "chatd_postgres_pool_waiting", "Requests that wait for a connection.", labels: ["pool"]
    ).with(name)
    onSample { [unowned pool] in
      idle.set(pool.idleCount)
      lent.set(pool.lentCount)
      limit.set(pool.configuration.poolSize)
      waiting.set(pool.waitingCount)
    }
  }

  func watch(_ redis: RedisClient) {
    let queue = owner.gauge("chatd_redis_queue", "Commands that are on their way or wait for a connection.").with()
    let isConnected = owner.gauge("chatd_redis_connections", "Connections for commands that are up.").with()
    onSample { [unowned redis] in
      queue.set(redis.queueCount)
      isConnected.set(redis.isConnected ? 1 : 0)
    }
  }

  func watch(_ limits: CallLimits) {
    let refused = owner.counter(
      "chatd_rate_limited_total", "Calls beyond a limit, by their class and whose limit it was.",
      labels: ["class", "subject"])
    let cells = CostClass.allCases.map { ($0, refused.with($0.rawValue, "user"), refused.with($0.rawValue, "address")) }
    let ofWorkspaces = refused.with(CostClass.send.rawValue, "workspace")
    let calls = owner.counter("chatd_rate_limit_calls_total", "Calls of Redis that counted requests.").with()
    let asked = owner.counter("chatd_rate_limit_asked_total", "Calls that waited for Redis to count them.").with()
    let failures = owner.counter("chatd_rate_limit_failures_total", "Times that Redis did not count.").with()
    let keys = owner.gauge("chatd_rate_limit_keys", "Limits of users and addresses that are remembered.").with()
    onSample { [unowned limits] in
      for (cost, users, addresses) in cells {
        users.set(total: limits.refusals.users[cost] ?? 0)
        addresses.set(total: limits.refusals.addresses[cost] ?? 0)
      }
      ofWorkspaces.set(total: limits.refusals.workspaces[.send] ?? 0)
      let counters = limits.limiter.counters
      calls.set(total: counters.calls)
      asked.set(total: counters.asked)
      failures.set(total: counters.failures)
      keys.set(limits.limiter.keyCount)
    }
  }

  func watch(_ writer: MessageWriter) {
    let depth = owner.gauge("chatd_writer_queue", "Messages that wait for the batch writer.").with()
    let batches = owner.counter("chatd_writer_batches_total", "Batches that were committed.").with()
    let stored = owner.counter("chatd_messages_stored_total", "Messages that were committed.").with()
    let replayed = owner.counter(
      "chatd_messages_replayed_total", "Sends that had been answered before under the same idempotency key."
    ).with()
    let retries = owner.counter("chatd_writer_retries_total", "Batches that were sent again.").with()
    onSample { [unowned writer] in
      depth.set(writer.depth)
      batches.set(total: writer.counters.batches)
      stored.set(total: writer.counters.stored)
      replayed.set(total: writer.counters.replayed)
      retries.set(total: writer.counters.retries)
    }
  }

  func watch(_ publisher: OutboxPublisher) {
    let published = owner.counter(
      "chatd_bus_published_total", "Events that the bus has acknowledged, by who published them.", labels: ["by"]
    ).with("writer")
    let left = owner.counter(
      "chatd_outbox_left_total", "Events left in the outbox for the relay: the bus was away or too far behind."
    ).with()
    onSample { [unowned publisher] in
      published.set(total: publisher.counters.published)
      left.set(total: publisher.counters.left)
    }
  }

  func watch(_ relay: OutboxRelay) {
    let relayed = owner.counter(
      "chatd_bus_published_total", "Events that the bus has acknowledged, by who published them.", labels: ["by"]
    ).with("relay")
    onSample { [unowned relay] in relayed.set(total: relay.relayed) }
  }
}
