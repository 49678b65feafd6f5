import Postgres
import Primitives

extension AccountService {
  package typealias SessionSelection = UserSessions.Selection

  // MARK: Refreshing

  private enum Refreshed {
    case renewed(User, session: UUID)
    case refused
    /// Two have the token; the session is revoked.
    case reused(session: UUID)
  }

  private static let tokenSelection = PostgresStatement(
    unchecked: """
      SELECT \(columns), t.session_id, t.used_at, t.revoked_at, t.expires_at
      FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 FOR UPDATE OF t
      """)

  /// Exchanges a refresh token for its successor and a new access token.
  /// Throws `ChatError` unauthenticated: unknown, expired, revoked, or used before, which revokes the session.
  package func refresh(_ token: String, client: ClientInfo = ClientInfo()) async throws -> Session {
    let invalid = ChatError(.unauthenticated, "The refresh token is not valid; log in again.")
    guard token.utf8.count <= 128 else { throw invalid }
    let successor = RefreshToken.successor(of: token, key: successorKey)
    // What is refused must be committed too: reuse revokes. So the outcome is a value, and thrown outside.
    let refreshed = try await pool.transaction { [self] transaction in
      try await refresh(token, successor, client, in: transaction)
    }
    switch refreshed {
    case .renewed(let user, let session): return try self.session(user, session, successor)
    case .refused: throw invalid
    case .reused(let session):
      await rooms.disconnect([AdapterChannel.sessionRoom(session)])
      throw invalid
    }
  }

  private func refresh(
    _ token: String, _ successor: String, _ client: ClientInfo, in transaction: PostgresTransaction
  ) async throws -> Refreshed {
    let hash = RefreshToken.hash(token)
    let rows = try await transaction.query(Self.tokenSelection, hash)
    guard rows.count == 1 else { return .refused }
    let user = try Self.user(rows, 0)
    let session = try rows[0].get(Self.columnCount, as: UUID.self)
    let usedAt = try rows[0].get(Self.columnCount + 1, as: Timestamp?.self)
    let isRevoked = try rows[0].get(Self.columnCount + 2, as: Timestamp?.self) != nil
    let expiresAt = try rows[0].get(Self.columnCount + 3, as: Timestamp.self)
    let now = Timestamp.now()
    guard !isRevoked, !user.isDisabled, expiresAt > now else { return .refused }
    if let usedAt {
      if now - usedAt <= settings.grace { return .renewed(user, session: session) }
      _ = try await revoke(.one(session), of: user.id, in: transaction)
      return .reused(session: session)
    }
    _ = try await transaction.query("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", hash, now)
    _ = try await transaction.query(
      """
      INSERT INTO refresh_tokens (token_hash, session_id, user_id, expires_at, user_agent, address)
      VALUES ($1, $2, $3, $4, $5, $6)
      """, RefreshToken.hash(successor), session, user.id, now + settings.refreshTokenLifetime, client.userAgent,
      client.address)
    return .renewed(user, session: session)
  }

  // MARK: Listing

  /// The sessions of who asks, the newest first. Throws `ChatError` unauthenticated when the session that asks is over.
  package func sessions(for claims: AccessClaims) async throws -> [SessionSummary] {
    try await checkIsOpen(claims)
    return try await UserSessions.list(of: claims.user, asking: claims.session, pool)
  }

  /// An access token outlives its session by minutes; what concerns the account itself is not for such a one.
  func checkIsOpen(_ claims: AccessClaims) async throws {
    let rows = try await pool.query(
      """
      SELECT 1 FROM refresh_tokens
      WHERE session_id = $1 AND user_id = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
      """, claims.session, claims.user)
    guard rows.count > 0 else { throw ChatError(.unauthenticated, "This session is over; log in again.") }
  }

  // MARK: Revoking

  /// Ends the session that the token belongs to. An unknown token is no error: the session is over either way.
  package func logout(_ token: String) async throws {
    let rows = try await pool.query(
      "SELECT session_id, user_id FROM refresh_tokens WHERE token_hash = $1", RefreshToken.hash(token))
    guard rows.count == 1 else { return }
    let (session, user) = try rows[0].decode((UUID, UUID).self)
    _ = try await revoke(.one(session), of: user)
  }

  /// Ends sessions of who asks; how many it were. Throws `ChatError` notFound when one is meant and it is not theirs or
  /// over, and unauthenticated when the session that asks is over.
  package func revoke(_ selection: SessionSelection, for claims: AccessClaims) async throws -> Int {
    try await checkIsOpen(claims)
    let count = try await revoke(selection, of: claims.user)
    if case .one = selection, count == 0 { throw ChatError(.notFound, "There is no such session.") }
    return count
  }

  private func revoke(_ selection: SessionSelection, of user: UUID) async throws -> Int {
    try await sessions.revoke(selection, of: user)
  }

  func revoke(
    _ selection: SessionSelection, of user: UUID, in transaction: PostgresTransaction
  ) async throws -> Set<UUID> {
    try await UserSessions.revoke(selection, of: user, in: transaction)
  }

  /// After the commit.
  func closeSockets(of sessions: Set<UUID>) async { await self.sessions.closeSockets(of: sessions) }
}
