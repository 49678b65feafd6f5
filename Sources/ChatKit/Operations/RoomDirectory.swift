package import Postgres
package import Primitives

/// A conversation as an operator sees one.
package struct RoomRecord: Sendable {
  package var id: UUID
  package var type: ConversationType
  package var title: String?
  package var workspace: String
  package var workspaceId: UUID
  package var createdBy: UUID
  /// Nil where there is no such user any more.
  package var creator: String?
  package var createdAt: Timestamp
  package var lastMessageAt: Timestamp?
  package var messages: Int64
  package var members: Int64
  package var archivedAt: Timestamp?
  package var isEncrypted: Bool
  /// Only admins send.
  package var isReadOnly: Bool
  /// Seconds between two messages of one member; 0 for none.
  package var slowMode: Int32
}

/// Which conversations are listed; nil asks for nothing.
package struct RoomFilter: Sendable {
  package var workspace: String?
  package var type: ConversationType?
  package var isArchived: Bool?
  /// Of the title, in any case, anywhere in it.
  package var text: String?
  /// Who takes part.
  package var member: UUID?
  package var createdAfter: Timestamp?
  package var createdBefore: Timestamp?
  /// Without a message since then.
  package var quietSince: Timestamp?

  package init(workspace: String? = nil) { self.workspace = workspace }
}

/// A member of a conversation.
package struct RoomMember: Sendable {
  package var participant: Participant
  package var isDisabled: Bool
  package var mutedUntil: Timestamp?
}

