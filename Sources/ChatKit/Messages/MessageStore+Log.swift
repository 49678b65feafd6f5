import Postgres
package import Primitives

/// A conversation's log: messages and their changes, merged by seq.
extension MessageStore {
  /// What an entry is, before the columns of its message.
  private static let entryColumns = "e.seq, e.kind, e.actor_id, e.emoji, e.total, e.at"

  /// Both halves are read along their primary keys, so a page costs what a page of messages costs.
  private static func log(_ condition: String) -> PostgresStatement {
    PostgresStatement(
      unchecked: """
        SELECT \(entryColumns), \(MessageColumns.list)
        FROM (
          (SELECT seq, NULL::text AS kind, sender_id AS actor_id, NULL::text AS emoji, NULL::bigint AS total,
            created_at AS at, seq AS message_seq
          FROM messages WHERE conversation_id = $1 AND seq > $2 AND seq <= $3\(condition) ORDER BY seq LIMIT $4)
          UNION ALL
          (SELECT seq, kind, actor_id, emoji, total, created_at, message_seq
          FROM message_changes WHERE conversation_id = $1 AND seq > $2 AND seq <= $3\(condition) ORDER BY seq LIMIT $4)
        ) e
        JOIN messages m ON m.conversation_id = $1 AND m.seq = e.message_seq LEFT JOIN users u ON u.id = m.sender_id
        ORDER BY e.seq LIMIT $4
        """)
  }

  private static let allEntries = log("")
  private static let entriesForUser = log(
    " AND EXISTS (SELECT FROM participants p WHERE p.conversation_id = $1 AND p.user_id = $5)")

  /// The entries with `seq` in the range, oldest first, at most `limit`.
  package func entries(of conversation: UUID, after: Int64, through: Int64, limit: Int) async throws -> [LogEntry] {
    try await opened(try await pool.query(Self.allEntries, conversation, after, through, Int64(limit)))
  }

  /// The same on any client, as within a transaction.
  static func entries(
    of conversation: UUID, after: Int64, through: Int64, limit: Int, _ client: some PostgresClient
  ) async throws -> [LogEntry] {
    try entries(try await client.query(allEntries, conversation, after, through, Int64(limit)))
  }

  /// The same for `user`: empty when the user is not a participant at the same moment.
  package func entries(
    of conversation: UUID, for user: UUID, after: Int64, through: Int64, limit: Int
  ) async throws -> [LogEntry] {
    try await opened(try await pool.query(Self.entriesForUser, conversation, after, through, Int64(limit), user))
  }

  private static let entriesAt = PostgresStatement(
    unchecked: """
      SELECT \(entryColumns), \(MessageColumns.list)
      FROM (
        SELECT w.conversation_id, w.seq, h.kind, h.actor_id, h.emoji, h.total, h.created_at AS at,
          coalesce(h.message_seq, w.seq) AS message_seq
        FROM unnest($1::uuid[], $2::bigint[]) AS w (conversation_id, seq)
        LEFT JOIN message_changes h ON h.conversation_id = w.conversation_id AND h.seq = w.seq
      ) e
      JOIN messages m ON m.conversation_id = e.conversation_id AND m.seq = e.message_seq
      LEFT JOIN users u ON u.id = m.sender_id
      """)

  /// The entries at these places, in any order; what is encrypted stays closed.
  static func entries(
    at places: [(conversation: UUID, seq: Int64)], _ client: some PostgresClient
  ) async throws -> [LogEntry] {
    try entries(try await client.query(entriesAt, places.map(\.conversation), places.map(\.seq)))
  }

  private func opened(_ rows: PostgresRows) async throws -> [LogEntry] {
    await Self.opened(try Self.entries(rows), by: vault)
  }

  /// The entries with the bodies of their messages, or with the reason why they have none.
  static func opened(_ entries: [LogEntry], by vault: MessageVault?) async -> [LogEntry] {
    guard entries.contains(where: \.message.isClosed) else { return entries }
    var entries = entries
    for index in entries.indices {
      entries[index].message = await MessageVault.opened(entries[index].message, by: vault)
    }
    return entries
  }

  private static func entries(_ rows: PostgresRows) throws -> [LogEntry] {
    try rows.map { row in
      let message = try MessageColumns.message(row, from: 6)
      let kind: String? = try row.get(1)
      guard let kind else { return LogEntry(message) }
      let emoji: String? = try row.get(3)
      let total: Int64? = try row.get(4)
      let change: LogEntry.Change =
        switch kind {
        case "updated": .updated
        case "deleted": .deleted
        default: .reaction(emoji: emoji ?? "", isAdded: kind == "reacted", total: total ?? 0)
        }
      return LogEntry(
        seq: try row.get(0), change: change, message: message, actorId: try row.get(2), at: try row.get(5))
    }
  }
}
