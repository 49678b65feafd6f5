// Conversations: direct ones (one a pair), groups and channels, who is in them, and each one's inbox.
//
// `ConversationService` makes them (this file), lists them as an inbox (+Inbox), changes who is in them (+Participants),
// finds and joins channels (+Channels), and changes them or what one of the participants wants of them (+Settings).
//
// Invariants.
// - Whoever changes the participants or archives a conversation locks its row, as sending does: so a message is either
//   committed before somebody was removed, or refused.
// - A group or channel with somebody in it has an admin. The last admin cannot be demoted; when one leaves, who has been in
//   it longest follows; who joins an empty channel is its admin.
// - Every change is an event in the outbox, in the change's transaction.
// - Who comes into a conversation has its history, and none of it is unread.

import Networking
package import Postgres
package import Primitives

/// Making conversations and saying who is in them. One a loop.
package final class ConversationService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Participants named in one request.
    package var participants = 1000
    package var title = 200
    /// Conversations on a page.
    package var page = 100
    /// Unread messages and mentions are counted up to this.
    package var unread = 999
    /// How far back from a conversation's end they are counted.
    package var unreadDepth = 4096
    /// A channel's members are counted up to this.
    package var memberCount = 1000
    /// Seconds between two messages in slow mode.
    package var slowMode: Int32 = 21_600

    package init() {}
  }

  let pool: PostgresPool
  let publisher: OutboxPublisher
  package let limits: Limits
  let encoding: EventEncoding
  let vault: MessageVault?
  private let encryption: EncryptionOptions.Mode

  package init(
    pool: PostgresPool, publisher: OutboxPublisher, encoding: EventEncoding = .json, limits: Limits = Limits(),
    vault: MessageVault? = nil, encryption: EncryptionOptions.Mode = .off
  ) {
    self.vault = vault
    self.encryption = encryption
    self.encoding = encoding
    self.pool = pool
    self.publisher = publisher
    self.limits = limits
  }

  // MARK: Making

  /// A conversation that `creator` is the admin of, with `members` in it.
  ///
  /// A direct conversation has exactly one other member and is one per pair: the second to ask gets the first's, and
  /// `isNew` is false. Throws `ChatError` invalidRequest (unknown users, wrong number, title, encryption is off),
  /// keyUnavailable, limitReached (of the workspace), or blocked (a new direct one, where one of the two blocks the other).
  /// - Parameter encrypted: whether it is to be; it is in any case where the server encrypts all.
  package func create(
    _ type: ConversationType, title: String?, members: [UUID], encrypted: Bool = false, by creator: User
  ) async throws -> (conversation: Conversation, isNew: Bool) {
    if let title { try check(title: title) }
    let encrypted = try await decide(encrypted: encrypted, creator.workspaceId)
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
      return try await direct(creator, other, encrypted)
    case .group, .channel:
      guard title != nil else { throw ChatError.invalid("title", "A \(type.rawValue) needs a title.") }
    }
    let (conversation, events) = try await pool.transaction { [self] transaction in
      try await requireUsers(others, of: creator.workspaceId, transaction)
      try await WorkspaceQuota.requireConversation(creator.workspaceId, transaction)
      let id = UUID.v7()
      let rows = try await transaction.query(
        """
        INSERT INTO conversations (id, workspace_id, type, title, created_by, encrypted)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING created_at
        """, id, creator.workspaceId, type.rawValue, title, creator.id, encrypted)
      try await insert([creator.id], .admin, id, transaction)
      try await insert(Array(others), .member, id, transaction)
      try await WorkspaceQuota.requireParticipants(in: id, of: creator.workspaceId, transaction)
      let created = try rows[0].decode(Timestamp.self)
      let conversation = Conversation(
        id: id, type: type, title: title, createdBy: creator.id, lastSeq: 0, createdAt: created,
        isEncrypted: encrypted, role: .admin)
      return (conversation, try await record(joined: Array(others), id, by: creator.id, transaction))
    }
    publisher.publish(events)
    return (conversation, true)
  }

  /// As the workspace has it, else as the server has it.
  private func decide(encrypted: Bool, _ workspace: UUID) async throws -> Bool {
    let rows = try await pool.query("SELECT encryption FROM workspaces WHERE id = $1", workspace)
    let own = try rows.first?.decode(String?.self)
    switch own.flatMap({ $0 }).flatMap({ EncryptionOptions.Mode(rawValue: $0) }) ?? encryption {
    case .off:
      guard !encrypted else { throw ChatError.invalid("encrypted", "Conversations are not encrypted here.") }
      return false
    case .conversation:
      guard encrypted else { return false }
    case .all: break
    }
    // Better no conversation than one in which nothing can be said.
    guard vault?.keys.canSeal(for: workspace) == true else { throw Unreadable.keyUnavailable.error }
    return true
  }

  func check(title: String) throws {
    guard (1...limits.title).contains(title.unicodeScalars.count), !title.utf8.contains(0) else {
      throw ChatError.invalid("title", "A title has 1 to \(limits.title) characters.")
    }
  }

  private func direct(
    _ creator: User, _ other: UUID, _ encrypted: Bool
  ) async throws -> (conversation: Conversation, isNew: Bool) {
    let low = min(creator.id, other)
    let high = max(creator.id, other)
    let (id, isNew, events) = try await pool.transaction { [self] transaction -> (UUID, Bool, [BusEvent]) in
      try await requireUsers([other], of: creator.workspaceId, transaction)
      try await UserBlocks.lock(low, high, transaction)
      if let known = try await existing(low, high, creator.workspaceId, transaction) { return (known, false, []) }
      if try await UserBlocks.exists(between: low, and: high, transaction) { throw ChatError.blocked }
      try await WorkspaceQuota.requireConversation(creator.workspaceId, transaction)
      let id = UUID.v7()
      // The lock is for who runs this release: one before it may begin the same conversation at once.
      let made = try await transaction.query(
        """
        INSERT INTO conversations (id, workspace_id, type, created_by, direct_low, direct_high, encrypted)
        VALUES ($1, $2, 'direct', $3, $4, $5, $6)
        ON CONFLICT (workspace_id, direct_low, direct_high) WHERE type = 'direct' DO NOTHING RETURNING id
        """, id, creator.workspaceId, creator.id, low, high, encrypted)
      if made.count == 1 {
        try await insert([low, high], .member, id, transaction)
        return (id, true, try await record(joined: [other], id, by: creator.id, transaction))
      }
      guard let known = try await existing(low, high, creator.workspaceId, transaction) else {
        throw ChatError(.conflict, "The conversation was begun by somebody else at this moment; try again.")
      }
      return (known, false, [])
    }
    publisher.publish(events)
    return (try await conversation(id, for: creator.id), isNew)
  }

  private func existing(
    _ low: UUID, _ high: UUID, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> UUID? {
    let rows = try await transaction.query(
      """
      SELECT id FROM conversations
      WHERE workspace_id = $1 AND direct_low = $2 AND direct_high = $3 AND type = 'direct'
      """, workspace, low, high)
    return rows.count == 1 ? try rows[0].decode(UUID.self) : nil
  }

  func requireUsers(
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

  // MARK: Events

  func record(
    joined users: [UUID], _ conversation: UUID, by actor: UUID, _ transaction: PostgresTransaction
  ) async throws -> [BusEvent] {
    let changes = users.map { ParticipantChange(conversation: conversation, user: $0, actor: actor, change: .joined) }
    return try await record(changes.map(\.event), transaction)
  }

  /// Lays events into the outbox; to be published after the commit.
  func record(_ events: [Event], _ transaction: PostgresTransaction) async throws -> [BusEvent] {
    guard !events.isEmpty else { return [] }
    try await Outbox.lay(events, transaction)
    return events.map { $0.busEvent(as: encoding) }
  }
}
