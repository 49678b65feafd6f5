import Postgres
package import Primitives

extension AccountService {
  /// Of `users u`, as `user(_:_:)` reads them.
  static let columns = """
    u.id, u.workspace_id, u.username, u.display_name, u.role, u.created_at, u.avatar_url, u.last_seen_at,
    u.disabled_at IS NOT NULL, u.version
    """
  static let columnCount = 10

  static func user(_ rows: PostgresRows, _ index: Int) throws -> User {
    let row = rows[index]
    return User(
      id: try row.get(0, as: UUID.self), workspaceId: try row.get(1, as: UUID.self),
      username: try row.get(2, as: String.self), displayName: try row.get(3, as: String.self),
      role: UserRole(rawValue: try row.get(4, as: String.self)) ?? .user,
      createdAt: try row.get(5, as: Timestamp.self), avatarURL: try row.get(6, as: String?.self),
      lastSeenAt: try row.get(7, as: Timestamp?.self), isDisabled: try row.get(8, as: Bool.self),
      version: try row.get(9, as: Int64.self))
  }

  // MARK: One user

  private static let activeUser = PostgresStatement(
    unchecked: "SELECT \(columns) FROM users u WHERE u.id = $1 AND u.disabled_at IS NULL")
  private static let visibleUser = PostgresStatement(
    unchecked: "SELECT \(columns) FROM users u WHERE u.id = $1 AND u.workspace_id = $2")
  private static let update = PostgresStatement(
    unchecked: """
      UPDATE users u SET display_name = coalesce($2, u.display_name),
        avatar_url = CASE WHEN $3 THEN $4 ELSE u.avatar_url END, version = u.version + 1
      WHERE u.id = $1 AND u.disabled_at IS NULL AND ($5::bigint IS NULL OR u.version = $5) RETURNING \(columns)
      """)

  /// Who acts. Throws `ChatError` notFound also for who is disabled.
  package func user(_ id: UUID) async throws -> User {
    let rows = try await pool.query(Self.activeUser, id)
    guard rows.count == 1 else { throw ChatError(.notFound, "There is no such user.") }
    return try Self.user(rows, 0)
  }

  /// A user as others of the workspace see them, disabled ones too, for their messages remain. Throws `ChatError` notFound.
  package func user(_ id: UUID, seenBy claims: AccessClaims) async throws -> User {
    let rows = try await pool.query(Self.visibleUser, id, claims.workspace)
    guard rows.count == 1 else { throw ChatError(.notFound, "There is no such user.") }
    return try await withoutPresence([try Self.user(rows, 0)], for: claims.user)[0]
  }

  /// When somebody was last seen is presence: it is not for who blocks them, or is blocked by them.
  private func withoutPresence(_ users: [User], for viewer: UUID) async throws -> [User] {
    guard users.contains(where: { $0.lastSeenAt != nil && $0.id != viewer }),
      let hidden = try await UserBlocks.hidden(from: [viewer], pool)[viewer]
    else { return users }
    return users.map { user in
      var user = user
      if hidden.contains(user.id) { user.lastSeenAt = nil }
      return user
    }
  }

  /// Changes the profile of who asks, if it is at `version` still; nil changes it in any case.
  /// Throws `ChatError` invalidRequest, preconditionFailed or notFound.
  package func change(_ change: ProfileChange, of user: UUID, at version: Int64?) async throws -> User {
    if let name = change.displayName { try Self.check(displayName: name) }
    if case .some(.some(let url)) = change.avatarURL { try Self.check(avatarURL: url) }
    let rows = try await pool.query(
      Self.update, user, change.displayName, change.avatarURL != nil, change.avatarURL ?? nil, version)
    if rows.count == 1 { return try Self.user(rows, 0) }
    _ = try await self.user(user)
    throw ChatError(.preconditionFailed, "The profile has changed since.")
  }

