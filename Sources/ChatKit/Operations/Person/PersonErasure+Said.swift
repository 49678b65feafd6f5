import Postgres
import Primitives

/// What a person has said, and how they have reacted: no index leads to either, so the tables are looked through.
extension PersonErasure {
  /// Rows of a transaction, and the conversations that it holds at most.
  private static let batch = 200
  private static let conversations = 20

  func takeBack(
    _ kind: Step, of user: UUID, _ step: inout PersonRecord.Step, _ progress: (Progress) throws -> Void
  ) async throws {
    let isMessages = kind == .messages
    try await walk.run(
      isMessages ? "messages" : "reactions", seq: isMessages ? "seq" : "message_seq",
      where: isMessages ? "sender_id = $1 AND deleted_at IS NULL" : "user_id = $1", of: user, from: step.place
    ) { hits, looked, total, place in
      var count = 0
      var rest = hits[...]
      while !rest.isEmpty {
        let batch = Self.next(&rest)
        count += try await isMessages ? deleteMessages(batch, of: user) : deleteReactions(to: batch, of: user)
      }
      step.count += count
      step.place = place
      try progress(Progress(step: kind, done: looked, total: total))
    }
  }

  /// They are in the order of their conversations, which is the one in which those are locked.
  private static func next(_ rest: inout ArraySlice<TableWalk.Hit>) -> ArraySlice<TableWalk.Hit> {
    var seen = 0
    var last: UUID?
    let batch = rest.prefix(Self.batch).prefix { hit in
      if hit.conversation != last { seen += 1 }
      last = hit.conversation
      return seen <= Self.conversations
    }
    rest = rest.dropFirst(batch.count)
    return batch
  }

  private static func lock(_ conversations: Set<UUID>, _ transaction: PostgresTransaction) async throws {
    _ = try await transaction.query(
      "SELECT FROM conversations WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", Array(conversations))
  }

  /// Each is an entry of its conversation's log, as any deletion. The search index follows.
  private func deleteMessages(_ hits: ArraySlice<TableWalk.Hit>, of user: UUID) async throws -> Int {
    let events = hits.map { _ in UUID.v7() }
    return try await pool.transaction { transaction in
      try await Self.lock(Set(hits.map(\.conversation)), transaction)
      let rows = try await transaction.query(
        """
        SELECT count(*) FILTER (WHERE r.status = 0) FROM (
          SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS i (conversation, seq, event) ORDER BY 1, 2) i
        CROSS JOIN LATERAL remove_message(i.conversation, i.seq, $4, i.event, now()) r
        """, hits.map(\.conversation), hits.map(\.seq), events, user)
      return Int(try rows[0].get(0, as: Int64.self))
    }
  }

  private func deleteReactions(to hits: ArraySlice<TableWalk.Hit>, of user: UUID) async throws -> Int {
    let (conversations, seqs) = (hits.map(\.conversation), hits.map(\.seq))
    return try await pool.transaction { transaction in
      try await Self.lock(Set(conversations), transaction)
      let rows = try await transaction.query(
        """
        WITH chosen AS (
          SELECT DISTINCT conversation, seq FROM unnest($1::uuid[], $2::bigint[]) AS i (conversation, seq)
        ), gone AS (
          DELETE FROM reactions r USING chosen i
          WHERE r.conversation_id = i.conversation AND r.message_seq = i.seq AND r.user_id = $3
          RETURNING r.conversation_id, r.message_seq, r.emoji
        ), counted AS (
          UPDATE reaction_totals t SET total = t.total - 1 FROM gone g
          WHERE t.conversation_id = g.conversation_id AND t.message_seq = g.message_seq AND t.emoji = g.emoji
        )
        SELECT count(*) FROM gone
        """, conversations, seqs, user)
      _ = try await transaction.query(
        """
        DELETE FROM reaction_totals t USING unnest($1::uuid[], $2::bigint[]) AS i (conversation, seq)
        WHERE t.conversation_id = i.conversation AND t.message_seq = i.seq AND t.total <= 0
        """, conversations, seqs)
      return Int(try rows[0].get(0, as: Int64.self))
    }
  }
}
