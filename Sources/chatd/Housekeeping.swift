import ChatKit
import Logging
import Networking
import Postgres
import Primitives

/// Deletes what has expired: idempotency keys at the end of their lifetime, the ids of events that were done long ago,
/// refresh tokens and wrong passwords a day after their end, marks of slow mode after a day, receipts after 90 days, attachments
/// that nobody needs. In small batches, at most one process at a time.
final class Housekeeping: @unchecked Sendable {
  /// "housekeep" in ASCII.
  private static let lock: Int64 = 0x686f_7573_656b_6570
  private static let batch: Int64 = 5000

  private let pool: PostgresPool
  private let idempotencyLifetime: Duration
  private let eventMemory: Duration
  /// Nil where no files are taken.
  private let attachments: AttachmentCollector?
  private let loop: EventLoop
  private let log: Log
  private var task: Task<Void, Never>?

  init(
    pool: PostgresPool, idempotencyLifetime: Duration, eventMemory: Duration, attachments: AttachmentCollector?,
    loop: EventLoop, log: Log
  ) {
    self.attachments = attachments
    self.pool = pool
    self.idempotencyLifetime = idempotencyLifetime
    self.eventMemory = eventMemory
    self.loop = loop
    self.log = log
  }

  func start() {
    task = loop.start { [self] in
      while !Task.isCancelled {
        try? await loop.sleep(for: .seconds(Int64.random(in: 60...120)))
        guard !Task.isCancelled else { return }
        do {
          while try await round() >= Self.batch {}
        } catch {
          log.warning("housekeeping failed; it tries again", ["error": .describing(error)])
        }
        await collect()
      }
    }
  }

  func stop() async {
    task?.cancel()
    await task?.value
  }

  private func collect() async {
    guard let attachments else { return }
    do {
      while try await attachments.round().due > 0, !Task.isCancelled {}
      try await attachments.sweep()
    } catch {
      log.warning("attachments cannot be collected; it tries again", ["error": .describing(error)])
    }
  }

  /// How many rows the fullest of the batches had.
  private func round() async throws -> Int64 {
    try await pool.transaction { transaction in
      let locked = try await transaction.query("SELECT pg_try_advisory_xact_lock($1)", Self.lock)
      guard try locked[0].decode(Bool.self) else { return 0 }
      let keys = try await transaction.query(
        """
        DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM idempotency_keys WHERE created_at < now() - $2 * interval '1 second' LIMIT $1))
        """, Self.batch, Double(idempotencyLifetime.components.seconds))
      let events = try await transaction.query(
        """
        DELETE FROM processed_events WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM processed_events WHERE processed_at < now() - $2 * interval '1 second' LIMIT $1))
        """, Self.batch, Double(eventMemory.components.seconds))
      let tokens = try await transaction.query(
        """
        DELETE FROM refresh_tokens WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM refresh_tokens WHERE expires_at < now() - interval '1 day' LIMIT $1))
        """, Self.batch)
      let failures = try await transaction.query(
        """
        DELETE FROM login_failures WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM login_failures WHERE failed_at < now() - interval '1 day' LIMIT $1))
        """, Self.batch)
      let receipts = try await transaction.query(
        """
        DELETE FROM receipts WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM receipts WHERE at < now() - interval '90 days' LIMIT $1))
        """, Self.batch)
      let marks = try await transaction.query(
        """
        DELETE FROM slow_marks WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM slow_marks WHERE sent_at < now() - interval '1 day' LIMIT $1))
        """, Self.batch)
      return Int64(
        max(
          keys.affected, events.affected, tokens.affected, failures.affected, receipts.affected, marks.affected))
    }
  }
}
