import JSON
package import Postgres
import Primitives

/// Changes users for an operator. On one loop.
package struct UserAdministration: Sendable {
  private let pool: PostgresPool
  private let rooms: RoomEmitter
  private let actor: OperatorIdentity
  private let sessions: UserSessions

  /// - Parameter rooms: closes sockets; its Redis has to be there.
  package init(pool: PostgresPool, rooms: RoomEmitter, by actor: OperatorIdentity) {
    self.pool = pool
    self.actor = actor
    self.rooms = rooms
    sessions = UserSessions(pool: pool, rooms: rooms)
  }

  /// Gives a user another password and ends all sessions. Answers how many it were.
  package func set(passwordHash: String, of user: User) async throws -> Int {
    let revoked = try await pool.transaction { [actor] transaction in
      _ = try await transaction.query("UPDATE users SET password_hash = $2 WHERE id = $1", user.id, passwordHash)
      try await actor.record(.userPasswordSet, of: user.id, in: user.workspaceId, transaction)
      return try await UserSessions.revoke(.all, of: user.id, in: transaction)
    }
    await sessions.closeSockets(of: revoked)
    return revoked.count
  }

  /// Disables a user, ends their sessions and closes their sockets; or undoes it, which brings no session back. False
  /// where it was so already.
  package func set(disabled: Bool, of user: User) async throws -> Bool {
    let (isChanged, revoked) = try await pool.transaction { [actor] transaction -> (Bool, Set<UUID>) in
      let rows = try await transaction.query(
        """
        UPDATE users SET disabled_at = CASE WHEN $2 THEN now() END
        WHERE id = $1 AND (disabled_at IS NOT NULL) <> $2 RETURNING 1
        """, user.id, disabled)
      if rows.count == 1 {
        try await actor.record(disabled ? .userDisabled : .userEnabled, of: user.id, in: user.workspaceId, transaction)
      }
      return (rows.count == 1, disabled ? try await UserSessions.revoke(.all, of: user.id, in: transaction) : [])
    }
    await sessions.closeSockets(of: revoked)
    if disabled { await rooms.disconnect([AdapterChannel.userRoom(user.id)]) }
    return isChanged
  }

  /// False where it was so already. Tokens that are out bear the old role until they expire; what only administrators may
  /// do asks the store.
  package func set(role: UserRole, of user: User) async throws -> Bool {
    try await pool.transaction { [actor] transaction in
      let rows = try await transaction.query(
        "UPDATE users SET role = $2, version = version + 1 WHERE id = $1 AND role <> $2 RETURNING 1", user.id,
        role.rawValue)
      guard rows.count == 1 else { return false }
      try await actor.record(.userRoleSet, of: user.id, in: user.workspaceId, transaction) {
        $0.field("role", role.rawValue)
      }
      return true
    }
  }

  /// Ends sessions of a user and closes their sockets. Answers how many it were.
  package func revoke(_ selection: UserSessions.Selection, of user: User) async throws -> Int {
    let revoked = try await pool.transaction { [actor] transaction in
      let revoked = try await UserSessions.revoke(selection, of: user.id, in: transaction)
      if !revoked.isEmpty {
        try await actor.record(.sessionsRevoked, of: user.id, in: user.workspaceId, transaction) {
          $0.field("sessions", revoked.count)
        }
      }
      return revoked
    }
    await sessions.closeSockets(of: revoked)
    return revoked.count
  }

  /// Closes a user's sockets on every gateway. They may come back.
  package func kick(_ user: User) async throws {
    try await actor.record(.userKicked, of: user.id, in: user.workspaceId, pool)
    await rooms.disconnect([AdapterChannel.userRoom(user.id)])
  }
}
