import JSON
package import Postgres
import Primitives

/// Queues messages for those participants who have devices and have not muted the conversation. Whether they are offline
/// is asked when it is sent (`PushSender`): no transaction waits for Redis.
package struct PushFanout: InboxEffect {
  package let name = "push"
  /// In larger conversations only who was mentioned is told.
  private let members: Int
  private let preview: Int

  package init(members: Int = 1000, preview: Int = 120) {
    self.members = members
    self.preview = preview
  }

  package func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    let posted = events.filter { $0.posted?.isDeleted == false && $0.posted?.type != .system }
    guard !posted.isEmpty else { return }
    // After the mentions, which are of the same transaction.
    _ = try await transaction.query(
      """
      INSERT INTO push_queue (user_id, event_id, conversation_id, seq, kind, body)
      SELECT p.user_id, e.id, e.conversation_id, e.seq, CASE WHEN m.user_id IS NULL THEN 'message' ELSE 'mention' END,
        e.body
      FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[]) WITH ORDINALITY
        AS e (id, conversation_id, seq, sender_id, body, n)
      CROSS JOIN LATERAL (
        SELECT user_id, muted_until, count(*) OVER () AS members FROM (SELECT user_id, muted_until FROM participants
          WHERE conversation_id = e.conversation_id LIMIT $6) AS few
        UNION
        SELECT q.user_id, q.muted_until, 0 FROM mentions n JOIN participants q
          ON q.conversation_id = n.conversation_id AND q.user_id = n.user_id
        WHERE n.conversation_id = e.conversation_id AND n.seq = e.seq) AS p
      LEFT JOIN mentions m ON m.user_id = p.user_id AND m.conversation_id = e.conversation_id AND m.seq = e.seq
      WHERE p.user_id <> e.sender_id AND (p.muted_until IS NULL OR p.muted_until <= now())
        AND (p.members <= $7 OR m.user_id IS NOT NULL)
        AND EXISTS (SELECT FROM push_devices d WHERE d.user_id = p.user_id)
      ORDER BY e.n, p.user_id ON CONFLICT DO NOTHING
      """, posted.map(\.id), posted.map(\.conversationId), posted.map { $0.seq ?? 0 },
      posted.map { $0.posted?.senderId ?? $0.id }, posted.map(body), Int64(members + 1), Int64(members))
  }

  private func body(_ event: InboxEvent) -> String {
    guard let message = event.posted else { return "{}" }
    var json = JSONWriter(reserving: 384)
    json.beginObject()
    json.field("messageId", message.id)
    json.field("senderId", message.senderId)
    json.field("type", message.type.rawValue)
    // It waits in a table: what is encrypted must not be there in the clear.
    json.field("preview", message.isSealed ? "" : String(message.body.prefix(preview)))
    json.field("createdAt", message.createdAt)
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
