import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("The inbox's query")
struct InboxQueryTests {
  /// Hears of each statement that is sent.
  private final class Statements: PostgresObserver {
    var sent: [String] = []

    func answered(_ statement: PostgresStatement, enqueued: UInt64, error: PostgresError?) {
      sent.append(statement.sql)
    }
    func waited(since start: UInt64, error: PostgresError?) {}
  }

  /// Rooms of `members` and `messages` each, that `user` is in.
  private static func fill(
    _ domain: Domain, _ user: User, rooms: Int, members: Int, messages: Int
  ) async throws {
    for _ in 0..<rooms {
      let room = try await domain.group(user)
      _ = try await domain.pool.query(
        """
        INSERT INTO participants (conversation_id, user_id)
        SELECT $1, gen_random_uuid() FROM generate_series(2, $2::bigint)
        """, room, Int64(members))
      _ = try await domain.pool.query(
        """
        INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, created_at)
        SELECT $1, n, gen_random_uuid(), gen_random_uuid(), 'text', 'hello', now()
        FROM generate_series(1, $2::bigint) AS g (n)
        """, room, Int64(messages))
      _ = try await domain.pool.query(
        "UPDATE conversations SET last_seq = $2, message_count = $2, last_message_at = now() WHERE id = $1", room,
        Int64(messages))
    }
    _ = try await domain.pool.query("DELETE FROM outbox")
  }

  /// The plan, and how many pages running it touched.
  private static func explain(_ domain: Domain, _ user: User) async throws -> (plan: [String], pages: Int) {
    var sql = ConversationService.inbox.sql
    // EXPLAIN takes no parameters.
    for (number, value) in ["'\(user.id)'::uuid", "4096", "999", "false", "NULL", "NULL", "50"].enumerated() {
      sql = sql.replacing("$\(number + 1)", with: value)
    }
    let plan = try await domain.pool.run(
      PostgresStatement(unchecked: "EXPLAIN (COSTS OFF) \(sql)"), PostgresParameters()
    ).column(0, as: String.self)
    let run = try await domain.pool.run(
      PostgresStatement(unchecked: "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) \(sql)"), PostgresParameters()
    ).column(0, as: String.self)
    let buffers = run.first { $0.contains("Buffers:") } ?? ""
    let pages = buffers.split(separator: " ").compactMap { word -> Int? in
      word.hasPrefix("hit=") || word.hasPrefix("read=") ? Int(word.split(separator: "=")[1]) : nil
    }
    return (plan, pages.reduce(0, +))
  }

  @Test("is one statement, whose plan and whose pages are the same with two members a room and with two thousand")
  func constant() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let bob = try await domain.user("bob")
      try await Self.fill(domain, ann, rooms: 20, members: 2, messages: 300)
      try await Self.fill(domain, bob, rooms: 20, members: 2000, messages: 300)
      for table in ["participants", "conversations", "messages", "mentions", "users"] {
        _ = try await domain.pool.run(PostgresStatement(unchecked: "VACUUM ANALYZE \(table)"), PostgresParameters())
      }
      let small = try await Self.explain(domain, ann)
      let large = try await Self.explain(domain, bob)
      #expect(small.pages > 0)
      #expect(
        small.plan.map { $0.replacing("\(ann.id)", with: "") } == large.plan.map { $0.replacing("\(bob.id)", with: "") }
      )
      // Of so small a partition of messages a whole one may be read.
      #expect(!large.plan.contains { $0.contains("Seq Scan on participants") })
      // A level more of the index at most, for each of the rooms.
      #expect(large.pages < small.pages * 3 / 2, "\(small.pages) pages, then \(large.pages)")

      let statements = Statements()
      let pool = Domain.pool(domain.database, size: 1, domain.loop)
      pool.observer = statements
      let service = ConversationService(pool: pool, publisher: domain.publisher)
      let page = try await service.inbox(of: bob.id, after: nil, limit: 50)
      #expect(page.entries.count == 20)
      #expect(page.entries.allSatisfy { $0.unread == 300 && $0.lastMessage?.seq == 300 })
      #expect(statements.sent.count == 1)
      await pool.close()
    }
  }

  @Test("counts stop at their limits")
  func limits() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      try await Self.fill(domain, ann, rooms: 1, members: 2, messages: 30)
      var limits = ConversationService.Limits()
      limits.unread = 10
      let few = ConversationService(pool: domain.pool, publisher: domain.publisher, limits: limits)
      #expect(try await few.inbox(of: ann.id, after: nil, limit: 5).entries.map(\.unread) == [10])
      limits.unreadDepth = 7
      let shallow = ConversationService(pool: domain.pool, publisher: domain.publisher, limits: limits)
      #expect(try await shallow.inbox(of: ann.id, after: nil, limit: 5).entries.map(\.unread) == [7])
    }
  }

  @Test("a user's own messages and deleted ones are not unread; mentions beyond the read cursor are counted")
  func counted() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let bob = try await domain.user("bob")
      let room = try await domain.group(ann, [bob])
      let writer = domain.writer()
      for sender in [ann, bob, ann, ann, bob, ann] {
        _ = try await writer.write(MessageDraft(conversationId: room, senderId: sender.id, body: "m"))
      }
      for seq in [1, 3, 6] as [Int64] {
        _ = try await domain.pool.query(
          "INSERT INTO mentions VALUES ($1, $2, $3, gen_random_uuid(), now())", bob.id, room, seq)
      }
      let service = ConversationService(pool: domain.pool, publisher: domain.publisher)
      var entry = try await service.entry(room, for: bob.id)
      #expect(entry.unread == 4 && entry.mentions == 3)
      _ = try await domain.pool.query("UPDATE messages SET deleted_at = now() WHERE seq = 4")
      _ = try await domain.pool.query("UPDATE participants SET read_seq = 1 WHERE user_id = $1", bob.id)
      entry = try await service.entry(room, for: bob.id)
      #expect(entry.unread == 2 && entry.mentions == 2)
    }
  }
}
