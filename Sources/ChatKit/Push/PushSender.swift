package import Networking
package import Postgres
import Primitives

/// Gives queued notifications to the provider, for those who are offline when their turn comes. At least once, and not
/// for ever: who has not been reached after `attempts` or `lifetime` reads it when they come back. On its loop only.
package final class PushSender: @unchecked Sendable {
  package struct Settings: Sendable {
    package var attempts = 8
    package var lifetime = Duration.seconds(3600)
    package var retry = RetrySchedule(first: .seconds(2), longest: .seconds(300))
    package var concurrency = 32
    /// How long the provider may take.
    package var timeout = Duration.seconds(10)
    package var interval = Duration.milliseconds(500)

    package init() {}
  }

  package struct Counters: Sendable {
    package var pushed = 0
    /// Not pushed, because they are online.
    package var online = 0
    /// Attempts that will be repeated.
    package var failed = 0
    package var dropped = 0
  }

  private struct Job: Sendable {
    let id: Int64
    let notification: PushNotification
    let attempt: Int
  }

  private let pool: PostgresPool
  private let provider: any PushProvider
  private let presence: any PresenceLookup
  private let devices: PushDevices
  private let loop: EventLoop
  private let settings: Settings
  private lazy var pump = DeliveryPump<Job>(
    loop: loop, most: settings.concurrency, interval: settings.interval,
    claim: { [unowned self] in try await claim($0) }, perform: { [unowned self] in await perform($0) })
  package private(set) var counters = Counters()
  package var report: (any Error) -> Void = { _ in }

  package init(
    pool: PostgresPool, provider: any PushProvider, presence: any PresenceLookup, loop: EventLoop,
    settings: Settings = Settings()
  ) {
    self.pool = pool
    self.provider = provider
    self.presence = presence
    devices = PushDevices(pool: pool)
    self.loop = loop
    self.settings = settings
  }

  package func start() {
    pump.report = { [unowned self] in report($0) }
    pump.start()
  }

  /// Something may have been queued.
  package func wake() { pump.wake() }

  package func stop() async { await pump.stop() }

  private func claim(_ most: Int) async throws -> [Job] {
    let lease = settings.timeout + .seconds(20)
    let rows = try await pool.query(
      """
      UPDATE push_queue q SET attempts = attempts + 1, next_attempt_at = now() + $2 * interval '1 millisecond'
      WHERE id IN (SELECT id FROM push_queue WHERE next_attempt_at <= now() ORDER BY next_attempt_at LIMIT $1
        FOR UPDATE SKIP LOCKED)
      RETURNING q.id, q.event_id, q.user_id, q.kind, q.conversation_id, q.seq, q.body, q.attempts,
        ARRAY(SELECT d.id FROM push_devices d WHERE d.user_id = q.user_id ORDER BY d.id),
        ARRAY(SELECT d.platform FROM push_devices d WHERE d.user_id = q.user_id ORDER BY d.id),
        ARRAY(SELECT d.token FROM push_devices d WHERE d.user_id = q.user_id ORDER BY d.id),
        q.created_at < now() - $3 * interval '1 millisecond'
      """, Int64(most), Double(lease.milliseconds), Double(settings.lifetime.milliseconds))
    guard rows.count > 0 else { return [] }
    var jobs: [Job] = []
    var over: [Int64] = []
    for row in rows {
      let (id, event, user, kind, conversation, seq, body, attempt) = try row.decode(
        (Int64, UUID, UUID, String, UUID, Int64, String, Int).self)
      let ids: [String] = try row.get(8)
      let platforms: [String] = try row.get(9)
      let tokens: [String] = try row.get(10)
      guard try !row.get(11, as: Bool.self), !ids.isEmpty else {
        over.append(id)
        continue
      }
      let devices = ids.indices.map {
        PushNotification.Device(id: ids[$0], platform: platforms[$0], token: tokens[$0])
      }
      let notification = PushNotification(
        id: event, user: user, kind: PushNotification.Kind(rawValue: kind) ?? .message, conversationId: conversation,
        seq: seq, message: Array(body.utf8), devices: devices)
      jobs.append(Job(id: id, notification: notification, attempt: attempt))
    }
    counters.dropped += over.count
    // Where nobody can say who is online, one notification too many is better than one too few.
    let online = (try? await presence.online(among: Array(Set(jobs.map(\.notification.user))))) ?? []
    let present = jobs.filter { online.contains($0.notification.user) }
    counters.online += present.count
    over += present.map(\.id)
    if !over.isEmpty { _ = try await pool.query("DELETE FROM push_queue WHERE id = ANY ($1)", over) }
    return jobs.filter { !online.contains($0.notification.user) }
  }

  private func perform(_ job: Job) async {
    let outcome: Result<[String], PushError>
    do throws(PushError) {
      outcome = .success(try await provider.push(job.notification))
    } catch {
      outcome = .failure(error)
    }
    // What has happened is written down, also when this task has been cancelled.
    let settling = loop.start { [self] in
      do {
        try await settle(job, outcome)
      } catch {
        // Its lease ends, and it is sent once more.
        report(error)
      }
    }
    await settling.value
  }

  private func settle(_ job: Job, _ outcome: Result<[String], PushError>) async throws {
    switch outcome {
    case .success(let gone):
      _ = try await pool.query("DELETE FROM push_queue WHERE id = $1", job.id)
      counters.pushed += 1
      if !gone.isEmpty { try await devices.delete(gone, of: job.notification.user) }
    case .failure(let error): try await failed(job, error)
    }
  }

  private func failed(_ job: Job, _ error: PushError) async throws {
    report(error)
    guard error.isRetriable, job.attempt < settings.attempts else {
      _ = try await pool.query("DELETE FROM push_queue WHERE id = $1", job.id)
      counters.dropped += 1
      return
    }
    counters.failed += 1
    _ = try await pool.query(
      "UPDATE push_queue SET next_attempt_at = now() + $2 * interval '1 millisecond' WHERE id = $1", job.id,
      Double(settings.retry.pause(after: job.attempt).milliseconds))
  }
}
