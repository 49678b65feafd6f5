package import Postgres
import Primitives

/// How many messages a conversation had in each hour.
package struct MessageCounts: InboxEffect {
  package let name = "counts"

  package init() {}

  package func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    let posted = events.filter { $0.posted != nil }
    guard !posted.isEmpty else { return }
    // Sorted, so that two workers never wait for each other in a circle.
    _ = try await transaction.query(
      """
      INSERT INTO message_counts AS c (conversation_id, hour, messages)
      SELECT conversation_id, date_trunc('hour', created_at, 'UTC'), count(*)
      FROM unnest($1::uuid[], $2::timestamptz[]) AS m (conversation_id, created_at)
      GROUP BY 1, 2 ORDER BY 1, 2
      ON CONFLICT (conversation_id, hour) DO UPDATE SET messages = c.messages + excluded.messages
      """, posted.map(\.conversationId), posted.map { $0.posted?.createdAt ?? $0.at })
  }
}