/// Looks up conversations.
package struct RoomDirectory: Sendable {
  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  private static let columns = """
    c.id, c.type, c.title, w.name, c.workspace_id, c.created_by, u.username, c.created_at, c.last_message_at,
    c.message_count, m.count, c.archived_at, c.encrypted, c.read_only, c.slow_seconds
    FROM conversations c JOIN workspaces w ON w.id = c.workspace_id LEFT JOIN users u ON u.id = c.created_by
    CROSS JOIN LATERAL (SELECT count(*) AS count FROM participants p WHERE p.conversation_id = c.id) m
    """
  private static let listing = PostgresStatement(
    unchecked: """
      SELECT \(columns)
      WHERE ($1::uuid IS NULL OR c.id > $1) AND ($2::text IS NULL OR w.name = $2) AND ($3::text IS NULL OR c.type = $3)
        AND ($4::boolean IS NULL OR (c.archived_at IS NOT NULL) = $4)
        AND ($5::text IS NULL OR position(lower($5) IN lower(c.title)) > 0)
        AND ($6::uuid IS NULL OR EXISTS (
          SELECT FROM participants p WHERE p.conversation_id = c.id AND p.user_id = $6))
        AND ($7::timestamptz IS NULL OR c.created_at >= $7) AND ($8::timestamptz IS NULL OR c.created_at < $8)
        AND ($9::timestamptz IS NULL OR coalesce(c.last_message_at, c.created_at) < $9)
      ORDER BY c.id LIMIT $10
      """)
  private static let byIdentifier = PostgresStatement(unchecked: "SELECT \(columns) WHERE c.id = $1")
  private static let byTitle = PostgresStatement(
    unchecked: """
      SELECT \(columns) WHERE w.name = $1 AND c.type = 'channel' AND lower(c.title) = lower($2) ORDER BY c.id LIMIT 4
      """)

  private static func record(_ row: PostgresRow) throws -> RoomRecord {
    RoomRecord(
      id: try row.get(0, as: UUID.self),
      type: ConversationType(rawValue: try row.get(1, as: String.self)) ?? .group,
      title: try row.get(2, as: String?.self), workspace: try row.get(3, as: String.self),
      workspaceId: try row.get(4, as: UUID.self), createdBy: try row.get(5, as: UUID.self),
      creator: try row.get(6, as: String?.self), createdAt: try row.get(7, as: Timestamp.self),
      lastMessageAt: try row.get(8, as: Timestamp?.self), messages: try row.get(9, as: Int64.self),
      members: try row.get(10, as: Int64.self), archivedAt: try row.get(11, as: Timestamp?.self),
      isEncrypted: try row.get(12, as: Bool.self), isReadOnly: try row.get(13, as: Bool.self),
      slowMode: try row.get(14, as: Int32.self))
  }

  /// A page in the order of the identifiers, which is that of their making.
  /// - Parameter id: the last one of the page before.
  package func page(_ filter: RoomFilter, after id: UUID?, limit: Int) async throws -> [RoomRecord] {
    let rows = try await pool.query(
      Self.listing, id, filter.workspace, filter.type?.rawValue, filter.isArchived, filter.text, filter.member,
      filter.createdAfter, filter.createdBefore, filter.quietSince, Int64(limit))
    return try (0..<rows.count).map { try Self.record(rows[$0]) }
  }

  /// Throws `ChatError` notFound, or conflict where channels share the title.
  /// - Parameters:
  ///   - name: an identifier, or a channel's title, with or without a `#` before it.
  ///   - workspace: whose channels are meant.
  package func find(_ name: String, in workspace: String) async throws -> RoomRecord {
    if let id = UUID(name) {
      let rows = try await pool.query(Self.byIdentifier, id)
      guard rows.count == 1 else { throw ChatError(.notFound, "there is no room \(name)") }
      return try Self.record(rows[0])
    }
    let title = name.hasPrefix("#") ? String(name.dropFirst()) : name
    let rows = try await pool.query(Self.byTitle, workspace, title)
    guard rows.count > 0 else {
      throw ChatError(.notFound, "there is no channel '\(title)' in workspace '\(workspace)'")
    }
    guard rows.count == 1 else {
      let ids = try rows.column(0, as: UUID.self).map(\.description)
      throw ChatError(.conflict, "several channels are called '\(title)': name one by \(ids.joined(separator: ", "))")
    }
    return try Self.record(rows[0])
  }

  /// Titles of channels that begin with `prefix` in any case.
  package func titles(
    beginningWith prefix: String, in workspace: String, limit: Int
  ) async throws -> [(title: String, id: UUID)] {
    let rows = try await pool.query(
      """
      SELECT c.title, c.id FROM conversations c
      WHERE c.workspace_id = (SELECT id FROM workspaces WHERE name = $1) AND c.type = 'channel'
        AND c.archived_at IS NULL AND starts_with(lower(c.title), lower($2))
      ORDER BY lower(c.title) COLLATE "C", c.id LIMIT $3
      """, workspace, prefix, Int64(limit))
    return try (0..<rows.count).map { row in
      let (title, id) = try rows[row].decode((String, UUID).self)
      return (title, id)
    }
  }

  /// A page of members in the order of their identifiers.
  package func members(of room: UUID, after user: UUID?, limit: Int) async throws -> [RoomMember] {
    let rows = try await pool.query(
      """
      SELECT u.id, u.username, u.display_name, p.role, p.joined_at, p.read_seq, greatest(p.delivered_seq, p.read_seq),
        u.disabled_at IS NOT NULL, p.muted_until
      FROM participants p JOIN users u ON u.id = p.user_id
      WHERE p.conversation_id = $1 AND ($2::uuid IS NULL OR p.user_id > $2) ORDER BY p.user_id LIMIT $3
      """, room, user, Int64(limit))
    return try (0..<rows.count).map { index in
      let row = rows[index]
      return RoomMember(
        participant: Participant(
          userId: try row.get(0, as: UUID.self), username: try row.get(1, as: String.self),
          displayName: try row.get(2, as: String.self),
          role: ParticipantRole(rawValue: try row.get(3, as: String.self)) ?? .member,
          joinedAt: try row.get(4, as: Timestamp.self), readSeq: try row.get(5, as: Int64.self),
          deliveredSeq: try row.get(6, as: Int64.self)),
        isDisabled: try row.get(7, as: Bool.self), mutedUntil: try row.get(8, as: Timestamp?.self))
    }
  }
}
