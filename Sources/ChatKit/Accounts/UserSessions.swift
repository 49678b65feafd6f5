package import Postgres
package import Primitives

/// The sessions of users: what there are, and how they are ended, whoever asks for it. `AccountService` does for users what
/// operators do with this.
package struct UserSessions: Sendable {
  /// Which sessions of a user.
  package enum Selection: Sendable {
    case one(UUID)
    case all
    case allBut(UUID)
  }

  /// At most as many are shown, the newest.
  private static let listed = 200

  private let pool: PostgresPool
  private let rooms: RoomEmitter

  package init(pool: PostgresPool, rooms: RoomEmitter) {
    self.pool = pool
    self.rooms = rooms
  }

  /// The newest first.
  /// - Parameter session: the one that asks, if any.
  package static func list(
    of user: UUID, asking session: UUID? = nil, _ client: some PostgresClient
  ) async throws -> [SessionSummary] {
    let rows = try await client.query(
      """
      SELECT session_id, created_at, expires_at, user_agent, address FROM refresh_tokens
      WHERE user_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
      ORDER BY session_id DESC LIMIT $2
      """, user, Int64(listed))
    return try (0..<rows.count).map { row in
      let id = try rows[row].get(0, as: UUID.self)
      return SessionSummary(
        id: id, createdAt: Timestamp(microseconds: Int64(id.high >> 16) * 1000),
        lastUsedAt: try rows[row].get(1, as: Timestamp.self), expiresAt: try rows[row].get(2, as: Timestamp.self),
        client: ClientInfo(
          userAgent: try rows[row].get(3, as: String?.self), address: try rows[row].get(4, as: String?.self)),
        isCurrent: id == session)
    }
  }

  /// Ends sessions and closes their sockets. Answers how many it were.
  package func revoke(_ selection: Selection, of user: UUID) async throws -> Int {
    let revoked = try await pool.transaction { transaction in
      try await Self.revoke(selection, of: user, in: transaction)
    }
    await closeSockets(of: revoked)
    return revoked.count
  }

  /// Revokes what there is until there is nothing more: a refresh that is under way has locked the token it uses, so this
  /// waits for it, and finds its successor the next time.
  static func revoke(
    _ selection: Selection, of user: UUID, in transaction: PostgresTransaction
  ) async throws -> Set<UUID> {
    var (only, except): (UUID?, UUID?) = (nil, nil)
    switch selection {
    case .one(let session): only = session
    case .allBut(let session): except = session
    case .all: break
    }
    var revoked = Set<UUID>()
    while true {
      let rows = try await transaction.query(
        """
        UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL
          AND ($2::uuid IS NULL OR session_id = $2) AND ($3::uuid IS NULL OR session_id <> $3)
        RETURNING session_id
        """, user, only, except)
      guard rows.count > 0 else { return revoked }
      for row in 0..<rows.count { revoked.insert(try rows[row].get(0, as: UUID.self)) }
    }
  }

  /// After the commit.
  func closeSockets(of sessions: Set<UUID>) async {
    let names = sessions.map { AdapterChannel.sessionRoom($0) }
    for start in stride(from: 0, to: names.count, by: 500) {
      await rooms.disconnect(Array(names[start..<min(start + 500, names.count)]))
    }
  }
}
