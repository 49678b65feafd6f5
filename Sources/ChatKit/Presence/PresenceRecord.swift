package import Postgres
package import Primitives

/// The table `presence`: the last edge of each user that was said, for good.
package struct PresenceRecord: Sendable {
  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  /// Records edges, at most one of each user, and answers those that are to be published: that changed something, now or
  /// when they were recorded before.
  func record(_ edges: [PresenceEdge]) async throws -> [PresenceEdge] {
    let rows = try await pool.query(
      """
      WITH edges AS (
        SELECT * FROM unnest($1::uuid[], $2::bool[], $3::bigint[], $4::timestamptz[])
          AS e (user_id, is_online, version, changed_at)
      ), stored AS (
        INSERT INTO presence AS p (user_id, is_online, version, changed_at)
        SELECT user_id, is_online, version, changed_at FROM edges ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE
          SET is_online = excluded.is_online, version = excluded.version, changed_at = excluded.changed_at
          WHERE p.version < excluded.version AND p.is_online <> excluded.is_online
        RETURNING p.user_id
      )
      SELECT user_id FROM stored
      UNION
      SELECT e.user_id FROM edges e JOIN presence p ON p.user_id = e.user_id AND p.version = e.version
      """, edges.map(\.user), edges.map(\.isOnline), edges.map(\.version), edges.map(\.at))
    let changed = Set(try rows.column(0, as: UUID.self))
    let gone = edges.filter { !$0.isOnline && changed.contains($0.user) }
    if !gone.isEmpty {
      // Rows that somebody else is writing are left out, so nobody waits for anybody.
      _ = try await pool.query(
        """
        UPDATE users u SET last_seen_at = e.seen_at
        FROM unnest($1::uuid[], $2::timestamptz[]) AS e (user_id, seen_at)
        WHERE u.id = e.user_id AND (u.last_seen_at IS NULL OR u.last_seen_at < e.seen_at)
          AND u.id = ANY (ARRAY (SELECT id FROM users WHERE id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED))
        """, gone.map(\.user), gone.map(\.at))
    }
    return edges.filter { changed.contains($0.user) }
  }

  /// What was last said of each of the users.
  package func edges(of users: [UUID]) async throws -> [UUID: PresenceEdge] {
    let rows = try await pool.query(
      "SELECT user_id, is_online, version, changed_at FROM presence WHERE user_id = ANY ($1)", users)
    var found: [UUID: PresenceEdge] = [:]
    found.reserveCapacity(rows.count)
    for row in 0..<rows.count {
      let (user, isOnline, version, at) = try rows[row].decode((UUID, Bool, Int64, Timestamp).self)
      found[user] = PresenceEdge(user: user, isOnline: isOnline, version: version, at: at)
    }
    return found
  }

  /// How many are online by the table.
  package func onlineCount() async throws -> Int {
    let rows = try await pool.query("SELECT count(*) FROM presence WHERE is_online")
    return Int(try rows[0].get(0, as: Int64.self))
  }

  /// Users who are online by the table, in the order of their identifiers.
  func online(after user: UUID?, limit: Int) async throws -> [UUID] {
    let rows = try await pool.query(
      """
      SELECT user_id FROM presence WHERE is_online AND ($1::uuid IS NULL OR user_id > $1) ORDER BY user_id LIMIT $2
      """, user, Int64(limit))
    return try rows.column(0, as: UUID.self)
  }
}
