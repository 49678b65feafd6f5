import Networking
package import Postgres
package import Primitives

/// Registering, logging in, and the sessions that follow from it. One a loop; passwords are hashed on other threads.
///
/// A session is a family of refresh tokens, each used once. Using one a second time means that two have it: the family
/// is revoked. But an answer can get lost, so within `grace` the same successor is given again; it is derived from the
/// token it follows (HMAC), so nothing that could be stolen is stored.
package final class AccountService: @unchecked Sendable {
  package struct Settings: Sendable {
    package var accessTokenLifetime = Duration.seconds(15 * 60)
    package var refreshTokenLifetime = Duration.seconds(30 * 24 * 3600)
    package var grace = Duration.seconds(10)

    package init() {}
  }

  /// What a login gives.
  package struct Session: Sendable {
    package var user: User
    package var accessToken: String
    package var refreshToken: String
    /// Seconds that the access token is valid.
    package var expiresIn: Int
  }

  private let pool: PostgresPool
  private let passwords: PasswordHasher
  private let keys: SigningKeySet
  private let successorKey: [UInt8]
  private let settings: Settings

  /// `successorKey`: at least 32 secret bytes, the same on every node.
  package init(
    pool: PostgresPool, passwords: PasswordHasher, keys: SigningKeySet, successorKey: [UInt8],
    settings: Settings = Settings()
  ) {
    self.pool = pool
    self.passwords = passwords
    self.keys = keys
    self.successorKey = successorKey
    self.settings = settings
  }

  // MARK: Registering and logging in

  /// Throws `ChatError` invalidRequest (the rules for names and passwords) or conflict (the name is taken).
  package func register(username: String, password: String, displayName: String?) async throws -> Session {
    try Self.check(username: username)
    try Self.check(password: password)
    let shown = displayName ?? username
    guard (1...128).contains(shown.unicodeScalars.count), !shown.utf8.contains(0) else {
      throw ChatError.invalid("displayName", "A display name has 1 to 128 characters.")
    }
    let hash = try await passwords.hash(password)
    let id = UUID.v7()
    let rows = try await pool.query(
      """
      INSERT INTO users (id, workspace_id, username, display_name, password_hash) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (workspace_id, lower(username)) DO NOTHING RETURNING created_at
      """, id, Workspace.main, username, shown, hash)
    guard rows.count == 1 else { throw ChatError(.conflict, "The name \(username) is taken.", field: "username") }
    let user = User(
      id: id, workspaceId: Workspace.main, username: username, displayName: shown, role: .user,
      createdAt: try rows[0].decode(Timestamp.self))
    return try await openSession(user)
  }

  /// Throws `ChatError` unauthenticated; it does not say which of the two was wrong, and takes as long for either.
  package func login(username: String, password: String) async throws -> Session {
    let wrong = ChatError(.unauthenticated, "The name or the password is wrong.")
    guard username.utf8.count <= 256, password.utf8.count <= 1024, !username.utf8.contains(0) else { throw wrong }
    let rows = try await pool.query(
      """
      SELECT id, workspace_id, username, display_name, role, created_at, password_hash FROM users
      WHERE workspace_id = $1 AND lower(username) = lower($2) AND disabled_at IS NULL
      """, Workspace.main, username)
    guard rows.count == 1 else {
      _ = try await passwords.hash(password)
      throw wrong
    }
    let hash = try rows[0].get(6, as: String.self)
    guard try await passwords.verify(password, hash) else { throw wrong }
    let user = try Self.user(rows, 0)
    if passwords.needsRehash(hash) {
      let renewed = try await passwords.hash(password)
      _ = try await pool.query(
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3", user.id, renewed, hash)
    }
    return try await openSession(user)
  }

  package func user(_ id: UUID) async throws -> User {
    let rows = try await pool.query(
      """
      SELECT id, workspace_id, username, display_name, role, created_at FROM users
      WHERE id = $1 AND disabled_at IS NULL
      """, id)
    guard rows.count == 1 else { throw ChatError(.notFound, "There is no such user.") }
    return try Self.user(rows, 0)
  }

  private static func user(_ rows: PostgresRows, _ index: Int) throws -> User {
    User(
      id: try rows[index].get(0, as: UUID.self), workspaceId: try rows[index].get(1, as: UUID.self),
      username: try rows[index].get(2, as: String.self), displayName: try rows[index].get(3, as: String.self),
      role: UserRole(rawValue: try rows[index].get(4, as: String.self)) ?? .user,
      createdAt: try rows[index].get(5, as: Timestamp.self))
  }

  // MARK: Sessions

  private func openSession(_ user: User) async throws -> Session {
    let session = UUID.v7()
    let token = RefreshToken.make()
    try await insert(token, session: session, user: user.id)
    return try self.session(user, session, token)
  }

  private func insert(_ token: String, session: UUID, user: UUID) async throws {
    _ = try await pool.query(
      """
      INSERT INTO refresh_tokens (token_hash, session_id, user_id, expires_at) VALUES ($1, $2, $3, $4)
      """, RefreshToken.hash(token), session, user, Timestamp.now() + settings.refreshTokenLifetime)
  }

  private func session(_ user: User, _ session: UUID, _ refreshToken: String) throws -> Session {
    let now = Timestamp.now()
    let claims = AccessClaims(
      user: user.id, session: session, workspace: user.workspaceId, username: user.username, role: user.role.rawValue,
      issuedAt: now.seconds, expiresAt: (now + settings.accessTokenLifetime).seconds)
    return Session(
      user: user, accessToken: try keys.sign(claims), refreshToken: refreshToken,
      expiresIn: Int(settings.accessTokenLifetime.components.seconds))
  }

  /// Exchanges a refresh token for its successor and a new access token.
  /// Throws `ChatError` unauthenticated: unknown, expired, revoked, or used before, which revokes the session.
  package func refresh(_ token: String) async throws -> Session {
    let invalid = ChatError(.unauthenticated, "The refresh token is not valid; log in again.")
    guard token.utf8.count <= 128 else { throw invalid }
    let hash = RefreshToken.hash(token)
    let successor = RefreshToken.successor(of: token, key: successorKey)
    // What is refused must be committed too: reuse revokes. So the outcome is a value, and thrown outside.
    let found = try await pool.transaction { [self] transaction -> (User, UUID)? in
      let rows = try await transaction.query(
        """
        SELECT u.id, u.workspace_id, u.username, u.display_name, u.role, u.created_at,
          t.session_id, t.used_at, t.revoked_at, t.expires_at, u.disabled_at
        FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 FOR UPDATE OF t
        """, hash)
      guard rows.count == 1 else { return nil }
      let session = try rows[0].get(6, as: UUID.self)
      let usedAt = try rows[0].get(7, as: Timestamp?.self)
      let isRevoked = try rows[0].get(8, as: Timestamp?.self) != nil
      let expiresAt = try rows[0].get(9, as: Timestamp.self)
      let isDisabled = try rows[0].get(10, as: Timestamp?.self) != nil
      let now = Timestamp.now()
      guard !isRevoked, !isDisabled, expiresAt > now else { return nil }
      let user = try Self.user(rows, 0)
      if let usedAt {
        if now - usedAt <= settings.grace { return (user, session) }
        _ = try await transaction.query(
          "UPDATE refresh_tokens SET revoked_at = now() WHERE session_id = $1 AND revoked_at IS NULL", session)
        return nil
      }
      _ = try await transaction.query("UPDATE refresh_tokens SET used_at = $2 WHERE token_hash = $1", hash, now)
      _ = try await transaction.query(
        """
        INSERT INTO refresh_tokens (token_hash, session_id, user_id, expires_at) VALUES ($1, $2, $3, $4)
        """, RefreshToken.hash(successor), session, user.id, now + settings.refreshTokenLifetime)
      return (user, session)
    }
    guard let (user, session) = found else { throw invalid }
    return try self.session(user, session, successor)
  }

  /// Ends the session that the token belongs to. An unknown token is no error: the session is over either way.
  package func logout(_ token: String) async throws {
    _ = try await pool.query(
      """
      UPDATE refresh_tokens SET revoked_at = now() WHERE revoked_at IS NULL AND session_id =
        (SELECT session_id FROM refresh_tokens WHERE token_hash = $1)
      """, RefreshToken.hash(token))
  }

  // MARK: Rules

  /// 3 to 32 of a–z, A–Z, 0–9, `.`, `_`, `-`; names that differ only in case are the same.
  package static func check(username: String) throws {
    let isAllowed = username.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || byte == 0x2d || byte == 0x2e || byte == 0x5f
    }
    guard isAllowed, (3...32).contains(username.utf8.count) else {
      throw ChatError.invalid("username", "A name has 3 to 32 characters out of a-z, A-Z, 0-9, '.', '_' and '-'.")
    }
  }

  /// 8 to 1024 bytes; no rules about its characters (NIST SP 800-63B, 5.1.1.2).
  package static func check(password: String) throws {
    guard password.unicodeScalars.count >= 8, password.utf8.count <= 1024 else {
      throw ChatError.invalid("password", "A password has at least 8 characters, and at most 1024 bytes.")
    }
  }
}
