package import Postgres
package import Primitives

/// Changes users for an operator. On one loop.
package struct UserAdministration: Sendable {
  private let pool: PostgresPool
  private let rooms: RoomEmitter
  package let sessions: UserSessions

  /// - Parameter rooms: closes sockets; its Redis has to be there.
  package init(pool: PostgresPool, rooms: RoomEmitter) {
    self.pool = pool
    self.rooms = rooms
    sessions = UserSessions(pool: pool, rooms: rooms)
  }

  /// Gives a user another password and ends all sessions. Answers how many it were.
  package func set(passwordHash: String, of user: UUID) async throws -> Int {
    let revoked = try await pool.transaction { transaction in
      _ = try await transaction.query("UPDATE users SET password_hash = $2 WHERE id = $1", user, passwordHash)
      return try await UserSessions.revoke(.all, of: user, in: transaction)
    }
    await sessions.closeSockets(of: revoked)
    return revoked.count
  }

  /// Disables a user, ends their sessions and closes their sockets; or undoes it, which brings no session back. False
  /// where it was so already.
  package func set(disabled: Bool, of user: UUID) async throws -> Bool {
    let (isChanged, revoked) = try await pool.transaction { transaction -> (Bool, Set<UUID>) in
      let rows = try await transaction.query(
        """
        UPDATE users SET disabled_at = CASE WHEN $2 THEN now() END
        WHERE id = $1 AND (disabled_at IS NOT NULL) <> $2 RETURNING 1
        """, user, disabled)
      return (rows.count == 1, disabled ? try await UserSessions.revoke(.all, of: user, in: transaction) : [])
    }
    await sessions.closeSockets(of: revoked)
    if disabled { await kick(user) }
    return isChanged
  }

  /// False where it was so already. Tokens that are out bear the old role until they expire; what only administrators may
  /// do asks the store.
  package func set(role: UserRole, of user: UUID) async throws -> Bool {
    let rows = try await pool.query(
      "UPDATE users SET role = $2, version = version + 1 WHERE id = $1 AND role <> $2 RETURNING 1", user, role.rawValue)
    return rows.count == 1
  }

  /// Closes a user's sockets on every gateway. They may come back.
  package func kick(_ user: UUID) async { await rooms.disconnect([AdapterChannel.userRoom(user)]) }
}
