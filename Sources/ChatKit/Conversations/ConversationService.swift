import Networking
package import Postgres
package import Primitives

/// Making conversations and saying who is in them. One a loop.
///
/// Whoever changes the participants locks the conversation's row, as sending does: so a message is either committed
/// before somebody was removed, or refused.
package final class ConversationService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Participants named in one request.
    package var participants = 1000
    package var title = 200
    /// Conversations on a page.
    package var page = 100

    package init() {}
  }

  private let pool: PostgresPool
  private let publisher: OutboxPublisher
  package let limits: Limits
  private let encoding: EventEncoding

  package init(
    pool: PostgresPool, publisher: OutboxPublisher, encoding: EventEncoding = .json, limits: Limits = Limits()
  ) {
    self.encoding = encoding
    self.pool = pool
    self.publisher = publisher
    self.limits = limits
  }

  // MARK: Making

  /// A conversation that `creator` is the admin of, with `members` in it.
  ///
  /// A direct conversation has exactly one other member and is one per pair: the second to ask gets the first's, and
  /// `isNew` is false. Throws `ChatError` invalidRequest (unknown users, wrong number, title).
  package func create(
    _ type: ConversationType, title: String?, members: [UUID], by creator: User
  ) async throws -> (conversation: Conversation, isNew: Bool) {
    if let title {
      guard (1...limits.title).contains(title.unicodeScalars.count), !title.utf8.contains(0) else {
        throw ChatError.invalid("title", "A title has 1 to \(limits.title) characters.")
      }
    }
    let others = Set(members).subtracting([creator.id])
    guard others.count <= limits.participants else {
      throw ChatError.invalid("participants", "At most \(limits.participants) participants can be named at once.")
    }
    switch type {
    case .direct:
      guard others.count == 1, let other = others.first else {
        throw ChatError.invalid("participants", "A direct conversation names exactly one other user.")
      }
      guard title == nil else { throw ChatError.invalid("title", "A direct conversation has no title.") }
      return try await direct(creator, other)
    case .group:
      guard title != nil else { throw ChatError.invalid("title", "A group needs a title.") }
    case .channel:
      throw ChatError.invalid("type", "The type is one of: direct, group.")
    }
    return try await pool.transaction { [self] transaction in
      try await requireUsers(others, of: creator.workspaceId, transaction)
      let id = UUID.v7()
      let rows = try await transaction.query(
        """
        INSERT INTO conversations (id, workspace_id, type, title, created_by) VALUES ($1, $2, $3, $4, $5)
        RETURNING created_at
        """, id, creator.workspaceId, type.rawValue, title, creator.id)
      try await insert([creator.id], .admin, id, transaction)
      try await insert(Array(others), .member, id, transaction)
      let created = try rows[0].decode(Timestamp.self)
      let conversation = Conversation(
        id: id, type: type, title: title, createdBy: creator.id, lastSeq: 0, createdAt: created, role: .admin)
      return (conversation, true)
    }
  }

  private func direct(_ creator: User, _ other: UUID) async throws -> (conversation: Conversation, isNew: Bool) {
    let low = min(creator.id, other)
    let high = max(creator.id, other)
    let (id, isNew) = try await pool.transaction { [self] transaction -> (UUID, Bool) in
      try await requireUsers([other], of: creator.workspaceId, transaction)
      let id = UUID.v7()
      // Two who start at once: the second waits for the first's commit here, and finds it below.
      let made = try await transaction.query(
        """
        INSERT INTO conversations (id, workspace_id, type, created_by, direct_low, direct_high)
        VALUES ($1, $2, 'direct', $3, $4, $5)
        ON CONFLICT (workspace_id, direct_low, direct_high) WHERE type = 'direct' DO NOTHING RETURNING id
        """, id, creator.workspaceId, creator.id, low, high)
      if made.count == 1 {
        try await insert([low, high], .member, id, transaction)
        return (id, true)
      }
      let existing = try await transaction.query(
        """
        SELECT id FROM conversations
        WHERE workspace_id = $1 AND direct_low = $2 AND direct_high = $3 AND type = 'direct'
        """, creator.workspaceId, low, high)
      return (try existing[0].decode(UUID.self), false)
    }
    return (try await conversation(id, for: creator.id), isNew)
  }

  private func requireUsers(
    _ users: Set<UUID>, of workspace: UUID, _ transaction: PostgresTransaction
  ) async throws {
    guard !users.isEmpty else { return }
    let rows = try await transaction.query(
      "SELECT id FROM users WHERE workspace_id = $1 AND id = ANY ($2) AND disabled_at IS NULL", workspace,
      Array(users))
    guard rows.count == users.count else {
      let known = Set(try rows.column(0, as: UUID.self))
      let unknown = users.subtracting(known).map(\.description).sorted().prefix(3).joined(separator: ", ")
      throw ChatError.invalid("participants", "There is no such user: \(unknown).")
    }
  }

  private func insert(
    _ users: [UUID], _ role: ParticipantRole, _ conversation: UUID, _ transaction: PostgresTransaction
  ) async throws {
    guard !users.isEmpty else { return }
    _ = try await transaction.query(
      "INSERT INTO participants (conversation_id, user_id, role) SELECT $1, unnest($2::uuid[]), $3", conversation,
      users, role.rawValue)
  }

  // MARK: Reading

  /// Throws `ChatError` notFound when `user` is not a participant: what is not yours does not exist.
  package func conversation(_ id: UUID, for user: UUID) async throws -> Conversation {
    let rows = try await pool.query(
      """
      SELECT c.id, c.type, c.title, c.created_by, c.last_seq, c.last_message_at, c.created_at, p.role
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.conversation_id = $1 AND p.user_id = $2
      """, id, user)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    return try Self.conversation(rows, 0)
  }

  /// The user's conversations by identifier (that is, by age), newest first, before `before`.
  package func conversations(of user: UUID, before: UUID?, limit: Int) async throws -> [Conversation] {
    let rows = try await pool.query(
      """
      SELECT c.id, c.type, c.title, c.created_by, c.last_seq, c.last_message_at, c.created_at, p.role
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.user_id = $1 AND ($2::uuid IS NULL OR p.conversation_id < $2)
      ORDER BY p.conversation_id DESC LIMIT $3
      """, user, before, Int64(min(max(1, limit), limits.page)))
    return try (0..<rows.count).map { try Self.conversation(rows, $0) }
  }

  private static func conversation(_ rows: PostgresRows, _ index: Int) throws -> Conversation {
    let (id, type, title, creator, last, lastAt, created, role) = try rows[index].decode(
      (UUID, String, String?, UUID, Int64, Timestamp?, Timestamp, String).self)
    return Conversation(
      id: id, type: ConversationType(rawValue: type) ?? .group, title: title, createdBy: creator, lastSeq: last,
      lastMessageAt: lastAt, createdAt: created, role: ParticipantRole(rawValue: role) ?? .member)
  }

  /// The participants in the order of their identifiers, after `after`.
  package func participants(of conversation: UUID, after: UUID? = nil, limit: Int = 1000) async throws -> [Participant]
  {
    let rows = try await pool.query(
      """
      SELECT u.id, u.username, u.display_name, p.role, p.joined_at
      FROM participants p JOIN users u ON u.id = p.user_id
      WHERE p.conversation_id = $1 AND ($2::uuid IS NULL OR p.user_id > $2) ORDER BY p.user_id LIMIT $3
      """, conversation, after, Int64(min(max(1, limit), limits.participants)))
    return try (0..<rows.count).map { index in
      let (id, username, displayName, role, joined) = try rows[index].decode(
        (UUID, String, String, String, Timestamp).self)
      return Participant(
        userId: id, username: username, displayName: displayName, role: ParticipantRole(rawValue: role) ?? .member,
        joinedAt: joined)
    }
  }

  // MARK: Who is in it

  /// Adds users to a group; those who are in it already are no error. Answers how many are new.
  /// Throws `ChatError` notFound, forbidden (not an admin, or a direct conversation), invalidRequest (unknown user).
  package func add(_ users: [UUID], to conversation: UUID, by actor: User) async throws -> Int {
    let users = Set(users)
    guard (1...limits.participants).contains(users.count) else {
      throw ChatError.invalid("participants", "Name 1 to \(limits.participants) users.")
    }
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let (type, role) = try await lock(conversation, as: actor.id, transaction)
      guard type != .direct else {
        throw ChatError(.forbidden, "A direct conversation is between two; start a group instead.")
      }
      guard role == .admin else { throw ChatError(.forbidden, "Only an admin of the conversation may add people.") }
      try await requireUsers(users, of: actor.workspaceId, transaction)
      let rows = try await transaction.query(
        """
        INSERT INTO participants (conversation_id, user_id) SELECT $1, unnest($2::uuid[])
        ON CONFLICT DO NOTHING RETURNING user_id
        """, conversation, Array(users))
      let added = try rows.column(0, as: UUID.self)
      return try await record(
        added.map { ParticipantChange(conversation: conversation, user: $0, actor: actor.id, change: .joined) },
        epoch: nil, transaction)
    }
    publisher.publish(events)
    return events.count
  }

  /// Removes a user, or lets a user leave (`user` is the actor). No message that is committed after it is delivered to
  /// them: the conversation's epoch rises with it, and messages bear the epoch.
  /// Answers that epoch. Throws `ChatError` notFound, forbidden.
  package func remove(_ user: UUID, from conversation: UUID, by actor: User) async throws -> Int64 {
    let (events, epoch) = try await pool.transaction { [self] transaction -> ([BusEvent], Int64) in
      let (type, role) = try await lock(conversation, as: actor.id, transaction)
      guard type != .direct else { throw ChatError(.forbidden, "Nobody can be removed from a direct conversation.") }
      guard role == .admin || user == actor.id else {
        throw ChatError(.forbidden, "Only an admin of the conversation may remove others.")
      }
      let gone = try await transaction.query(
        "DELETE FROM participants WHERE conversation_id = $1 AND user_id = $2 RETURNING user_id", conversation, user)
      guard gone.count == 1 else { throw ChatError(.notFound, "That user is not a participant.") }
      // A group is never without an admin while somebody is in it: the one who has been in it longest follows.
      _ = try await transaction.query(
        """
        UPDATE participants SET role = 'admin' WHERE conversation_id = $1 AND user_id = (
          SELECT user_id FROM participants WHERE conversation_id = $1 ORDER BY joined_at, user_id LIMIT 1)
        AND NOT EXISTS (SELECT FROM participants WHERE conversation_id = $1 AND role = 'admin')
        """, conversation)
      let epochs = try await transaction.query(
        "UPDATE conversations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", conversation)
      let epoch = try epochs[0].decode(Int64.self)
      let events = try await record(
        [ParticipantChange(conversation: conversation, user: user, actor: actor.id, change: .left)], epoch: epoch,
        transaction)
      return (events, epoch)
    }
    publisher.publish(events)
    return epoch
  }

  private func lock(
    _ conversation: UUID, as user: UUID, _ transaction: PostgresTransaction
  ) async throws -> (ConversationType, ParticipantRole) {
    let rows = try await transaction.query(
      "SELECT type FROM conversations WHERE id = $1 FOR NO KEY UPDATE", conversation)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    // Asked after the lock is held: whoever waited for it must see what its former holder did.
    let roles = try await transaction.query(
      "SELECT role FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user)
    guard roles.count == 1 else { throw ChatError.noSuchConversation }
    return (
      ConversationType(rawValue: try rows[0].decode(String.self)) ?? .group,
      ParticipantRole(rawValue: try roles[0].decode(String.self)) ?? .member
    )
  }

  private func record(
    _ changes: [ParticipantChange], epoch: Int64?, _ transaction: PostgresTransaction
  ) async throws -> [BusEvent] {
    guard !changes.isEmpty else { return [] }
    let now = Timestamp.now()
    let events = changes.map { change in
      Event(kind: .participantChanged, at: now, conversationId: change.conversation, epoch: epoch, data: change.json)
    }
    _ = try await transaction.query(
      """
      INSERT INTO outbox (id, type, conversation_id, payload, created_at)
      SELECT id, $2, conversation_id, payload, $5 FROM unnest($1::uuid[], $3::uuid[], $4::text[])
        AS e (id, conversation_id, payload)
      """, events.map(\.id), Event.Kind.participantChanged.rawValue, events.map(\.conversationId),
      events.map { String(decoding: $0.data, as: UTF8.self) }, now)
    return events.map { $0.busEvent(as: encoding) }
  }
}
