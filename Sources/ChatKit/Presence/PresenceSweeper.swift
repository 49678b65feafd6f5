package import Networking
package import Postgres
import Primitives
import Redis

/// Ends leases that nobody renews, and makes offline who has none when the grace is over; now and then compares Redis with
/// what was last said. Any number may run at a time.
package final class PresenceSweeper: @unchecked Sendable {
  private static let batch = 500
  private static let comparison = Duration.seconds(60)

  private let store: PresenceStore
  private let record: PresenceRecord
  private let loop: EventLoop
  private var task: Task<Void, Never>?
  /// Of the Redis that was compared last, and when.
  private var comparedBirth: Int64?
  private var comparedAt: UInt64 = 0
  private var generation = 0
  /// Edges that comparing has made: what a Redis that was emptied had forgotten.
  package private(set) var contradictions = 0
  package private(set) var sweeps = 0
  /// Told of failures, once an outage.
  package var report: (any Error) -> Void = { _ in }

  package init(store: PresenceStore, pool: PostgresPool, loop: EventLoop) {
    self.store = store
    record = PresenceRecord(pool: pool)
    self.loop = loop
  }

  package func start() {
    task = loop.start { [self] in
      var failures = 0
      while !Task.isCancelled {
        var pause: Duration
        do {
          pause = try await sweep()
          failures = 0
        } catch {
          if failures == 0 { report(error) }
          failures += 1
          pause = .milliseconds(min(1000, 50 << min(failures, 5)))
        }
        try? await loop.sleep(for: pause)
      }
    }
  }

  package func stop() async {
    task?.cancel()
    await task?.value
  }

  /// Does what is due; until when the next is.
  func sweep() async throws -> Duration {
    var sweep: PresenceStore.Sweep
    repeat {
      sweep = try await store.sweep(limit: Self.batch)
      sweeps += 1
    } while sweep.done >= Self.batch && !Task.isCancelled
    try await compareIfDue(sweep.pulse)
    // A grace that begins after this one is over no earlier than that.
    let interval = min(store.settings.sweepInterval, max(store.settings.grace, .milliseconds(250)))
    return max(.milliseconds(20), min(interval, (sweep.next ?? interval) + .milliseconds(1)))
  }

  /// After Redis was emptied, or was away, when everybody has had the time to come back; and each minute.
  private func compareIfDue(_ pulse: PresenceStore.Pulse) async throws {
    guard pulse.now - pulse.born >= Int64(store.settings.settling.milliseconds) else { return }
    let isSame = comparedBirth == pulse.born && generation == store.redis.generation
    guard !isSame || loop.now &- comparedAt >= Self.comparison.nanoseconds else { return }
    let generation = store.redis.generation
    try await compare()
    comparedBirth = pulse.born
    self.generation = generation
    comparedAt = loop.now
  }

  /// Makes edges for users of whom something else was said last than is so. What is still on its way from the stream makes
  /// edges here that change nothing, and are dropped when they are recorded.
  func compare() async throws {
    var last: UUID?
    repeat {
      let users = try await record.online(after: last, limit: Self.batch)
      last = users.last
      if !users.isEmpty { contradictions += try await store.contradict(online: true, users) }
    } while last != nil
    var cursor: String? = "0"
    while let from = cursor {
      let (users, next) = try await store.online(from: from)
      cursor = next
      guard !users.isEmpty else { continue }
      let known = try await record.edges(of: users)
      let wrong = users.filter { known[$0]?.isOnline != true }
      if !wrong.isEmpty { contradictions += try await store.contradict(online: false, wrong) }
    }
  }
}
