import Postgres
package import Primitives

extension ConversationService {
  /// The participants in the order of their identifiers, after `after`, with how far each has read.
  package func participants(of conversation: UUID, after: UUID? = nil, limit: Int = 1000) async throws -> [Participant]
  {
    let rows = try await pool.query(
      """
      SELECT u.id, u.username, u.display_name, p.role, p.joined_at, p.read_seq, greatest(p.delivered_seq, p.read_seq)
      FROM participants p JOIN users u ON u.id = p.user_id
      WHERE p.conversation_id = $1 AND ($2::uuid IS NULL OR p.user_id > $2) ORDER BY p.user_id LIMIT $3
      """, conversation, after, Int64(min(max(1, limit), limits.participants)))
    return try (0..<rows.count).map { index in
      let (id, username, displayName, role, joined, read, delivered) = try rows[index].decode(
        (UUID, String, String, String, Timestamp, Int64, Int64).self)
      return Participant(
        userId: id, username: username, displayName: displayName, role: ParticipantRole(rawValue: role) ?? .member,
        joinedAt: joined, readSeq: read, deliveredSeq: delivered)
    }
  }

  /// Adds users to a group or channel; those who are in it already are no error. Answers how many are new.
  /// Throws `ChatError` notFound, forbidden (not an admin, or a direct conversation), invalidRequest (unknown user),
  /// limitReached (of the workspace).
  package func add(_ users: [UUID], to conversation: UUID, by actor: User) async throws -> Int {
    let users = Set(users)
    guard (1...limits.participants).contains(users.count) else {
      throw ChatError.invalid("participants", "Name 1 to \(limits.participants) users.")
    }
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let held = try await lock(conversation, as: actor.id, transaction)
      guard held.type != .direct else {
        throw ChatError(.forbidden, "A direct conversation is between two; start a group instead.")
      }
      guard held.role == .admin else {
        throw ChatError(.forbidden, "Only an admin of the conversation may add people.")
      }
      try await requireUsers(users, of: actor.workspaceId, transaction)
      let rows = try await transaction.query(
        """
        INSERT INTO participants (conversation_id, user_id, read_seq, delivered_seq, joined_seq)
        SELECT $1, unnest($2::uuid[]), $3, $3, $3 ON CONFLICT DO NOTHING RETURNING user_id
        """, conversation, Array(users), held.lastSeq)
      if rows.count > 0 {
        try await WorkspaceQuota.requireParticipants(in: conversation, of: actor.workspaceId, transaction)
      }
      return try await record(joined: try rows.column(0, as: UUID.self), conversation, by: actor.id, transaction)
    }
    publisher.publish(events)
    return events.count
  }

  /// Removes a user, or lets a user leave (`user` is the actor). No message that is committed after it is delivered to
  /// them: the conversation's epoch rises with it, and messages bear the epoch.
  /// Answers that epoch. Throws `ChatError` notFound, forbidden.
  package func remove(_ user: UUID, from conversation: UUID, by actor: User) async throws -> Int64 {
    let (events, epoch) = try await pool.transaction { [self] transaction -> ([BusEvent], Int64) in
      let held = try await lock(conversation, as: actor.id, transaction)
      guard held.type != .direct else {
        throw ChatError(.forbidden, "Nobody leaves a direct conversation; archive it instead.")
      }
      guard held.role == .admin || user == actor.id else {
        throw ChatError(.forbidden, "Only an admin of the conversation may remove others.")
      }
      let gone = try await transaction.query(
        "DELETE FROM participants WHERE conversation_id = $1 AND user_id = $2 RETURNING user_id", conversation, user)
      guard gone.count == 1 else { throw ChatError(.notFound, "That user is not a participant.") }
      // A group is never without an admin while somebody is in it: the one who has been in it longest follows.
      let successors = try await transaction.query(
        """
        UPDATE participants SET role = 'admin' WHERE conversation_id = $1 AND user_id = (
          SELECT user_id FROM participants WHERE conversation_id = $1 ORDER BY joined_at, user_id LIMIT 1)
        AND NOT EXISTS (SELECT FROM participants WHERE conversation_id = $1 AND role = 'admin') RETURNING user_id
        """, conversation)
      let epochs = try await transaction.query(
        "UPDATE conversations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", conversation)
      let epoch = try epochs[0].decode(Int64.self)
      var left = ParticipantChange(conversation: conversation, user: user, actor: actor.id, change: .left).event
      left.epoch = epoch
      let promoted = try successors.column(0, as: UUID.self).map {
        ParticipantChange(conversation: conversation, user: $0, actor: actor.id, change: .updated, role: .admin).event
      }
      return (try await record([left] + promoted, transaction), epoch)
    }
    publisher.publish(events)
    return epoch
  }

  /// Promotes or demotes. That it is so already is no error.
  /// Throws `ChatError` notFound, forbidden (not an admin, a direct conversation), conflict (the last admin).
  package func set(_ role: ParticipantRole, of user: UUID, in conversation: UUID, by actor: User) async throws {
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let held = try await lock(conversation, as: actor.id, transaction)
      guard held.type != .direct else { throw ChatError(.forbidden, "A direct conversation has no admins.") }
      guard held.role == .admin else {
        throw ChatError(.forbidden, "Only an admin of the conversation may change roles.")
      }
      let rows = try await transaction.query(
        "SELECT role FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user)
      guard rows.count == 1 else { throw ChatError(.notFound, "That user is not a participant.") }
      guard try rows[0].get(0, as: String.self) != role.rawValue else { return [] }
      let changed = try await transaction.query(
        """
        UPDATE participants SET role = $3 WHERE conversation_id = $1 AND user_id = $2 AND ($3 = 'admin' OR EXISTS (
          SELECT FROM participants WHERE conversation_id = $1 AND role = 'admin' AND user_id <> $2))
        """, conversation, user, role.rawValue)
      guard changed.affected == 1 else {
        throw ChatError(.conflict, "This is the only admin; make somebody else an admin first.", field: "role")
      }
      let change = ParticipantChange(
        conversation: conversation, user: user, actor: actor.id, change: .updated, role: role)
      return try await record([change.event], transaction)
    }
    publisher.publish(events)
  }

  /// A conversation whose row is locked, and what its `user` is in it.
  struct Held {
    var type: ConversationType
    var role: ParticipantRole
    var lastSeq: Int64
    var isArchived: Bool
  }

  func lock(_ conversation: UUID, as user: UUID, _ transaction: PostgresTransaction) async throws -> Held {
    let rows = try await transaction.query(
      "SELECT type, last_seq, archived_at IS NOT NULL FROM conversations WHERE id = $1 FOR NO KEY UPDATE", conversation)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    // Asked after the lock is held: whoever waited for it must see what its former holder did.
    let roles = try await transaction.query(
      "SELECT role FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user)
    guard roles.count == 1 else { throw ChatError.noSuchConversation }
    let (type, lastSeq, isArchived) = try rows[0].decode((String, Int64, Bool).self)
    return Held(
      type: ConversationType(rawValue: type) ?? .group,
      role: ParticipantRole(rawValue: try roles[0].decode(String.self)) ?? .member, lastSeq: lastSeq,
      isArchived: isArchived)
  }
}
