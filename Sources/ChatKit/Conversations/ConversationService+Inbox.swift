import Postgres
package import Primitives

extension ConversationService {
  // One statement, whatever the number of members: the participant's own rows by their index, the page's conversations by
  // their key, and for each of them the newest message and the counts, which end at a limit. Nothing reads the others'.
  private static let columns = """
    SELECT c.id, c.type, c.title, c.created_by, c.last_seq, c.last_message_at, c.created_at, c.archived_at, c.role, c.encrypted,
      c.activity, c.read_seq, c.delivered_seq, c.muted_until, c.is_hidden, unread.count, mentioned.count,
      o.id, o.username, o.display_name, o.avatar_url, c.read_only, c.slow_seconds,
      \(MessageColumns.list)
    """
  private static let mine = """
    SELECT c.*, p.role, p.read_seq, greatest(p.delivered_seq, p.read_seq) AS delivered_seq, p.muted_until, p.user_id,
      coalesce(c.last_message_at, c.created_at) AS activity,
      p.archived_count IS NOT NULL AND p.archived_count >= c.message_count AS is_hidden
    FROM participants p JOIN conversations c ON c.id = p.conversation_id
    """
  private static let details = """
    LEFT JOIN LATERAL (
      SELECT id, username, display_name, avatar_url FROM users WHERE c.type = 'direct'
        AND id = CASE WHEN c.direct_low = c.user_id THEN c.direct_high ELSE c.direct_low END LIMIT 1) o ON true
    LEFT JOIN LATERAL (
      SELECT * FROM messages WHERE conversation_id = c.id ORDER BY seq DESC LIMIT 1) m ON true
    LEFT JOIN users u ON u.id = m.sender_id
    CROSS JOIN LATERAL (SELECT count(*) AS count FROM (
      SELECT FROM messages WHERE conversation_id = c.id AND seq > greatest(c.read_seq, c.last_seq - $2)
        AND sender_id <> c.user_id AND deleted_at IS NULL LIMIT $3) x) unread
    CROSS JOIN LATERAL (SELECT count(*) AS count FROM (
      SELECT FROM mentions WHERE user_id = c.user_id AND conversation_id = c.id AND seq > c.read_seq LIMIT $3) x) mentioned
    """

  static let inbox = PostgresStatement(
    unchecked: """
      \(columns)
      FROM (
        SELECT * FROM (\(mine) WHERE p.user_id = $1) c
        WHERE is_hidden = $4 AND ($5::timestamptz IS NULL OR (activity, id) < ($5, $6::uuid))
        ORDER BY activity DESC, id DESC LIMIT $7
      ) c
      \(details)
      ORDER BY c.activity DESC, c.id DESC
      """)
  private static let single = PostgresStatement(
    unchecked: "\(columns) FROM (\(mine) WHERE p.user_id = $1 AND p.conversation_id = $4) c \(details)")

  /// The user's conversations, the newest activity first, after `cursor`, and where the next page begins.
  /// - Parameter archived: those that the user has laid aside, instead of the others.
  package func inbox(
    of user: UUID, archived: Bool = false, after cursor: InboxCursor?, limit: Int
  ) async throws -> (entries: [InboxEntry], next: InboxCursor?) {
    let limit = min(max(1, limit), limits.page)
    let rows = try await pool.query(
      Self.inbox, user, Int64(limits.unreadDepth), Int64(limits.unread), archived, cursor?.activity, cursor?.id,
      Int64(limit))
    var entries = try (0..<rows.count).map { try Self.entry(rows[$0]) }
    for index in entries.indices { entries[index].lastMessage = await opened(entries[index].lastMessage) }
    guard entries.count == limit, let last = entries.last else { return (entries, nil) }
    return (entries, InboxCursor(activity: last.activity, id: last.conversation.id))
  }

  /// One of the user's conversations. Throws `ChatError` notFound: what is not yours does not exist.
  package func entry(_ conversation: UUID, for user: UUID) async throws -> InboxEntry {
    let rows = try await pool.query(
      Self.single, user, Int64(limits.unreadDepth), Int64(limits.unread), conversation)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    var entry = try Self.entry(rows[0])
    entry.lastMessage = await opened(entry.lastMessage)
    return entry
  }

  private func opened(_ message: Message?) async -> Message? {
    guard let message else { return nil }
    return await MessageVault.opened(message, by: vault)
  }

  /// Throws `ChatError` notFound when `user` is not a participant: what is not yours does not exist.
  package func conversation(_ id: UUID, for user: UUID) async throws -> Conversation {
    let rows = try await pool.query(
      """
      SELECT c.id, c.type, c.title, c.created_by, c.last_seq, c.last_message_at, c.created_at, c.archived_at, p.role,
        c.encrypted, c.read_only, c.slow_seconds
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.conversation_id = $1 AND p.user_id = $2
      """, id, user)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    return try Self.conversation(rows[0], settings: 10)
  }

  /// The first ten columns, and two that begin at `settings`.
  private static func conversation(_ row: PostgresRow, settings: Int) throws -> Conversation {
    Conversation(
      id: try row.get(0, as: UUID.self),
      type: ConversationType(rawValue: try row.get(1, as: String.self)) ?? .group,
      title: try row.get(2, as: String?.self), createdBy: try row.get(3, as: UUID.self),
      lastSeq: try row.get(4, as: Int64.self), lastMessageAt: try row.get(5, as: Timestamp?.self),
      createdAt: try row.get(6, as: Timestamp.self), archivedAt: try row.get(7, as: Timestamp?.self),
      isEncrypted: try row.get(9, as: Bool.self),
      role: ParticipantRole(rawValue: try row.get(8, as: String.self)) ?? .member,
      isReadOnly: try row.get(settings, as: Bool.self), slowMode: try row.get(settings + 1, as: Int32.self))
  }

  private static func entry(_ row: PostgresRow) throws -> InboxEntry {
    var peer: InboxEntry.Peer?
    if let id = try row.get(17, as: UUID?.self) {
      peer = InboxEntry.Peer(
        userId: id, username: try row.get(18, as: String.self), displayName: try row.get(19, as: String.self),
        avatarURL: try row.get(20, as: String?.self))
    }
    return InboxEntry(
      conversation: try conversation(row, settings: 21), activity: try row.get(10, as: Timestamp.self),
      lastMessage: try row.isNull(23) ? nil : try MessageColumns.message(row, from: 23),
      unread: try row.get(15, as: Int64.self),
      mentions: try row.get(16, as: Int64.self), readSeq: try row.get(11, as: Int64.self),
      deliveredSeq: try row.get(12, as: Int64.self), mute: Mute(end: try row.get(13, as: Timestamp?.self)),
      isArchived: try row.get(14, as: Bool.self), peer: peer)
  }
}
