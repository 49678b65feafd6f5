package import Curl
package import Networking
package import Postgres
import Primitives

/// Sends what is queued for webhooks. At least once: a receiver knows a repetition by `webhook-id`.
///
/// 2xx is success. Everything else, a redirect too, is tried again with pauses that double, all of it in PostgreSQL, so
/// that another process or a later start goes on. After `attempts` a delivery is parked; a webhook that nothing was
/// delivered to for `patience` is disabled, and so is one that answers 410 (Gone). An address that may not be connected
/// to parks at once. On its loop only.
package final class WebhookSender: @unchecked Sendable {
  package struct Settings: Sendable {
    /// How often a delivery is tried before it is parked.
    package var attempts = 12
    package var retry = RetrySchedule(first: .seconds(5), longest: .seconds(3600))
    /// How long a webhook may fail before it is disabled.
    package var patience = Duration.seconds(3 * 86_400)
    /// For the whole of a request.
    package var timeout = Duration.seconds(10)
    /// Requests at a time, of all webhooks and of each.
    package var concurrency = 32
    package var concurrencyPerWebhook = 4
    /// Between two looks at an empty queue.
    package var interval = Duration.milliseconds(500)

    package init() {}
  }

  package struct Counters: Sendable {
    package var delivered = 0
    /// Attempts that will be repeated.
    package var failed = 0
    package var parked = 0
    package var disabled = 0
  }

  private struct Job: Sendable {
    let id: UUID
    let webhook: UUID
    let event: UUID
    let body: String
    let attempt: Int
    let url: String
    let secret: [UInt8]
  }

  private let pool: PostgresPool
  private let client: CurlClient
  private let loop: EventLoop
  private let settings: Settings
  private var busy: [UUID: Int] = [:]
  private lazy var pump = DeliveryPump<Job>(
    loop: loop, most: settings.concurrency, interval: settings.interval,
    claim: { [unowned self] in try await claim($0) }, perform: { [unowned self] in await perform($0) })
  package private(set) var counters = Counters()
  /// Told when the queue cannot be read, or an outcome not be written.
  package var report: (any Error) -> Void = { _ in }
  /// Told of a webhook that is disabled from now on.
  package var disabled: (_ webhook: String, _ reason: String) -> Void = { _, _ in }

  package init(pool: PostgresPool, client: CurlClient, loop: EventLoop, settings: Settings = Settings()) {
    self.pool = pool
    self.client = client
    self.loop = loop
    self.settings = settings
  }

  package func start() {
    pump.report = { [unowned self] in report($0) }
    pump.start()
  }

  /// Something may have been queued.
  package func wake() { pump.wake() }

  /// What is under way is broken off and due again at once.
  package func stop() async { await pump.stop() }

  // MARK: The queue

  /// The lease outlives the request: who finds it over knows that its holder has died.
  private func claim(_ most: Int) async throws -> [Job] {
    let full = busy.filter { $0.value >= settings.concurrencyPerWebhook }.map(\.key)
    let lease = settings.timeout + .seconds(20)
    let rows = try await pool.query(
      """
      WITH due AS (
        SELECT d.id, w.url, w.secret FROM webhooks w CROSS JOIN LATERAL (
          SELECT id FROM webhook_deliveries WHERE webhook_id = w.id AND state = 'pending' AND next_attempt_at <= now()
          ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS d
        WHERE w.state = 'active' AND w.id <> ALL ($3::uuid[]) LIMIT $1)
      UPDATE webhook_deliveries d SET attempts = d.attempts + 1,
        next_attempt_at = now() + $4 * interval '1 millisecond'
      FROM due WHERE d.id = due.id
      RETURNING d.id, d.webhook_id, d.event_id, d.body, d.attempts, due.url, due.secret
      """, Int64(most), Int64(settings.concurrencyPerWebhook), full, Double(lease.milliseconds))
    return try rows.map { row in
      let (id, webhook, event, body, attempt, url, secret) = try row.decode(
        (UUID, UUID, UUID, String, Int, String, [UInt8]).self)
      busy[webhook, default: 0] += 1
      return Job(id: id, webhook: webhook, event: event, body: body, attempt: attempt, url: url, secret: secret)
    }
  }

  private func perform(_ job: Job) async {
    let answer = await send(job)
    if let count = busy[job.webhook] { busy[job.webhook] = count > 1 ? count - 1 : nil }
    // What has happened is written down, also when this task has been cancelled.
    let settling = loop.start { [self] in
      do {
        try await settle(job, answer)
      } catch {
        // Its lease ends, and it is sent once more.
        report(error)
      }
    }
    await settling.value
  }

  private func send(_ job: Job) async -> Result<CurlResponse, CurlError> {
    let body = Array(job.body.utf8)
    var request = CurlRequest(
      "POST", job.url,
      headers: [(name: "content-type", value: "application/json")]
        + WebhookSignature.headers(id: job.event, at: .now(), body: body, secret: job.secret), body: body)
    request.timeout = settings.timeout
    request.connectTimeout = min(request.connectTimeout, settings.timeout)
    // Nobody reads it.
    request.maxBody = 64 << 10
    do throws(CurlError) {
      return .success(try await client.send(request))
    } catch {
      return .failure(error)
    }
  }

  private func settle(_ job: Job, _ answer: Result<CurlResponse, CurlError>) async throws {
    switch answer {
    case .success(let response) where (200..<300).contains(response.status):
      try await pool.transaction { transaction in
        _ = try await transaction.query("DELETE FROM webhook_deliveries WHERE id = $1", job.id)
        _ = try await transaction.query(
          "UPDATE webhooks SET failing_since = NULL, last_error = NULL WHERE id = $1 AND failing_since IS NOT NULL",
          job.webhook)
      }
      counters.delivered += 1
    case .success(let response):
      let isGone = response.status == 410
      try await failed(
        job, status: response.status, "it answered \(response.status)", parks: isGone, disables: isGone)
    case .failure(let error) where error.code == .cancelled || error.code == .closed:
      // Ours, not theirs. Another process may have it at once.
      _ = try await pool.query(
        "UPDATE webhook_deliveries SET attempts = attempts - 1, next_attempt_at = now() WHERE id = $1", job.id)
    case .failure(let error):
      let isHopeless = error.code == .forbiddenAddress || error.code == .badRequest
      try await failed(job, status: nil, error.reason, parks: isHopeless, disables: false)
    }
  }

  private func failed(_ job: Job, status: Int?, _ reason: String, parks: Bool, disables: Bool) async throws {
    let isParked = parks || job.attempt >= settings.attempts
    let pause = settings.retry.pause(after: job.attempt)
    let patience = Double(settings.patience.milliseconds)
    let wasDisabled = try await pool.transaction { transaction -> Bool in
      _ = try await transaction.query(
        """
        UPDATE webhook_deliveries SET last_status = $2, last_error = $3,
          state = CASE WHEN $4 THEN 'parked' ELSE state END, next_attempt_at = now() + $5 * interval '1 millisecond'
        WHERE id = $1
        """, job.id, status.map { Int32($0) }, reason.clean, isParked, Double(pause.milliseconds))
      let rows = try await transaction.query(
        """
        UPDATE webhooks SET failing_since = coalesce(failing_since, now()), last_error = $2
        WHERE id = $1 AND state = 'active'
        RETURNING now() - failing_since >= $3 * interval '1 millisecond'
        """, job.webhook, reason.clean, patience)
      guard let row = rows.first, try row.decode(Bool.self) || disables else { return false }
      _ = try await transaction.query(
        "UPDATE webhooks SET state = 'disabled', disabled_at = now() WHERE id = $1", job.webhook)
      _ = try await transaction.query(
        "UPDATE webhook_deliveries SET state = 'parked' WHERE webhook_id = $1 AND state = 'pending'", job.webhook)
      return true
    }
    if isParked || wasDisabled { counters.parked += 1 } else { counters.failed += 1 }
    guard wasDisabled else { return }
    counters.disabled += 1
    disabled(job.webhook.description, reason)
  }
}
