import Postgres
import Primitives
import Testing

@testable import ChatKit

@Suite("Unread, counted on")
struct UnreadCountsTests {
  /// A room of ann and bob, of whom ann writes.
  private struct Room {
    let inbox: InboxDomain
    let id: UUID
    let ann: User
    let bob: User

    init(_ inbox: InboxDomain) async throws {
      self.inbox = inbox
      ann = try await inbox.domain.user("ann")
      bob = try await inbox.domain.user("bob")
      id = try await inbox.domain.group(ann, [bob])
    }

    func write(_ count: Int, by sender: User) async throws {
      _ = try await inbox.store((0..<count).map { "message \($0)" }, in: id, by: sender)
    }

    func read(_ seq: Int64, by user: User) async throws {
      _ = try await inbox.pool.query(
        "UPDATE participants SET read_seq = $3 WHERE conversation_id = $1 AND user_id = $2", id, user.id, seq)
    }

    /// What ann and bob have not read, as `counts` has it.
    func unread(_ counts: UnreadCounts) async throws -> [Int64] {
      let rows = try await inbox.pool.query(
        """
        SELECT p.user_id, p.read_seq, c.last_seq FROM participants p JOIN conversations c ON c.id = p.conversation_id
        WHERE c.id = $1 ORDER BY p.user_id = $2
        """, id, bob.id)
      let members = try (0..<rows.count).map { index in
        let (user, read, last) = try rows[index].decode((UUID, Int64, Int64).self)
        return UnreadCounts.Member(conversation: id, user: user, readSeq: read, lastSeq: last)
      }
      return try await counts.count(members[...])
    }
  }

  @Test("each member is counted from the cursor once, and from then on what is new; own messages are not")
  func countedOn() async throws {
    try await InboxDomain.with { inbox in
      let room = try await Room(inbox)
      let counts = UnreadCounts(pool: inbox.pool)
      try await room.write(3, by: room.ann)
      #expect(try await room.unread(counts) == [0, 3])
      try await room.write(2, by: room.bob)
      try await room.write(1, by: room.ann)
      #expect(try await room.unread(counts) == [2, 4])
      #expect(try await room.unread(counts) == [2, 4])
      #expect(counts.fresh == 2)
      // Who reads is counted anew.
      try await room.read(5, by: room.bob)
      #expect(try await room.unread(counts) == [2, 1])
      #expect(counts.fresh == 3)
    }
  }

  @Test("what was deleted counts no more, once that is said; nothing is kept of what changed while it was counted")
  func deleted() async throws {
    try await InboxDomain.with { inbox in
      let room = try await Room(inbox)
      let counts = UnreadCounts(pool: inbox.pool)
      try await room.write(3, by: room.ann)
      #expect(try await room.unread(counts) == [0, 3])
      _ = try await inbox.pool.query(
        "UPDATE messages SET deleted_at = now(), body = NULL WHERE conversation_id = $1 AND seq = 2", room.id)
      counts.forget(room.id)
      #expect(try await room.unread(counts) == [0, 2])
      #expect(counts.fresh == 4)
      counts.forget(room.id)
      async let counting = room.unread(counts)
      while counts.fresh < 6 { await Task.yield() }
      counts.forget(room.id)
      #expect(try await counting == [0, 2])
      #expect(try await room.unread(counts) == [0, 2])
      #expect(counts.fresh == 8)
    }
  }

  @Test("999 is the most, and it is not counted beyond; of a full log only its end is looked at")
  func bounds() async throws {
    try await InboxDomain.with { inbox in
      let room = try await Room(inbox)
      let counts = UnreadCounts(pool: inbox.pool)
      try await room.write(1, by: room.ann)
      _ = try await inbox.pool.query(
        """
        INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, created_at)
        SELECT $1, n, gen_random_uuid(), CASE WHEN n <= 20 OR n > 4980 THEN $2 ELSE $3 END, 'text', 'x', now()
        FROM generate_series(2, 5000) AS n
        """, room.id, room.ann.id, room.bob.id)
      _ = try await inbox.pool.query("UPDATE conversations SET last_seq = 5000 WHERE id = $1", room.id)
      // Of ann's 40 bob is told those among the newest 4,096.
      #expect(try await room.unread(counts) == [999, 20])
      try await room.write(1, by: room.bob)
      #expect(try await room.unread(counts) == [999, 20])
    }
  }

  @Test("conversations that nobody wrote in for long are forgotten first")
  func generations() async throws {
    try await InboxDomain.with { inbox in
      let counts = UnreadCounts(pool: inbox.pool, capacity: 1)
      let first = try await Room(inbox)
      let cat = try await inbox.domain.user("cat")
      var rooms: [UUID] = []
      for _ in 0..<2 { rooms.append(try await inbox.domain.group(cat, [])) }
      func look(_ room: UUID) async throws {
        _ = try await counts.count([.init(conversation: room, user: cat.id, readSeq: 0, lastSeq: 0)])
      }
      _ = try await first.unread(counts)
      try await look(rooms[0])
      _ = try await first.unread(counts)
      #expect(counts.fresh == 3)
      try await look(rooms[1])
      try await look(rooms[0])
      _ = try await first.unread(counts)
      #expect(counts.fresh == 7)
    }
  }
}
