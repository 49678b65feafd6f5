package import Postgres
package import Primitives

/// Reads messages, and the log that they and their changes are. Stateless; the pool belongs to the loop it is used on.
package struct MessageStore: Sendable {
  let pool: PostgresPool
  /// Opens what is encrypted; without one it is `unreadable`.
  let vault: MessageVault?

  package init(pool: PostgresPool, vault: MessageVault? = nil) {
    self.pool = pool
    self.vault = vault
  }

  private func opened(_ rows: PostgresRows) async throws -> [Message] {
    await MessageVault.opened(try MessageColumns.messages(rows), by: vault)
  }

  private func opened(_ row: PostgresRow) async throws -> Message {
    await MessageVault.opened(try MessageColumns.message(row), by: vault)
  }

  // MARK: Messages

  private static let messagesAfter = PostgresStatement(
    unchecked: """
      SELECT \(MessageColumns.list) FROM messages m LEFT JOIN users u ON u.id = m.sender_id
      WHERE m.conversation_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3
      """)

  /// The oldest messages after `seq`, oldest first, at most `limit`.
  package func messages(of conversation: UUID, after seq: Int64, limit: Int) async throws -> [Message] {
    try await opened(try await pool.query(Self.messagesAfter, conversation, seq, Int64(limit)))
  }

  private static let messagesBefore = PostgresStatement(
    unchecked: """
      SELECT \(MessageColumns.list) FROM messages m LEFT JOIN users u ON u.id = m.sender_id
      WHERE m.conversation_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3
      """)

  /// The newest messages before `seq`, oldest first, at most `limit`.
  package func messages(of conversation: UUID, before seq: Int64, limit: Int) async throws -> [Message] {
    try await opened(try await pool.query(Self.messagesBefore, conversation, seq, Int64(limit))).reversed()
  }

  private static let oneMessage = PostgresStatement(
    unchecked: """
      SELECT \(MessageColumns.list) FROM messages m LEFT JOIN users u ON u.id = m.sender_id
      WHERE m.id = $1 AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = m.conversation_id AND p.user_id = $2)
      """)

  /// A message by its identifier; nil where there is none, or `user` is not a participant of its conversation.
  package func message(_ id: UUID, for user: UUID) async throws -> Message? {
    guard let row = try await pool.query(Self.oneMessage, id, user).first else { return nil }
    return try await opened(row)
  }

  private static let messageAt = PostgresStatement(
    unchecked: """
      SELECT \(MessageColumns.list) FROM messages m LEFT JOIN users u ON u.id = m.sender_id
      WHERE m.conversation_id = $1 AND m.seq = $2
      """)

  func message(of conversation: UUID, at seq: Int64) async throws -> Message? {
    guard let row = try await pool.query(Self.messageAt, conversation, seq).first else { return nil }
    return try await opened(row)
  }

  /// The seq of the first message that is not older than `time`; one more than the newest one's where all are.
  package func firstSeq(of conversation: UUID, notBefore time: Timestamp) async throws -> Int64 {
    try await pool.query("SELECT message_seq_at($1, $2)", conversation, time)[0].get(0)
  }

  /// Those of the pairs (conversation, message) where the message is one of the conversation; for `user` only.
  func existing(
    _ pairs: [(conversation: UUID, message: UUID)], for user: UUID
  ) async throws -> [(conversation: UUID, message: UUID)] {
    let rows = try await pool.query(
      """
      SELECT i.conversation_id, i.message_id FROM unnest($1::uuid[], $2::uuid[]) AS i (conversation_id, message_id)
      WHERE EXISTS (SELECT FROM messages m WHERE m.id = i.message_id AND m.conversation_id = i.conversation_id)
      AND EXISTS (SELECT FROM participants p WHERE p.conversation_id = i.conversation_id AND p.user_id = $3)
      """, pairs.map(\.conversation), pairs.map(\.message), user)
    return try rows.map { (try $0.get(0), try $0.get(1)) }
  }

  /// Whether something was stored under an idempotency key.
  func isKnown(_ key: String, of user: UUID) async throws -> Bool {
    try await pool.query("SELECT FROM idempotency_keys WHERE user_id = $1 AND key = $2", user, key).count == 1
  }

  /// The reactions to the messages with seqs in the range, as `user` sees them, by message.
  package func reactions(
    of conversation: UUID, in range: ClosedRange<Int64>, for user: UUID
  ) async throws -> [Int64: [ReactionCount]] {
    let rows = try await pool.query(
      """
      SELECT t.message_seq, t.emoji, t.total, EXISTS (
        SELECT FROM reactions r WHERE r.conversation_id = $1 AND r.message_seq = t.message_seq AND r.emoji = t.emoji
        AND r.user_id = $4)
      FROM reaction_totals t WHERE t.conversation_id = $1 AND t.message_seq BETWEEN $2 AND $3
      ORDER BY t.message_seq, t.created_at, t.emoji
      """, conversation, range.lowerBound, range.upperBound, user)
    var found: [Int64: [ReactionCount]] = [:]
    for row in rows {
      let seq: Int64 = try row.get(0)
      found[seq, default: []].append(
        ReactionCount(emoji: try row.get(1), total: try row.get(2), isOwn: try row.get(3)))
    }
    return found
  }

  // MARK: Positions

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

  /// The seq of a conversation's last entry, and that of its newest message; nil when `user` is not a participant.
  func ends(
    of conversation: UUID, for user: UUID
  ) async throws -> (entry: Int64, message: Int64)? {
    let rows = try await pool.query(
      """
      SELECT c.last_seq,
        coalesce((SELECT m.seq FROM messages m WHERE m.conversation_id = $1 ORDER BY m.seq DESC LIMIT 1), 0)
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.conversation_id = $1 AND p.user_id = $2
      """, conversation, user)
    return try rows.first.map { (try $0.get(0), try $0.get(1)) }
  }

  /// A conversation's epoch; nil when there is no such conversation.
  package func epoch(of conversation: UUID) async throws -> Int64? {
    let rows = try await pool.query("SELECT epoch FROM conversations WHERE id = $1", conversation)
    return rows.count == 0 ? nil : try rows[0].decode(Int64.self)
  }

  /// The last seq of each conversation that exists.
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
}
