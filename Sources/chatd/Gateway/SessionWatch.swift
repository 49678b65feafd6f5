import ChatKit
import Logging
import Networking
import Postgres
import Primitives

/// Asks the store, for the sockets that have come, whether their sessions are revoked, and notes when users were last
/// seen.
///
/// An access token is valid until it expires, whatever became of its session. So a socket is let in on its token, and put
/// out again, some milliseconds later, where the store says that the session is over. That comes after the socket is in
/// its session's room: a revocation that is committed later finds it there.
///
/// What gathers while the store is busy is asked at once, so many who connect at a time cost few queries. On the loop only.
final class SessionWatch: @unchecked Sendable {
  private static let batch = 1000

  private let pool: PostgresPool
  private let loop: EventLoop
  private let log: Log
  private var sessions = Set<UUID>()
  private var users = Set<UUID>()
  private var isRunning = false
  private var isClosed = false
  /// Told of sessions that are over.
  var onRevoked: (UUID) -> Void = { _ in }

  init(pool: PostgresPool, loop: EventLoop, log: Log) {
    self.pool = pool
    self.loop = loop
    self.log = log
  }

  func connected(_ session: GatewaySession) {
    guard !session.isClosed else { return }
    users.insert(session.user)
    check(session.session)
  }

  func disconnected(_ session: GatewaySession) {
    users.insert(session.user)
    run()
  }

  func check(_ session: UUID) {
    sessions.insert(session)
    run()
  }

  func close() { isClosed = true }

  private func run() {
    guard !isRunning, !isClosed else { return }
    isRunning = true
    loop.start { [self] in
      var failures = 0
      while !isClosed, !sessions.isEmpty || !users.isEmpty {
        do {
          try await ask()
          try await note()
          failures = 0
        } catch {
          failures += 1
          if failures == 1 { log.warning("sessions cannot be checked; it tries again", ["error": .describing(error)]) }
          try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        }
      }
      isRunning = false
    }
  }

  private func ask() async throws {
    let batch = Array(sessions.prefix(Self.batch))
    guard !batch.isEmpty else { return }
    sessions.subtract(batch)
    do {
      let rows = try await pool.query(
        """
        SELECT session_id FROM refresh_tokens
        WHERE session_id = ANY ($1) AND used_at IS NULL AND revoked_at IS NOT NULL
        """, batch)
      for row in 0..<rows.count { onRevoked(try rows[row].get(0, as: UUID.self)) }
    } catch {
      sessions.formUnion(batch)
      throw error
    }
  }

  /// At most once a minute for a user. Rows that somebody else is writing are left out, so nobody waits for anybody.
  private func note() async throws {
    let batch = Array(users.prefix(Self.batch))
    guard !batch.isEmpty else { return }
    users.subtract(batch)
    _ = try await pool.query(
      """
      UPDATE users SET last_seen_at = now() WHERE id = ANY (ARRAY (
        SELECT id FROM users WHERE id = ANY ($1)
          AND (last_seen_at IS NULL OR last_seen_at < now() - interval '1 minute')
        FOR NO KEY UPDATE SKIP LOCKED))
      """, batch)
  }
}
