import JSON
package import Postgres
package import Primitives

/// Changes conversations for an operator: what their admins may do, without being one. On one loop.
///
/// Events lie in the outbox when it returns; the relay of a living process publishes them within seconds. A removal is told
/// to gateways at once, so that nothing more is delivered to who was removed.
package struct RoomAdministration: Sendable {
  private let pool: PostgresPool
  private let rooms: RoomEmitter
  private let actor: OperatorIdentity

  package init(pool: PostgresPool, rooms: RoomEmitter, by actor: OperatorIdentity) {
    self.actor = actor
    self.pool = pool
    self.rooms = rooms
  }

  /// Makes a group or channel with its first admin in it.
  /// Throws `ChatError` invalidRequest (the title, users of another workspace), keyUnavailable,
  /// limitReached.
  package func create(
    _ type: ConversationType, title: String, owner: User, members: [UUID], encrypted: Bool
  ) async throws -> UUID {
    try Self.check(title: title)
    guard type != .direct else { throw ChatError.invalid("type", "Two begin a direct conversation by themselves.") }
    let others = Set(members).subtracting([owner.id])
    return try await pool.transaction { [actor] transaction in
      let draft = RoomMoves.Draft(
        workspace: owner.workspaceId, type: type, title: title, creator: owner.id, isEncrypted: encrypted)
      let id = draft.id
      try await RoomMoves.make(draft, transaction)
      try await Self.require(others, of: owner.workspaceId, transaction)
      _ = try await transaction.query(
        "INSERT INTO participants (conversation_id, user_id, role) VALUES ($1, $2, 'admin')", id, owner.id)
      let events = try await ParticipantMoves.add(Array(others), to: id, at: 0, by: owner.id, transaction)
      try await WorkspaceQuota.requireParticipants(in: id, of: owner.workspaceId, transaction)
      try await Outbox.lay(events, transaction)
      try await actor.record(.roomCreated, of: id, in: owner.workspaceId, transaction) {
        $0.field("owner", owner.id)
        $0.field("type", type.rawValue)
      }
      return id
    }
  }

  private static func check(title: String) throws {
    guard (1...ConversationService.Limits().title).contains(title.unicodeScalars.count), !title.utf8.contains(0) else {
      throw ChatError.invalid("title", "A title has 1 to \(ConversationService.Limits().title) characters.")
    }
  }

  private static func require(
    _ users: Set<UUID>, of workspace: UUID, _ transaction: PostgresTransaction
  ) async throws {
    let rows = try await transaction.query(
      "SELECT id FROM users WHERE workspace_id = $1 AND id = ANY ($2) AND disabled_at IS NULL", workspace, Array(users))
    let unknown = users.subtracting(try rows.column(0, as: UUID.self))
    guard let first = unknown.min() else { return }
    throw ChatError.invalid("member", "user \(first) is disabled, or of another workspace than the room")
  }

  /// Adds a user. False where the user is in it already. Throws `ChatError` forbidden (a direct conversation),
  /// invalidRequest.
  package func add(_ user: UUID, to room: RoomRecord) async throws -> Bool {
    try await change(room, .memberAdded, user) { lastSeq, transaction in
      try await Self.require([user], of: room.workspaceId, transaction)
      let events = try await ParticipantMoves.add(
        [user], to: room.id, at: lastSeq, by: OperatorIdentity.id, transaction)
      try await WorkspaceQuota.requireParticipants(in: room.id, of: room.workspaceId, transaction)
      return events
    }
  }

  /// Removes a user; nothing that is committed later is delivered to them. False where the user is not in it.
  package func remove(_ user: UUID, from room: RoomRecord) async throws -> Bool {
    var epoch: Int64?
    let isChanged = try await change(room, .memberRemoved, user) { _, transaction in
      guard let removal = try await ParticipantMoves.remove(user, from: room.id, by: OperatorIdentity.id, transaction)
      else {
        return []
      }
      epoch = removal.epoch
      return removal.events
    }
    if let epoch { await rooms.notice(epoch, in: room.id) }
    return isChanged
  }

  /// Promotes or demotes. False where it is so already. Throws `ChatError` notFound (not in it), conflict (the last admin).
  package func set(_ role: ParticipantRole, of user: UUID, in room: RoomRecord) async throws -> Bool {
    try await change(room, .memberRoleSet, user) { _, transaction in
      guard
        let events = try await ParticipantMoves.set(role, of: user, in: room.id, by: OperatorIdentity.id, transaction)
      else { throw ChatError(.notFound, "that user is not in the room") }
      return events
    }
  }

  /// Archives a group or channel for all, or takes it back. False where it is so already.
  package func set(archived: Bool, of room: RoomRecord) async throws -> Bool {
    try await change(room, archived ? .roomArchived : .roomUnarchived) { _, transaction in
      let settings = RoomMoves.Settings(isArchived: archived)
      let event = try await RoomMoves.settle(settings, of: room.id, by: OperatorIdentity.id, transaction)
      return event.map { [$0] } ?? []
    }
  }

  /// Does something with the conversation locked, and lays its events into the outbox. False where there are none.
  private func change(
    _ room: RoomRecord, _ action: AuditLog.Action, _ user: UUID? = nil,
    _ body: (_ lastSeq: Int64, PostgresTransaction) async throws -> [Event]
  ) async throws -> Bool {
    guard room.type != .direct else {
      throw ChatError(.forbidden, "\(room.id) is a direct conversation: it is between two, and has no admins")
    }
    return try await pool.transaction { [actor] transaction in
      let rows = try await transaction.query(
        "SELECT last_seq FROM conversations WHERE id = $1 FOR NO KEY UPDATE", room.id)
      guard rows.count == 1 else { throw ChatError(.notFound, "there is no room \(room.id) any more") }
      let events = try await body(try rows[0].decode(Int64.self), transaction)
      guard !events.isEmpty else { return false }
      try await Outbox.lay(events, transaction)
      try await actor.record(action, of: room.id, in: room.workspaceId, transaction) { json in
        if let user { json.field("userId", user) }
      }
      return true
    }
  }
}
