import Networking
package import Postgres
import Primitives

/// Removes attachments that nobody needs: never completed, completed and not named by a message in time, or named by
/// deleted messages only.
///
/// One process at a time does it (an advisory lock of a session, which ends with it). A round marks a batch as deleted,
/// removes the content of what is marked, then the rows. Whatever dies in between, the next round finds what is marked.
package final class AttachmentCollector: Sendable {
  package struct Settings: Sendable {
    package var batch: Int64 = 200
    /// What a message took hold of less than this ago is left alone: its commit may be under way.
    package var settling = Duration.seconds(600)
    /// Content that cannot be removed now is tried again after this.
    package var retry = Duration.seconds(300)

    package init() {}
  }

  /// "attachme" in ASCII.
  private static let lock: Int64 = 0x6174_7461_6368_6d65

  private let pool: PostgresPool
  private let store: any ObjectStore
  private let settings: Settings

  package init(pool: PostgresPool, store: any ObjectStore, settings: Settings = Settings()) {
    self.pool = pool
    self.store = store
    self.settings = settings
  }

  /// What a round has come to.
  package struct Round: Sendable {
    /// Attachments that were due; none: there is nothing more to do now.
    package var due = 0
    package var removed = 0
  }

  /// One batch. Throws `PostgresError`, or the first `ObjectStoreError` when the others have been tried.
  package func round() async throws -> Round {
    try await pool.withConnection { connection in
      guard try await connection.query("SELECT pg_try_advisory_lock($1)", Self.lock)[0].get(0, as: Bool.self) else {
        return Round()
      }
      let result: Result<Round, any Error>
      do { result = .success(try await collect(connection)) } catch { result = .failure(error) }
      // A connection that fails here is not used again, and its locks end with it.
      _ = try await connection.query("SELECT pg_advisory_unlock($1)", Self.lock)
      return try result.get()
    }
  }

  /// Removes what interrupted uploads have left in the store.
  package func sweep() async throws { try await store.sweep() }

  /// What is due is looked at: known to be named (not looked at again), too young to tell (later), or nobody's (marked).
  private static let judge = PostgresStatement(
    unchecked: """
      WITH due AS MATERIALIZED (
        SELECT id, conversation_id, state, used_at FROM attachments
        WHERE check_at <= now() ORDER BY check_at LIMIT $1 FOR UPDATE SKIP LOCKED
      ), judged AS MATERIALIZED (
        SELECT id, state = 'ready' AND EXISTS (
            SELECT FROM attachment_uses u CROSS JOIN LATERAL (
              SELECT m.attachment_id FROM messages m
              WHERE m.id = u.message_id AND m.conversation_id = due.conversation_id LIMIT 1) m
            WHERE u.attachment_id = due.id AND m.attachment_id = due.id) AS is_named,
          state = 'ready' AND used_at > now() - $2 * interval '1 second' AS is_young
        FROM due
      ), judgement AS (
        UPDATE attachments a SET
          state = CASE WHEN is_named OR is_young THEN a.state ELSE 'deleted' END,
          check_at = CASE WHEN is_named THEN NULL WHEN is_young THEN a.used_at + $2 * interval '1 second' ELSE now() END
        FROM judged WHERE a.id = judged.id
      )
      SELECT id, NOT is_named AND NOT coalesce(is_young, false) FROM judged
      """)

  private func collect(_ connection: PostgresConnection) async throws -> Round {
    let rows = try await connection.query(
      Self.judge, settings.batch, Double(settings.settling.milliseconds) / 1000)
    var removed: [UUID] = []
    var stuck: [UUID] = []
    var failure: (any Error)?
    for row in rows {
      guard try row.get(1, as: Bool.self) else { continue }
      let id: UUID = try row.get(0)
      do {
        try await store.remove(id)
        removed.append(id)
      } catch {
        failure = failure ?? error
        stuck.append(id)
      }
    }
    if !stuck.isEmpty {
      _ = try await connection.query(
        "UPDATE attachments SET check_at = now() + $2 * interval '1 second' WHERE id = ANY ($1)", stuck,
        Double(settings.retry.milliseconds) / 1000)
    }
    _ = try await connection.query("DELETE FROM attachment_uses WHERE attachment_id = ANY ($1)", removed)
    _ = try await connection.query("DELETE FROM attachments WHERE id = ANY ($1) AND state = 'deleted'", removed)
    if let failure { throw failure }
    return Round(due: rows.count, removed: removed.count)
  }
}
