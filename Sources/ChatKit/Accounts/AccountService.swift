// Accounts: who a user is, how one logs in, and the sessions that follow from it.
//
// `AccountService` registers and logs in (this file), keeps sessions (+Sessions), changes passwords (+Passwords), shows
// and changes profiles (+Profiles). `LoginAttempts` locks names after wrong passwords.
//
// Invariants.
// - A session is a family of refresh tokens, each used once. Using one a second time means that two have it: the family is
//   revoked. But an answer can get lost, so within `grace` the same successor is given again; it is derived from the
//   token it follows (HMAC), so nothing that could be stolen is stored.
// - Revoking is complete: it repeats until it finds no token that is not revoked, so a refresh that is under way ends in a
//   revoked token. The sockets are closed after the commit, so a socket that comes too late for it finds it in the store.
// - A session is opened only for the password hash that was checked, and only for a user who is not disabled, in one
//   statement that waits for whoever changes either.

package import Postgres
import Primitives

/// Registering, logging in, sessions and profiles. One a loop; passwords are hashed on other threads.
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
    /// Seconds that the refresh token is valid.
    package var refreshExpiresIn: Int
  }

  let pool: PostgresPool
  let passwords: PasswordHasher
  let attempts: LoginAttempts
  let rooms: RoomEmitter
  let sessions: UserSessions
  let successorKey: [UInt8]
  let settings: Settings
  private let tokens: TokenVerifier

  /// - Parameters:
  ///   - tokens: the loop's, whose keys sign.
  ///   - successorKey: at least 32 secret bytes, the same on every node.
  ///   - rooms: closes the sockets of sessions that end.
  package init(
    pool: PostgresPool, passwords: PasswordHasher, tokens: TokenVerifier, successorKey: [UInt8], rooms: RoomEmitter,
    settings: Settings = Settings()
  ) {
    self.pool = pool
    self.passwords = passwords
    self.tokens = tokens
    self.successorKey = successorKey
    self.rooms = rooms
    sessions = UserSessions(pool: pool, rooms: rooms)
    self.settings = settings
    attempts = LoginAttempts(pool: pool)
  }

  // MARK: Registering and logging in

  private static let insertion = PostgresStatement(
    unchecked: """
      INSERT INTO users AS u (id, workspace_id, username, display_name, password_hash) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (workspace_id, lower(username)) DO NOTHING RETURNING \(columns)
      """)
  private static let selectionByName = PostgresStatement(
    unchecked: """
      SELECT \(columns), u.password_hash FROM users u
      WHERE u.workspace_id = $1 AND lower(u.username) = lower($2)
      """)

  /// The workspace of that name, or the main one; nil where there is none.
  private func workspace(_ name: String?) async throws -> (id: UUID, registration: String, isLimited: Bool)? {
    if let name, name.utf8.contains(0) || name.utf8.count > 64 { return nil }
    let rows = try await pool.query(
      """
      SELECT id, registration, max_users IS NOT NULL FROM workspaces
      WHERE ($1::text IS NULL AND id = $2) OR name = $1
      """, name, Workspace.main)
    guard rows.count == 1 else { return nil }
    let (id, registration, isLimited) = try rows[0].decode((UUID, String, Bool).self)
    return (id, registration, isLimited)
  }

  /// - Parameter workspace: its name; nil for the main one.
  /// Throws `ChatError` invalidRequest (the rules for names and passwords, or no such workspace), conflict (the name is
  /// taken), registrationClosed or limitReached.
  package func register(
    username: String, password: String, displayName: String?, workspace name: String? = nil,
    client: ClientInfo = ClientInfo()
  ) async throws -> Session {
    try Self.check(username: username)
    try Self.check(password: password)
    let shown = displayName ?? username
    try Self.check(displayName: shown)
    guard let workspace = try await workspace(name) else {
      throw ChatError.invalid("workspace", "There is no such workspace.")
    }
    guard workspace.registration == Workspace.Registration.open.rawValue else {
      throw ChatError(.registrationClosed, "Nobody registers in this workspace; ask its administrators.")
    }
    let hash = try await passwords.hash(password)
    let id = UUID.v7()
    let rows: PostgresRows
    if workspace.isLimited {
      rows = try await pool.transaction { transaction in
        try await WorkspaceQuota.requireUser(workspace.id, transaction)
        return try await transaction.query(Self.insertion, id, workspace.id, username, shown, hash)
      }
    } else {
      rows = try await pool.query(Self.insertion, id, workspace.id, username, shown, hash)
    }
    guard rows.count == 1 else { throw ChatError(.conflict, "The name \(username) is taken.", field: "username") }
    let session = UUID.v7()
    let token = RefreshToken.make()
    _ = try await pool.query(
      """
      INSERT INTO refresh_tokens (token_hash, session_id, user_id, expires_at, user_agent, address)
      VALUES ($1, $2, $3, $4, $5, $6)
      """, RefreshToken.hash(token), session, id, Timestamp.now() + settings.refreshTokenLifetime, client.userAgent,
      client.address)
    return try self.session(try Self.user(rows, 0), session, token)
  }

  /// Throws `ChatError` unauthenticated, which does not say which of the two was wrong and takes as long for either;
  /// tooManyAttempts; or accountDisabled, to who knows the password only.
  /// - Parameter name: of the workspace; nil for the main one.
  package func login(
    username: String, password: String, workspace name: String? = nil, client: ClientInfo = ClientInfo()
  ) async throws -> Session {
    let wrong = ChatError(.unauthenticated, "The name or the password is wrong.")
    guard username.utf8.count <= 256, password.utf8.count <= 1024, !username.utf8.contains(0) else { throw wrong }
    // A workspace that there is not has names that are locked, too: nothing tells it from one that there is.
    let workspace = try await workspace(name)?.id ?? Self.stand(inFor: name ?? "")
    try await attempts.check(username, in: workspace)
    // Twice, for the hash may be exchanged for a better one while it is compared.
    for _ in 0..<2 {
      let rows = try await pool.query(Self.selectionByName, workspace, username)
      guard rows.count == 1 else {
        _ = try await passwords.hash(password)
        try await attempts.failed(username, in: workspace)
        throw wrong
      }
      let user = try Self.user(rows, 0)
      let hash = try rows[0].get(Self.columnCount, as: String.self)
      guard try await passwords.verify(password, hash) else {
        try await attempts.failed(username, in: workspace)
        throw wrong
      }
      guard !user.isDisabled else { throw ChatError(.accountDisabled, "This account is disabled.") }
      guard let session = try await open(user, for: hash, named: username, client) else { continue }
      if passwords.needsRehash(hash) {
        let renewed = try await passwords.hash(password)
        _ = try await pool.query(
          "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3", user.id, renewed, hash)
      }
      return session
    }
    throw wrong
  }

  /// Nobody's identifier, the same for the same name.
  private static func stand(inFor name: String) -> UUID {
    let digest = SHA256.digest(Array(name.utf8))
    let words = (0..<2).map { half in digest[half * 8..<half * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    return UUID(high: words[0], low: words[1])
  }

  /// Nil if the user's password has changed since, or the user was disabled. Throws `ChatError` tooManyAttempts.
  private func open(
    _ user: User, for hash: String, named name: String, _ client: ClientInfo
  ) async throws -> Session? {
    let session = UUID.v7()
    let token = RefreshToken.make()
    let isOpen = try await pool.transaction { [settings] transaction in
      if let error = try await LoginAttempts.succeeded(name, in: user.workspaceId, transaction) { throw error }
      let inserted = try await transaction.query(
        """
        INSERT INTO refresh_tokens (token_hash, session_id, user_id, expires_at, user_agent, address)
        SELECT $1::bytea, $2::uuid, u.id, $3::timestamptz, $4::text, $5::text FROM users u
        WHERE u.id = $6 AND u.password_hash = $7 AND u.disabled_at IS NULL FOR SHARE OF u
        """, RefreshToken.hash(token), session, Timestamp.now() + settings.refreshTokenLifetime, client.userAgent,
        client.address, user.id, hash)
      return inserted.affected == 1
    }
    return isOpen ? try self.session(user, session, token) : nil
  }

  func session(_ user: User, _ session: UUID, _ refreshToken: String) throws -> Session {
    let now = Timestamp.now()
    let claims = AccessClaims(
      user: user.id, session: session, workspace: user.workspaceId, username: user.username, role: user.role.rawValue,
      issuedAt: now.seconds, expiresAt: (now + settings.accessTokenLifetime).seconds)
    return Session(
      user: user, accessToken: try tokens.keys.sign(claims), refreshToken: refreshToken,
      expiresIn: Int(settings.accessTokenLifetime.components.seconds),
      refreshExpiresIn: Int(settings.refreshTokenLifetime.components.seconds))
  }

  // MARK: Tickets

  /// An access token of who asks that is good for a minute: a page whose tokens are in cookies connects its socket with it.
  /// Throws `ChatError` unauthenticated when the session is over.
  package func ticket(for claims: AccessClaims) async throws -> (token: String, expiresIn: Int) {
    try await checkIsOpen(claims)
    let now = Timestamp.now().seconds
    var claims = claims
    claims.issuedAt = now
    claims.expiresAt = min(claims.expiresAt, now + 60)
    return (try tokens.keys.sign(claims), Int(claims.expiresAt - now))
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
  package static func check(password: String, field: String = "password") throws {
    guard password.unicodeScalars.count >= 8, password.utf8.count <= 1024 else {
      throw ChatError.invalid(field, "A password has at least 8 characters, and at most 1024 bytes.")
    }
  }

  static func check(displayName: String) throws {
    guard (1...128).contains(displayName.unicodeScalars.count), !displayName.utf8.contains(0) else {
      throw ChatError.invalid("displayName", "A display name has 1 to 128 characters.")
    }
  }
}
