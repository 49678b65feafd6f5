import JSON
package import Postgres
package import Primitives

/// Makes users for an operator, one or many at a time.
package struct UserIntake: Sendable {
  private let pool: PostgresPool
  private let actor: OperatorIdentity

  package init(pool: PostgresPool, by actor: OperatorIdentity) {
    self.pool = pool
    self.actor = actor
  }

  /// Stands for a hash where there is no password: no password is the right one.
  static let noPassword = "!"

  /// A user to be made.
  package struct Draft: Sendable {
    package var username: String
    package var displayName: String?
    package var role: UserRole
    /// Of Argon2id or bcrypt; nil lets nobody log in.
    package var passwordHash: String?
    package var isDisabled: Bool

    package init(
      username: String, displayName: String? = nil, role: UserRole = .user, passwordHash: String? = nil,
      isDisabled: Bool = false
    ) {
      self.username = username
      self.displayName = displayName
      self.role = role
      self.passwordHash = passwordHash
      self.isDisabled = isDisabled
    }

    /// Throws `ChatError` invalidRequest.
    package func check() throws {
      try AccountService.check(username: username)
      if let displayName { try AccountService.check(displayName: displayName) }
      if let passwordHash {
        guard PasswordHash(passwordHash) != nil || BcryptHash(passwordHash) != nil else {
          throw ChatError.invalid("passwordHash", "A hash is one of Argon2id or bcrypt.")
        }
      }
    }
  }

  /// Makes users of a workspace, all or, where the workspace has too few places left, none; nil for those whose name is
  /// taken. Throws `ChatError` invalidRequest, notFound (the workspace), limitReached.
  package func create(_ drafts: [Draft], in workspace: String) async throws -> [UUID?] {
    for draft in drafts { try draft.check() }
    let found = try await pool.query("SELECT id, max_users FROM workspaces WHERE name = $1", workspace)
    guard found.count == 1 else { throw ChatError(.notFound, "there is no workspace '\(workspace)'") }
    let (id, limit) = try found[0].decode((UUID, Int64?).self)
    let ids = drafts.map { _ in UUID.v7() }
    return try await pool.transaction { [actor] transaction in
      let rows = try await transaction.query(
        """
        INSERT INTO users (id, workspace_id, username, display_name, role, password_hash, disabled_at)
        SELECT d.id, $1, d.username, d.display_name, d.role, d.hash, CASE WHEN d.disabled THEN now() END
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[])
          AS d (id, username, display_name, role, hash, disabled)
        ON CONFLICT (workspace_id, lower(username)) DO NOTHING RETURNING id
        """, id, ids, drafts.map(\.username), drafts.map { $0.displayName ?? $0.username }, drafts.map(\.role.rawValue),
        drafts.map { $0.passwordHash ?? Self.noPassword }, drafts.map(\.isDisabled))
      let made = Set(try rows.column(0, as: UUID.self))
      if limit != nil, !made.isEmpty { try await WorkspaceQuota.requireRoom(for: made.count, in: id, transaction) }
      for (draft, user) in zip(drafts, ids) where made.contains(user) {
        try await actor.record(.userCreated, of: user, in: id, transaction) { $0.field("role", draft.role.rawValue) }
      }
      return ids.map { made.contains($0) ? $0 : nil }
    }
  }

  /// Throws `ChatError` invalidRequest, conflict (the name is taken), notFound (the workspace).
  package func create(_ draft: Draft, in workspace: String) async throws -> UserRecord {
    guard let id = try await create([draft], in: workspace)[0] else {
      throw ChatError(.conflict, "the name \(draft.username) is taken in workspace '\(workspace)'")
    }
    return try await UserDirectory(pool: pool).find(id.description, in: workspace)
  }
}
