import Networking
package import Postgres
package import Primitives

/// Moving one's cursors, and asking for those of the others. One a loop.
package final class ReceiptService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Conversations in one request.
    package var batch = 100
    /// Receipts on a page.
    package var page = 1000

    package init() {}
  }

  private let writer: CursorWriter
  private let pool: PostgresPool
  package let limits: Limits

  package init(writer: CursorWriter, pool: PostgresPool, limits: Limits = Limits()) {
    self.writer = writer
    self.pool = pool
    self.limits = limits
  }

  /// Moves cursors of one user; the answers are in the order of the moves. They are settled each by itself: where one
  /// fails the error is its answer. Throws `ChatError` invalidRequest, for none or too many.
  package func move(_ moves: [CursorMove]) async throws -> [Result<CursorPosition, any Error>] {
    guard (1...limits.batch).contains(moves.count) else {
      throw ChatError.invalid("cursors", "Name 1 to \(limits.batch) conversations.")
    }
    // They are in one batch of the writer's, for all ask in this tick.
    let tasks = moves.map { move in
      writer.loop.start { [writer] () -> Result<CursorPosition, any Error> in
        do {
          return .success(try await writer.move(move))
        } catch {
          return .failure(error)
        }
      }
    }
    var answers: [Result<CursorPosition, any Error>] = []
    for task in tasks { answers.append(await task.value) }
    return answers
  }

  /// Throws `ChatError` notFound, overloaded or unavailable.
  package func move(_ move: CursorMove) async throws -> CursorPosition { try await writer.move(move) }

  /// Whose receipts a message has.
  package struct Page: Sendable {
    package var message: UUID
    package var conversation: UUID
    package var seq: Int64
    /// In the order of the users' identifiers.
    package var receipts: [MessageReceipt]
    package var next: UUID?
  }

  /// Who has read a message or got it, the sender and who came later left out. Throws `ChatError` notFound, also to who
  /// is not a participant of its conversation.
  package func receipts(of message: UUID, for user: UUID, after: UUID?, limit: Int) async throws -> Page {
    let found = try await pool.query(
      """
      SELECT m.conversation_id, m.seq, m.sender_id FROM messages m
      WHERE m.id = $1 AND EXISTS (
        SELECT FROM participants p WHERE p.conversation_id = m.conversation_id AND p.user_id = $2)
      """, message, user)
    guard found.count == 1 else {
      throw ChatError(.notFound, "There is no such message, or you are not a participant of its conversation.")
    }
    let (conversation, seq, sender) = try found[0].decode((UUID, Int64, UUID).self)
    let limit = min(max(1, limit), limits.page)
    let rows = try await pool.query(
      """
      SELECT u.id, u.username, u.display_name, p.read_seq >= $2, r.at
      FROM (
        SELECT user_id, read_seq FROM participants
        WHERE conversation_id = $1 AND user_id <> $3 AND joined_seq < $2 AND greatest(delivered_seq, read_seq) >= $2
          AND ($4::uuid IS NULL OR user_id > $4)
        ORDER BY user_id LIMIT $5
      ) p
      JOIN users u ON u.id = p.user_id
      LEFT JOIN LATERAL (
        SELECT at FROM receipts
        WHERE conversation_id = $1 AND user_id = p.user_id AND to_seq >= $2 AND from_seq < $2 ORDER BY to_seq LIMIT 1
      ) r ON true
      ORDER BY u.id
      """, conversation, seq, sender, after, Int64(limit))
    var receipts: [MessageReceipt] = []
    receipts.reserveCapacity(rows.count)
    for index in 0..<rows.count {
      let row = rows[index]
      receipts.append(
        MessageReceipt(
          userId: try row.get(0, as: UUID.self), username: try row.get(1, as: String.self),
          displayName: try row.get(2, as: String.self), isRead: try row.get(3, as: Bool.self),
          readAt: try row.get(4, as: Timestamp?.self)))
    }
    return Page(
      message: message, conversation: conversation, seq: seq, receipts: receipts,
      next: receipts.count == limit ? receipts.last?.userId : nil)
  }
}
