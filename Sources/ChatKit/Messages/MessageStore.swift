package import Postgres
package import Primitives

/// Reads messages. Stateless; the pool belongs to the loop it is used on.
package struct MessageStore: Sendable {
  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  /// Messages with `seq` in the range, oldest first, at most `limit`.
  package func messages(of conversation: UUID, after: Int64, through: Int64, limit: Int) async throws -> [Message] {
    let rows = try await pool.query(
      """
      SELECT id, conversation_id, seq, sender_id, type, body, reply_to, created_at, edited_at, deleted_at FROM messages
      WHERE conversation_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4
      """, conversation, after, through, Int64(limit))
    return try Self.messages(rows)
  }

  /// The newest messages before `seq`, oldest first, at most `limit`.
  package func messages(of conversation: UUID, before seq: Int64, limit: Int) async throws -> [Message] {
    let rows = try await pool.query(
      """
      SELECT id, conversation_id, seq, sender_id, type, body, reply_to, created_at, edited_at, deleted_at FROM messages
      WHERE conversation_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3
      """, conversation, seq, Int64(limit))
    return try Self.messages(rows).reversed()
  }

  /// How far a conversation is.
  package struct Position: Sendable {
    package var lastSeq: Int64
    package var epoch: Int64
  }

  /// How far `conversation` is; nil when `user` is not a participant.
  package func position(of user: UUID, in conversation: UUID) async throws -> Position? {
    let rows = try await pool.query(
      """
      SELECT c.last_seq, c.epoch FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.conversation_id = $1 AND p.user_id = $2
      """, conversation, user)
    guard rows.count == 1 else { return nil }
    let (lastSeq, epoch) = try rows[0].decode((Int64, Int64).self)
    return Position(lastSeq: lastSeq, epoch: epoch)
  }

  /// A conversation's epoch; nil when there is no such conversation.
  package func epoch(of conversation: UUID) async throws -> Int64? {
    let rows = try await pool.query("SELECT epoch FROM conversations WHERE id = $1", conversation)
    return rows.count == 0 ? nil : try rows[0].decode(Int64.self)
  }

  /// As `messages(of:after:through:limit:)`, for `user`: empty when the user is not a participant at the same moment.
  package func messages(
    of conversation: UUID, for user: UUID, after: Int64, through: Int64, limit: Int
  ) async throws -> [Message] {
    let rows = try await pool.query(
      """
      SELECT id, conversation_id, seq, sender_id, type, body, reply_to, created_at, edited_at, deleted_at FROM messages
      WHERE conversation_id = $1 AND seq > $2 AND seq <= $3
      AND EXISTS (SELECT FROM participants p WHERE p.conversation_id = $1 AND p.user_id = $5)
      ORDER BY seq LIMIT $4
      """, conversation, after, through, Int64(limit), user)
    return try Self.messages(rows)
  }

  /// The newest seq of each conversation that exists.
  package func lastSeqs(of conversations: [UUID]) async throws -> [UUID: Int64] {
    let rows = try await pool.query("SELECT id, last_seq FROM conversations WHERE id = ANY ($1)", conversations)
    var found: [UUID: Int64] = [:]
    found.reserveCapacity(rows.count)
    for index in 0..<rows.count {
      let (id, seq) = try rows[index].decode((UUID, Int64).self)
      found[id] = seq
    }
    return found
  }

  /// Those of the pairs (conversation, user) that are no participants (any more).
  package func strangers(_ pairs: [(conversation: UUID, user: UUID)]) async throws -> [(conversation: UUID, user: UUID)]
  {
    let rows = try await pool.query(
      """
      SELECT i.conversation_id, i.user_id FROM unnest($1::uuid[], $2::uuid[]) AS i (conversation_id, user_id)
      WHERE NOT EXISTS (SELECT FROM participants p
        WHERE p.conversation_id = i.conversation_id AND p.user_id = i.user_id)
      """, pairs.map(\.conversation), pairs.map(\.user))
    return try (0..<rows.count).map { index in
      let (conversation, user) = try rows[index].decode((UUID, UUID).self)
      return (conversation, user)
    }
  }

  static func messages(_ rows: PostgresRows) throws -> [Message] {
    try (0..<rows.count).map { index in
      let (id, conversation, seq, sender, type, body, replyTo, created, edited, deleted) = try rows[index].decode(
        (UUID, UUID, Int64, UUID, String, String?, UUID?, Timestamp, Timestamp?, Timestamp?).self)
      return Message(
        id: id, conversationId: conversation, seq: seq, senderId: sender, type: MessageType(rawValue: type) ?? .text,
        body: body ?? "", replyTo: replyTo, createdAt: created, editedAt: edited, deletedAt: deleted)
    }
  }
}
