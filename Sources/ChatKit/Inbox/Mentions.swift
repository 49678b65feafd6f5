package import Postgres
import Primitives

/// Who is mentioned in which message: participants whose name stands in it, but for its sender. An edit says it anew, a
/// deletion takes it back.
package struct Mentions: InboxEffect {
  package let name = "mentions"

  package init() {}

  private struct Place: Hashable {
    let conversation: UUID
    let seq: Int64
  }

  package func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    // The last event about a message says all that is so.
    var last: [Place: InboxEvent.Subject] = [:]
    var changed = Set<Place>()
    for event in events {
      guard let message = event.subject else { continue }
      let place = Place(conversation: event.conversationId, seq: message.seq)
      last[place] = message
      if event.kind != .messageCreated { changed.insert(place) }
    }
    if !changed.isEmpty {
      let places = changed.sorted { ($0.conversation, $0.seq) < ($1.conversation, $1.seq) }
      _ = try await transaction.query(
        """
        DELETE FROM mentions m USING unnest($1::uuid[], $2::bigint[]) AS c (conversation_id, seq)
        WHERE m.conversation_id = c.conversation_id AND m.seq = c.seq
        """, places.map(\.conversation), places.map(\.seq))
    }
    try await insert(last, in: transaction)
  }

  /// A name is one user's within the conversation's workspace: two look-ups by index for each. Of two of whom one blocks
  /// the other neither is told of a mention, so it is none.
  private static let insertion = PostgresStatement(
    unchecked: """
      INSERT INTO mentions (user_id, conversation_id, seq, message_id, created_at)
      SELECT DISTINCT u.id, m.conversation_id, m.seq, m.message_id, m.created_at
      FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[])
        AS m (conversation_id, seq, message_id, sender_id, created_at, name)
      JOIN conversations c ON c.id = m.conversation_id
      JOIN users u ON u.workspace_id = c.workspace_id AND lower(u.username) = m.name AND u.id <> m.sender_id
      JOIN participants p ON p.conversation_id = m.conversation_id AND p.user_id = u.id
      WHERE \(UserBlocks.none(between: "u.id", and: "m.sender_id"))
      ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
      """)

  private func insert(
    _ messages: [Place: InboxEvent.Subject], in transaction: PostgresTransaction
  ) async throws {
    var conversations: [UUID] = []
    var seqs: [Int64] = []
    var ids: [UUID] = []
    var senders: [UUID] = []
    var times: [Timestamp] = []
    var names: [String] = []
    for (place, message) in messages where message.type != .system && !message.isDeleted {
      for name in MentionText.names(in: message.body) {
        conversations.append(place.conversation)
        seqs.append(place.seq)
        ids.append(message.id)
        senders.append(message.senderId)
        times.append(message.createdAt)
        names.append(name)
      }
    }
    guard !names.isEmpty else { return }
    _ = try await transaction.query(
      Self.insertion, conversations, seqs, ids, senders, times, names)
  }
}
