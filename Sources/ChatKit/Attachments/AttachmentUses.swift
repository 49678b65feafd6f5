import Networking
import Postgres
import Primitives

/// Which messages name which attachments.
///
/// A message takes hold of its attachment before it goes to the writer: from then on the collector finds the message by its
/// identifier, and waits for a while where it is not there (yet). So `messages` needs no index of attachments.
struct AttachmentUses: Sendable {
  let pool: PostgresPool
  /// How long a file may go without a message that names it.
  let grace: Duration

  private static let claim = PostgresStatement(
    unchecked: """
      WITH wanted AS MATERIALIZED (
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS w (attachment_id, conversation_id, message_id)
      ), locked AS MATERIALIZED (
        SELECT a.id, a.conversation_id, a.content_type FROM attachments a
        WHERE a.id = ANY ($1::uuid[]) AND a.uploader_id = $4 AND a.state = 'ready' ORDER BY a.id FOR UPDATE
      ), found AS MATERIALIZED (
        SELECT w.attachment_id, w.message_id, l.content_type FROM wanted w
        JOIN locked l ON l.id = w.attachment_id AND l.conversation_id = w.conversation_id
      ), held AS (
        UPDATE attachments a SET used_at = now(), check_at = now() + $5 * interval '1 second'
        WHERE a.id = ANY (ARRAY (SELECT attachment_id FROM found))
      ), noted AS (
        INSERT INTO attachment_uses (attachment_id, message_id) SELECT attachment_id, message_id FROM found
        ON CONFLICT DO NOTHING
      )
      SELECT message_id, content_type FROM found
      """)

  /// Takes hold of the attachments of these drafts of one sender. The types of those that may be named, by message: ready,
  /// of the same conversation, and the sender's own.
  func claim(_ drafts: [MessageDraft], by sender: UUID) async throws -> [UUID: String] {
    let named = drafts.filter { $0.attachmentId != nil }
    guard !named.isEmpty else { return [:] }
    let rows = try await pool.query(
      Self.claim, named.compactMap(\.attachmentId), named.map(\.conversationId), named.map(\.id), sender,
      Double(grace.milliseconds) / 1000)
    var types: [UUID: String] = [:]
    for row in rows {
      let message: UUID = try row.get(0)
      types[message] = try row.get(1, as: String.self)
    }
    return types
  }

  /// Whether a message of that key has been sent: then it is answered, whatever has become of its attachment.
  func isKnown(_ draft: MessageDraft) async throws -> Bool {
    guard let key = draft.idempotencyKey else { return false }
    return try await pool.query(
      "SELECT FROM idempotency_keys WHERE user_id = $1 AND key = $2", draft.senderId, key
    ).count > 0
  }
}
