package import Postgres
package import Primitives

/// Finds messages by their words. One a loop.
///
/// The index (`message_search`) lags behind the messages by about a second: `SearchIndexer` fills it. It has what is not
/// encrypted, not deleted and not the server's own. Each indexed message has its conversation as a word of its own, so a
/// search reads what is in the asker's conversations, and nothing else, however common its words are.
package final class MessageSearch: Sendable {
  package struct Limits: Sendable {
    /// Characters of a query.
    package var query = 200
    package var page = 50
    /// Conversations that are searched at once: those with the newest messages.
    package var conversations: Int64 = 5000

    package init() {}
  }

  package struct Found: Sendable {
    /// Newest first.
    package var messages: [Message]
    /// The identifier to continue before; nil where there is nothing more.
    package var next: UUID?
    /// Conversations of the asker that were not searched, since they are encrypted.
    package var encrypted: Int
  }

  private let pool: PostgresPool
  package let limits: Limits

  package init(pool: PostgresPool, limits: Limits = Limits()) {
    self.pool = pool
    self.limits = limits
  }

  private static let search = PostgresStatement(
    unchecked: """
      SELECT \(MessageColumns.list)
      FROM message_search s
      JOIN messages m ON m.conversation_id = s.conversation_id AND m.seq = s.seq AND m.deleted_at IS NULL
      LEFT JOIN users u ON u.id = m.sender_id
      WHERE s.words @@ (websearch_to_tsquery('simple', $1) && $2::tsquery) AND s.conversation_id = ANY ($3)
      AND ($4::uuid IS NULL OR s.message_id < $4)
      ORDER BY s.message_id DESC LIMIT $5
      """)

  /// The messages that have all the words of `text`, in the conversations of `user` in `workspace`, or in one of them.
  /// Quotes hold words together, `or` and `-` mean what they do in web searches.
  ///
  /// Throws `ChatError` notFound (not a participant of `conversation`), conversationEncrypted, invalidRequest.
  package func search(
    _ text: String, in conversation: UUID?, for user: UUID, workspace: UUID, before: UUID?, limit: Int
  ) async throws -> Found {
    guard (1...limits.query).contains(text.unicodeScalars.count), !text.utf8.contains(0) else {
      throw ChatError.invalid("q", "A search has 1 to \(limits.query) characters.")
    }
    let rows = try await pool.query(
      """
      SELECT c.id, c.encrypted, numnode(websearch_to_tsquery('simple', $5)) > 0
      FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.user_id = $1 AND c.workspace_id = $2 AND ($3::uuid IS NULL OR p.conversation_id = $3)
      ORDER BY c.last_message_at DESC NULLS LAST LIMIT $4
      """, user, workspace, conversation, limits.conversations, text)
    var open: [UUID] = []
    for row in rows {
      let hasWords: Bool = try row.get(2)
      guard hasWords else { throw ChatError.invalid("q", "There is no word in this search.") }
      let isEncrypted: Bool = try row.get(1)
      if !isEncrypted { open.append(try row.get(0)) }
    }
    if conversation != nil {
      guard rows.count == 1 else { throw ChatError.noSuchConversation }
      guard !open.isEmpty else {
        throw ChatError(
          .conversationEncrypted, "This conversation is encrypted: the server cannot search what it cannot index.",
          field: "conversationId")
      }
    }
    var found = Found(messages: [], encrypted: rows.count - open.count)
    guard !open.isEmpty else { return found }
    let limit = min(max(1, limit), limits.page)
    let places = open.map { "'#\($0)'" }.joined(separator: "|")
    found.messages = try MessageColumns.messages(
      try await pool.query(Self.search, text, places, open, before, Int64(limit)))
    if found.messages.count == limit { found.next = found.messages.last?.id }
    return found
  }
}
