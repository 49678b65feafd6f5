import JSON
package import Postgres
package import Primitives

/// Makes groups and channels for an operator.
///
/// Events lie in the outbox when it returns; the relay of a living process publishes them within seconds.
package struct RoomIntake: Sendable {
  private let pool: PostgresPool
  private let actor: OperatorIdentity

  package init(pool: PostgresPool, by actor: OperatorIdentity) {
    self.pool = pool
    self.actor = actor
  }

  /// A room to be made.
  package struct Draft: Sendable {
    /// Nil for a new one.
    package var id: UUID?
    package var type: ConversationType
    package var title: String
    package var workspace: UUID
    /// The first admin.
    package var owner: UUID
    package var admins: Set<UUID> = []
    package var members: Set<UUID> = []
    package var isEncrypted = false
    package var isReadOnly = false
    /// Seconds between two messages of a member; 0 for none.
    package var slowMode: Int32 = 0
    package var isArchived = false

    package init(type: ConversationType, title: String, owner: UUID, workspace: UUID) {
      self.type = type
      self.title = title
      self.owner = owner
      self.workspace = workspace
    }
  }

  /// Makes a group or channel with all who are in it.
  /// Throws `ChatError` invalidRequest (the title, users of another workspace), conflict (the identifier is taken),
  /// keyUnavailable, limitReached.
  package func create(_ draft: Draft) async throws -> UUID {
    try Self.check(title: draft.title)
    try Self.check(slowMode: draft.slowMode)
    guard draft.type != .direct else {
      throw ChatError.invalid("type", "Two begin a direct conversation by themselves.")
    }
    let others = draft.members.union(draft.admins).subtracting([draft.owner])
    return try await pool.transaction { [actor] transaction in
      let id = draft.id ?? UUID.v7()
      try await Self.require(others.union([draft.owner]), of: draft.workspace, transaction)
      let settings = RoomMoves.Settings(
        isArchived: draft.isArchived, isReadOnly: draft.isReadOnly, slowMode: draft.slowMode)
      try await RoomMoves.make(
        RoomMoves.Draft(
          id: id, workspace: draft.workspace, type: draft.type, title: draft.title, creator: draft.owner,
          isEncrypted: draft.isEncrypted, settings: settings), transaction)
      _ = try await transaction.query(
        "INSERT INTO participants (conversation_id, user_id, role) VALUES ($1, $2, 'admin')", id, draft.owner)
      let events = try await ParticipantMoves.add(Array(others), to: id, at: 0, by: draft.owner, transaction)
      if !draft.admins.isEmpty {
        // Whoever hears that they have joined asks for the room, and with it for their role.
        _ = try await transaction.query(
          "UPDATE participants SET role = 'admin' WHERE conversation_id = $1 AND user_id = ANY ($2)", id,
          Array(draft.admins))
      }
      try await WorkspaceQuota.requireParticipants(in: id, of: draft.workspace, transaction)
      try await Outbox.lay(events, transaction)
      try await actor.record(.roomCreated, of: id, in: draft.workspace, transaction) {
        $0.field("owner", draft.owner)
        $0.field("type", draft.type.rawValue)
      }
      return id
    }
  }

  static func check(title: String) throws {
    guard (1...ConversationService.Limits().title).contains(title.unicodeScalars.count), !title.utf8.contains(0) else {
      throw ChatError.invalid("title", "A title has 1 to \(ConversationService.Limits().title) characters.")
    }
  }

  static func check(slowMode: Int32) throws {
    let most = ConversationService.Limits().slowMode
    guard (0...most).contains(slowMode) else {
      throw ChatError.invalid("slowMode", "slowMode is 0 to \(most) seconds.")
    }
  }

  static func require(_ users: Set<UUID>, of workspace: UUID, _ transaction: PostgresTransaction) async throws {
    let rows = try await transaction.query(
      "SELECT id FROM users WHERE workspace_id = $1 AND id = ANY ($2) AND disabled_at IS NULL", workspace, Array(users))
    let unknown = users.subtracting(try rows.column(0, as: UUID.self))
    guard let first = unknown.min() else { return }
    throw ChatError.invalid("member", "user \(first) is disabled, or of another workspace than the room")
  }
}
