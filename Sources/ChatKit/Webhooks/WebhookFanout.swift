import JSON
package import Postgres
import Primitives

/// Queues events for the webhooks of their workspaces that want them. What is sent is what is queued: a repeated delivery
/// has the same body.
package struct WebhookFanout: InboxEffect {
  package let name = "webhooks"

  package init() {}

  package func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    let some = try await transaction.query("SELECT EXISTS (SELECT FROM webhooks WHERE state = 'active')")
    guard try some[0].decode(Bool.self) else { return }
    _ = try await transaction.query(
      """
      INSERT INTO webhook_deliveries (webhook_id, event_id, type, body)
      SELECT w.id, e.id, e.type, e.body
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY
        AS e (id, conversation_id, type, body, n)
      JOIN conversations c ON c.id = e.conversation_id
      JOIN webhooks w ON w.workspace_id = c.workspace_id AND w.state = 'active'
        AND (e.type = ANY (w.events) OR '*' = ANY (w.events))
      ORDER BY w.id, e.n ON CONFLICT DO NOTHING
      """, events.map(\.id), events.map(\.conversationId), events.map(\.kind.rawValue), events.map(Self.body))
  }

  private static func body(_ event: InboxEvent) -> String {
    var json = JSONWriter(reserving: event.data.count + 256)
    json.beginObject()
    json.field("id", event.id)
    json.field("type", event.kind.rawValue)
    json.field("timestamp", event.at)
    json.field("conversationId", event.conversationId)
    if let seq = event.seq { json.field("seq", seq) }
    json.key("data")
    json.raw(event.data)
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self)
  }
}
