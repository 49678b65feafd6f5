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
      let joined = try await ParticipantMoves.add(
        Array(users), to: conversation, at: held.lastSeq, by: actor.id, transaction)
      if !joined.isEmpty {
        try await WorkspaceQuota.requireParticipants(in: conversation, of: actor.workspaceId, transaction)
      }
      return try await record(joined, transaction)
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
      guard let removal = try await ParticipantMoves.remove(user, from: conversation, by: actor.id, transaction) else {
        throw ChatError(.notFound, "That user is not a participant.")
      }
      return (try await record(removal.events, transaction), removal.epoch)
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
      guard let changes = try await ParticipantMoves.set(role, of: user, in: conversation, by: actor.id, transaction)
      else { throw ChatError(.notFound, "That user is not a participant.") }
      return try await record(changes, transaction)
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
