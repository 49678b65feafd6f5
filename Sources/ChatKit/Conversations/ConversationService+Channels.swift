import Postgres
package import Primitives

extension ConversationService {
  private static let columns = """
    SELECT c.id, c.title, c.created_by, c.created_at, c.last_message_at, p.user_id IS NOT NULL, n.count,
      lower(c.title)
    """
  private static let details = """
    LEFT JOIN LATERAL (
      SELECT user_id FROM participants WHERE conversation_id = c.id AND user_id = $2 LIMIT 1) p ON true
    CROSS JOIN LATERAL (SELECT count(*) AS count FROM (
      SELECT FROM participants WHERE conversation_id = c.id LIMIT $3) m) n
    """
  private static let search = PostgresStatement(
    unchecked: """
      \(columns) FROM (
        SELECT * FROM conversations
        WHERE workspace_id = $1 AND type = 'channel' AND archived_at IS NULL
          AND ($4 = '' OR position(lower($4) IN lower(title)) > 0)
          AND (lower(title) COLLATE "C", id) > ($5, $6)
        ORDER BY lower(title) COLLATE "C", id LIMIT $7
      ) c \(details)
      ORDER BY lower(c.title) COLLATE "C", c.id
      """)
  private static let single = PostgresStatement(
    unchecked: """
      \(columns) FROM conversations c \(details)
      WHERE c.workspace_id = $1 AND c.type = 'channel' AND c.archived_at IS NULL AND c.id = $4
      """)

  /// The workspace's channels whose title contains `text` (empty: all), in the order of their titles, and where the next
  /// page begins. Archived ones are left out. Throws `ChatError` invalidRequest.
  package func channels(
    matching text: String, in workspace: UUID, for user: UUID, after cursor: ChannelCursor?, limit: Int
  ) async throws -> (channels: [ChannelSummary], next: ChannelCursor?) {
    guard text.unicodeScalars.count <= 64, !text.utf8.contains(0) else {
      throw ChatError.invalid("q", "q has at most 64 characters.")
    }
    let limit = min(max(1, limit), limits.page)
    let rows = try await pool.query(
      Self.search, workspace, user, Int64(limits.memberCount), text, cursor?.title ?? "",
      cursor?.id ?? UUID(high: 0, low: 0), Int64(limit))
    let found = try (0..<rows.count).map { try Self.channel(rows[$0]) }
    guard found.count == limit, let last = found.last else { return (found, nil) }
    return (found, ChannelCursor(title: try rows[rows.count - 1].get(7, as: String.self), id: last.id))
  }

  /// A channel of the workspace as those see it who may join it. Throws `ChatError` notFound, also for an archived one.
  package func channel(_ id: UUID, in workspace: UUID, for user: UUID) async throws -> ChannelSummary {
    let rows = try await pool.query(Self.single, workspace, user, Int64(limits.memberCount), id)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    return try Self.channel(rows[0])
  }

  private static func channel(_ row: PostgresRow) throws -> ChannelSummary {
    ChannelSummary(
      id: try row.get(0, as: UUID.self), title: try row.get(1, as: String?.self) ?? "",
      createdBy: try row.get(2, as: UUID.self), createdAt: try row.get(3, as: Timestamp.self),
      lastMessageAt: try row.get(4, as: Timestamp?.self), isJoined: try row.get(5, as: Bool.self),
      memberCount: try row.get(6, as: Int64.self))
  }

  /// Takes part in a channel of the user's workspace. Who is in it already is no error; who comes into an empty one is its
  /// admin. Throws `ChatError` notFound (also for a group of others), conversationArchived or
  /// limitReached.
  package func join(_ conversation: UUID, by user: User) async throws {
    let events = try await pool.transaction { [self] transaction -> [BusEvent] in
      let rows = try await transaction.query(
        """
        SELECT type, last_seq, archived_at IS NOT NULL FROM conversations
        WHERE id = $1 AND workspace_id = $2 FOR NO KEY UPDATE
        """, conversation, user.workspaceId)
      guard rows.count == 1 else { throw ChatError.noSuchConversation }
      let (type, lastSeq, isArchived) = try rows[0].decode((String, Int64, Bool).self)
      let known = try await transaction.query(
        "SELECT FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user.id)
      if known.count == 1 { return [] }
      guard type == ConversationType.channel.rawValue else { throw ChatError.noSuchConversation }
      guard !isArchived else { throw ChatError.archived }
      _ = try await transaction.query(
        """
        INSERT INTO participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_seq)
        SELECT $1, $2, CASE WHEN EXISTS (SELECT FROM participants WHERE conversation_id = $1) THEN 'member'
          ELSE 'admin' END, $3, $3, $3
        """, conversation, user.id, lastSeq)
      try await WorkspaceQuota.requireParticipants(in: conversation, of: user.workspaceId, transaction)
      return try await record(joined: [user.id], conversation, by: user.id, transaction)
    }
    publisher.publish(events)
  }
}
