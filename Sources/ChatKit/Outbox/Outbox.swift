import Postgres
import Primitives

/// What the publishers of the outbox share.
enum Outbox {
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