  /// http or https, 2,048 bytes at most, of what a URL may consist of.
  private static func check(avatarURL: String) throws {
    let isURL = avatarURL.hasPrefix("https://") || avatarURL.hasPrefix("http://")
    let forbidden = Array(#""<>\^`{|}"#.utf8)
    guard isURL, (10...2048).contains(avatarURL.utf8.count),
      avatarURL.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !forbidden.contains($0) })
    else { throw ChatError.invalid("avatarUrl", "An avatar is an http or https URL of at most 2048 bytes.") }
  }

  // MARK: Search

  /// A prefix and what is beyond everything that begins with it: both are compared by bytes, which the index is in the
  /// order of.
  private static let byUsername = PostgresStatement(
    unchecked: """
      SELECT \(columns), lower(u.username) FROM users u
      WHERE u.workspace_id = $1 AND u.disabled_at IS NULL
        AND lower(u.username) COLLATE "C" >= lower($2) AND lower(u.username) COLLATE "C" < lower($2) || chr(1114111)
        AND (lower(u.username) COLLATE "C", u.id) > ($3, $4)
      ORDER BY lower(u.username) COLLATE "C", u.id LIMIT $5
      """)
  /// Without those whom the first phase has found.
  private static let byDisplayName = PostgresStatement(
    unchecked: """
      SELECT \(columns), lower(u.display_name) FROM users u
      WHERE u.workspace_id = $1 AND u.disabled_at IS NULL
        AND lower(u.display_name) COLLATE "C" >= lower($2)
        AND lower(u.display_name) COLLATE "C" < lower($2) || chr(1114111)
        AND (lower(u.display_name) COLLATE "C", u.id) > ($3, $4)
        AND NOT starts_with(lower(u.username), lower($2))
      ORDER BY lower(u.display_name) COLLATE "C", u.id LIMIT $5
      """)

  /// Users of the workspace whose name, or else display name, begins with `prefix` in any case, and where the next page
  /// begins. Throws `ChatError` invalidRequest.
  package func search(
    _ prefix: String, for claims: AccessClaims, after cursor: UserCursor?, limit: Int
  ) async throws -> (users: [User], next: UserCursor?) {
    guard (1...64).contains(prefix.unicodeScalars.count), !prefix.utf8.contains(0) else {
      throw ChatError.invalid("q", "q has 1 to 64 characters.")
    }
    var found: [User] = []
    var last: UserCursor?
    for phase in [UserCursor.Phase.username, .displayName] where found.count < limit {
      if phase == .username, cursor?.phase == .displayName { continue }
      let start = cursor?.phase == phase ? cursor : nil
      let rows = try await pool.query(
        phase == .username ? Self.byUsername : Self.byDisplayName, claims.workspace, prefix, start?.key ?? "",
        start?.id ?? UUID(high: 0, low: 0), Int64(limit - found.count))
      for index in 0..<rows.count {
        let user = try Self.user(rows, index)
        found.append(user)
        last = UserCursor(phase, key: try rows[index].get(Self.columnCount, as: String.self), id: user.id)
      }
    }
    return (try await withoutPresence(found, for: claims.user), found.count == limit ? last : nil)
  }

  // MARK: Administrators

  /// Who asks, as an administrator of their workspace. Throws `ChatError` forbidden, or unauthenticated when the session is
  /// over.
  package func administrator(_ claims: AccessClaims) async throws -> User {
    try await checkIsOpen(claims)
    // As the store has it: the token may be older than the role.
    let user = try await self.user(claims.user)
    guard user.role == .admin else { throw ChatError(.forbidden, "Only an administrator may do that.") }
    return user
  }

  /// Disables a user, ends their sessions and closes their sockets; or undoes it, which brings no session back.
  /// Throws `ChatError` forbidden (admins only), notFound, or conflict (oneself).
  package func set(disabled: Bool, of user: UUID, by claims: AccessClaims) async throws {
    let actor = try await administrator(claims)
    guard user != actor.id else { throw ChatError(.conflict, "Nobody disables themselves.") }
    let revoked = try await pool.transaction { [self] transaction -> Set<UUID>? in
      let rows = try await transaction.query(
        """
        UPDATE users SET disabled_at = CASE WHEN $3 THEN coalesce(disabled_at, now()) END
        WHERE id = $1 AND workspace_id = $2 RETURNING 1
        """, user, actor.workspaceId, disabled)
      guard rows.count == 1 else { return nil }
      try await AuditLog.record(
        disabled ? .userDisabled : .userEnabled, of: user, in: actor.workspaceId, by: actor.id, transaction)
      return disabled ? try await revoke(.all, of: user, in: transaction) : []
    }
    guard let revoked else { throw ChatError(.notFound, "There is no such user.") }
    await closeSockets(of: revoked)
    if disabled { await rooms.disconnect([AdapterChannel.userRoom(user)]) }
  }
}
