import Postgres
import Primitives

/// What the publishers of the outbox share.
enum Outbox {
  /// Lays events into it, in the transaction of what they tell of.
  static func lay(_ events: [Event], _ transaction: PostgresTransaction) async throws {
    guard !events.isEmpty else { return }
    _ = try await transaction.query(
      """
      INSERT INTO outbox (id, type, conversation_id, payload, created_at)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[])
      """, events.map(\.id), events.map(\.kind.rawValue), events.map(\.conversationId),
      events.map { String(decoding: $0.data, as: UTF8.self) }, events.map(\.at))
  }

  /// Takes out events that the bus has acknowledged. Their messages are queued for the search index in the same
  /// statement: so none is forgotten, whoever dies, and sending does not pay for it.
  static func settle(_ ids: [UUID], _ client: some PostgresClient) async throws {
    _ = try await client.query(
      """
      WITH gone AS (DELETE FROM outbox WHERE id = ANY ($1) RETURNING type, conversation_id, seq)
      INSERT INTO search_queue (conversation_id, seq)
      SELECT conversation_id, seq FROM gone WHERE type = 'message.created'
      """, ids)
  }
}
