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

  /// Adds a user. False where the user is in it already. Throws `ChatError` forbidden (a direct conversation),
  /// invalidRequest.
  package func add(_ user: UUID, to room: RoomRecord) async throws -> Bool {
    try await change(room, .memberAdded, user) { lastSeq, transaction in
      try await RoomIntake.require([user], of: room.workspaceId, transaction)
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

  /// Says who may send to a group or channel, and how often; nil leaves a part as it is. False where it is so already.
  /// Throws `ChatError` invalidRequest.
  /// - Parameters:
  ///   - readOnly: only admins send.
  ///   - slowMode: seconds between two messages of one member, admins excepted; 0 for none.
  package func restrict(readOnly: Bool?, slowMode: Int32?, of room: RoomRecord) async throws -> Bool {
    if let slowMode { try RoomIntake.check(slowMode: slowMode) }
    return try await change(
      room, .roomRestricted,
      details: { json in
        if let readOnly { json.field("readOnly", readOnly) }
        if let slowMode { json.field("slowMode", Int64(slowMode)) }
      }
    ) { _, transaction in
      let settings = RoomMoves.Settings(isReadOnly: readOnly, slowMode: slowMode)
      let event = try await RoomMoves.settle(settings, of: room.id, by: OperatorIdentity.id, transaction)
      return event.map { [$0] } ?? []
    }
  }

  /// Does something with the conversation locked, and lays its events into the outbox. False where there are none.
  private func change(
    _ room: RoomRecord, _ action: AuditLog.Action, _ user: UUID? = nil,
    details: (inout JSONWriter) -> Void = { _ in },
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
        details(&json)
      }
      return true
    }
  }
}
