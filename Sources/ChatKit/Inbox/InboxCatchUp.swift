import Postgres
import Primitives

/// Reads from the store what the bus did not bring, or not yet, and does what follows from it.
struct InboxCatchUp: Sendable {
  private static let chunk = 500

  let batch: InboxBatch
  let pool: PostgresPool
  let vault: MessageVault?

  /// Takes a conversation's position up to `through`; answers what was done. Throws what an effect threw: then it has
  /// come as far as the chunk before.
  func run(_ gap: InboxBatch.Gap) async throws -> [InboxEvent] {
    var done: [InboxEvent] = []
    while true {
      let (events, isOver) = try await pool.transaction { transaction -> ([InboxEvent], Bool) in
        let positions = try await InboxBatch.lockPositions([gap.conversation], transaction)
        let position = positions[gap.conversation] ?? 0
        guard position < gap.through else { return ([], true) }
        let entries = try await MessageStore.entries(
          of: gap.conversation, after: position, through: gap.through, limit: Self.chunk, transaction)
        let events = try await MessageStore.opened(entries, by: vault).map { try InboxEvent($0) }
        try await batch.apply(events, in: transaction)
        let isOver = entries.count < Self.chunk
        let reached = isOver ? gap.through : entries.last?.seq ?? gap.through
        try await InboxBatch.move([gap.conversation: reached], transaction)
        return (events, isOver)
      }
      done += events
      if isOver { return done }
    }
  }

  /// Conversations whose log is longer than what was done of it: their last events are on their way, or lost. At most
  /// `limit`; those that are parked wait for somebody to decide. Reads the whole table.
  func behind(limit: Int) async throws -> [InboxBatch.Gap] {
    let rows = try await pool.query(
      """
      SELECT c.id, c.last_seq FROM conversations c LEFT JOIN inbox_positions p ON p.conversation_id = c.id
      WHERE c.last_seq > coalesce(p.seq, 0)
        AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.consumer = $1 AND d.key = c.id)
      LIMIT $2
      """, InboxBatch.consumer, Int64(limit))
    return try rows.map { row in
      let (id, seq) = try row.decode((UUID, Int64).self)
      return InboxBatch.Gap(conversation: id, through: seq)
    }
  }
}
