import Postgres
package import Primitives

extension ConversationService {
  /// Changes a group or channel; nil leaves a part as it is. Answers it as it is then.
  /// Throws `ChatError` notFound, forbidden (not an admin, or a direct conversation) or invalidRequest.
  /// - Parameters:
  ///   - isReadOnly: only admins send.
  ///   - slowMode: seconds between two messages of one member, admins excepted; 0 for none.
  package func update(
    _ conversation: UUID, title: String?, isArchived: Bool?, isReadOnly: Bool? = nil, slowMode: Int32? = nil,
    by actor: User
  ) async throws -> InboxEntry {
    if let title { try check(title: title) }
    if let slowMode, !(0...limits.slowMode).contains(slowMode) {
      throw ChatError.invalid("slowMode", "slowMode is 0 to \(limits.slowMode) seconds.")
    }
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let held = try await lock(conversation, as: actor.id, transaction)
      guard held.type != .direct else {
        throw ChatError(.forbidden, "A direct conversation has no title and is archived by each for themselves.")
      }
      guard held.role == .admin else {
        throw ChatError(.forbidden, "Only an admin of the conversation may change it.")
      }
      let settings = RoomMoves.Settings(
        title: title, isArchived: isArchived, isReadOnly: isReadOnly, slowMode: slowMode)
      guard let event = try await RoomMoves.settle(settings, of: conversation, by: actor.id, transaction) else {
        return []
      }
      return try await record([event], transaction)
    }
    publisher.publish(events)
    return try await entry(conversation, for: actor.id)
  }

  /// Changes what a participant wants of a conversation for themselves. Answers it as it is then.
  /// Throws `ChatError` notFound or invalidRequest.
  package func set(
    _ settings: ParticipantSettings, of user: UUID, in conversation: UUID
  ) async throws -> InboxEntry {
    if case .until(let time) = settings.mute, time <= .now() {
      throw ChatError.invalid("mutedUntil", "mutedUntil must be in the future.")
    }
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let rows = try await transaction.query(
        """
        UPDATE participants p SET
          muted_until = CASE WHEN $3 THEN $4 ELSE p.muted_until END,
          archived_count = CASE WHEN $5::boolean IS NULL THEN p.archived_count WHEN $5 THEN c.message_count END
        FROM conversations c
        WHERE c.id = p.conversation_id AND p.conversation_id = $1 AND p.user_id = $2
        RETURNING p.muted_until, p.archived_count IS NOT NULL AND p.archived_count >= c.message_count
        """, conversation, user, settings.mute != nil, settings.mute?.end, settings.isArchived)
      guard rows.count == 1 else { throw ChatError.noSuchConversation }
      let (mutedUntil, isArchived) = try rows[0].decode((Timestamp?, Bool).self)
      let change = ConversationChange(
        conversation: conversation, actor: user, content: .personal(mute: Mute(end: mutedUntil), isArchived: isArchived)
      )
      return try await record([change.event], transaction)
    }
    publisher.publish(events)
    return try await entry(conversation, for: user)
  }
}
