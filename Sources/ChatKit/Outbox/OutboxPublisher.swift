package import Networking
package import Postgres
import Primitives

/// Publishes what this process has just committed, and deletes the outbox rows that the bus has acknowledged.
///
/// Publishing is in natural batches: whatever gathers while one is under way is the next one. Deleting, for which nobody
/// waits, lets some gather (`gather`): a statement and a commit for each message would cost the store more than the
/// message. Nothing is retried here: a row that could not be published, or whose process died, stays in the outbox and
/// `OutboxRelay` takes it from there. So this queue may be cut without loss. One a loop.
package final class OutboxPublisher: @unchecked Sendable {
  private let bus: any EventBus
  private let pool: PostgresPool
  private let loop: EventLoop
  private let gather: Duration
  private var queue: [BusEvent] = []
  private var acknowledged: [UUID] = []
  private var isPublishing = false
  private var isDeleting = false

  package struct Counters: Sendable {
    package var published = 0
    /// Left to the relay because the bus was away or too far behind.
    package var left = 0
  }

  package private(set) var counters = Counters()
  /// Told when publishing fails, at most once an outage.
  package var report: (any Error) -> Void = { _ in }
  private var isFailing = false
  /// Told of events that the bus has acknowledged.
  package var published: ([BusEvent]) -> Void = { _ in }

  private static let queueLimit = 20_000
  private static let batchLimit = 512
  private static let many = 256

  /// - Parameter gather: how long acknowledged rows wait for others, unless they are many.
  package init(
    bus: any EventBus, pool: PostgresPool, loop: EventLoop, gather: Duration = .milliseconds(25)
  ) {
    self.bus = bus
    self.pool = pool
    self.loop = loop
    self.gather = gather
  }

  /// Takes events whose outbox rows are committed.
  package func publish(_ events: [BusEvent]) {
    guard queue.count + events.count <= Self.queueLimit else {
      counters.left += events.count
      return
    }
    queue.append(contentsOf: events)
    if !isPublishing {
      isPublishing = true
      loop.start { [self] in await drain() }
    }
  }

  /// True when nothing is under way: what was committed is published and deleted, or left to the relay.
  package var isIdle: Bool { !isPublishing && !isDeleting }

  private func drain() async {
    while !queue.isEmpty {
      let batch: [BusEvent]
      if queue.count <= Self.batchLimit {
        batch = queue
        queue.removeAll(keepingCapacity: true)
      } else {
        batch = Array(queue.prefix(Self.batchLimit))
        queue.removeFirst(Self.batchLimit)
      }
      do {
        try await bus.publish(batch)
        isFailing = false
        counters.published += batch.count
        published(batch)
        acknowledged.append(contentsOf: batch.lazy.map(\.id))
        if !isDeleting {
          isDeleting = true
          loop.start { [self] in await deleteAcknowledged() }
        }
      } catch {
        counters.left += batch.count + queue.count
        queue.removeAll()
        if !isFailing { report(error) }
        isFailing = true
      }
    }
    isPublishing = false
  }

  private func deleteAcknowledged() async {
    while !acknowledged.isEmpty {
      if acknowledged.count < Self.many { try? await loop.sleep(for: gather) }
      let ids = acknowledged
      acknowledged = []
      // A row that stays is published again by the relay and dropped as known by those who have seen it.
      try? await Outbox.settle(ids, pool)
    }
    isDeleting = false
  }
}
