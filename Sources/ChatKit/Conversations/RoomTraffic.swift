package import Postgres
package import Primitives

/// Which conversations messages go to just now, and by whom: between two looks at the conversations' counters.
///
/// A look reads all conversations that were said something in within the last minutes; without an index on that, which each
/// message would have to pay for, it reads the table. It is for people who look for a room that floods.
package struct RoomTraffic: Sendable {
  /// A conversation's counters.
  package struct Sample: Sendable {
    package var at: Timestamp
    package var messages: [UUID: (count: Int64, lastSeq: Int64)]
  }

  package struct Entry: Sendable {
    package var conversation: UUID
    package var type: String
    package var title: String?
    package var members: Int64
    /// Messages between the two looks.
    package var messages: Int64
    /// Of them a second.
    package var rate: Double
    /// Who said most of them, and how many of them.
    package var sender: (id: UUID, name: String, messages: Int64)?
  }

  private let pool: PostgresPool
  /// Conversations that were silent for longer are not looked at.
  private static let recent = Duration.seconds(300)
  /// Messages that are looked at of a conversation that has just woken up.
  private static let most: Int64 = 100_000

  package init(pool: PostgresPool) { self.pool = pool }

  /// A look. Throws `PostgresError`.
  package func sample() async throws -> Sample {
    let rows = try await pool.query(
      """
      SELECT id, message_count, last_seq FROM conversations
      WHERE last_message_at > now() - $1 * interval '1 second'
      """, Int64(Self.recent.components.seconds))
    var messages: [UUID: (count: Int64, lastSeq: Int64)] = [:]
    for row in rows {
      messages[try row.get(0)] = (try row.get(1), try row.get(2))
    }
    return Sample(at: .now(), messages: messages)
  }

  /// What was said in conversations that the first look has passed over, for nobody had said anything for long, or ever.
  private func woken(_ ids: [UUID], since: Timestamp) async throws -> [UUID: (count: Int64, after: Int64)] {
    guard !ids.isEmpty else { return [:] }
    let rows = try await pool.query(
      """
      SELECT w.id, s.count, s.after FROM unnest($1::uuid[]) AS w (id)
      CROSS JOIN LATERAL (
        SELECT count(*) AS count, coalesce(min(m.seq), 1) - 1 AS after
        FROM (SELECT seq, created_at FROM messages WHERE conversation_id = w.id ORDER BY seq DESC LIMIT $3) m
        WHERE m.created_at >= $2) s
      """, ids, since, Self.most)
    var found: [UUID: (count: Int64, after: Int64)] = [:]
    for row in rows { found[try row.get(0)] = (try row.get(1), try row.get(2)) }
    return found
  }

  /// The conversations with the most messages between two looks, the busiest first. Throws `PostgresError`.
  package func busiest(from first: Sample, to second: Sample, limit: Int) async throws -> [Entry] {
    let seconds = max(
      0.001,
      Double((second.at - first.at).components.seconds)
        + Double((second.at - first.at).components.attoseconds) / 1e18)
    let woken = try await woken(second.messages.keys.filter { first.messages[$0] == nil }, since: first.at)
    let grown = second.messages.compactMap { id, now -> (id: UUID, messages: Int64, after: Int64)? in
      guard let before = first.messages[id] else {
        return woken[id].flatMap { $0.count > 0 ? (id, $0.count, $0.after) : nil }
      }
      return now.count > before.count ? (id, now.count - before.count, before.lastSeq) : nil
    }.sorted { ($0.messages, $1.id) > ($1.messages, $0.id) }.prefix(limit)
    guard !grown.isEmpty else { return [] }
    let rows = try await pool.query(
      """
      SELECT c.id, c.type, c.title, (SELECT count(*) FROM participants p WHERE p.conversation_id = c.id),
        s.sender_id, u.username, s.messages
      FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS g (id, after, n)
      JOIN conversations c ON c.id = g.id
      LEFT JOIN LATERAL (
        SELECT m.sender_id, count(*) AS messages FROM messages m
        WHERE m.conversation_id = g.id AND m.seq > g.after GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1) s ON true
      LEFT JOIN users u ON u.id = s.sender_id
      ORDER BY g.n
      """, grown.map(\.id), grown.map(\.after))
    return try zip(grown, rows).map { entry, row in
      let sender: UUID? = try row.get(4)
      return Entry(
        conversation: try row.get(0), type: try row.get(1), title: try row.get(2), members: try row.get(3),
        messages: entry.messages, rate: Double(entry.messages) / seconds,
        sender: try sender.map { ($0, try row.get(5) ?? "", try row.get(6)) })
    }
  }
}
