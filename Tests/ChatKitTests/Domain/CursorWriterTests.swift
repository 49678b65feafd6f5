import ChatKit
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@Suite("The batch writer of cursors")
struct CursorWriterTests {
  /// A group of ann, bob and `more` others, with messages of ann's.
  private struct Room: Sendable {
    let id: UUID
    let ann: User
    let bob: User
  }

  private static func room(_ domain: Domain, messages: Int, more: Int = 0) async throws -> Room {
    let ann = try await domain.user("ann")
    let bob = try await domain.user("bob")
    var others = [bob]
    for index in 0..<more { others.append(try await domain.user("other-\(index)")) }
    let id = try await domain.group(ann, others)
    let writer = domain.writer()
    for n in 0..<messages {
      _ = try await writer.write(MessageDraft(conversationId: id, senderId: ann.id, body: "\(n)"))
    }
    _ = try await domain.pool.query("DELETE FROM outbox")
    return Room(id: id, ann: ann, bob: bob)
  }

  private static func cursors(_ domain: Domain, told: Recorder<CursorWriter.Told>, room: Int = 50) -> CursorWriter {
    var limits = CursorWriter.Limits()
    limits.pause = .milliseconds(400)
    limits.room = room
    return CursorWriter(store: domain.pool, loop: domain.loop, limits: limits) { told.elements += $0 }
  }

  @Test("moves of one tick are one batch, merged to the highest of each reader")
  func merges() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 9)
      let writer = Self.cursors(domain, told: Recorder())
      let moves = [3, 7, 5].map { CursorMove(conversation: room.id, user: room.bob.id, read: $0) }
      let tasks = (moves + [CursorMove(conversation: room.id, user: room.ann.id, read: 2, delivered: 4)]).map { move in
        domain.loop.start { try? await writer.move(move) }
      }
      var positions: [CursorPosition?] = []
      for task in tasks { positions.append(await task.value) }
      #expect(positions.map { $0?.read } == [7, 7, 7, 2])
      #expect(positions.map { $0?.delivered } == [7, 7, 7, 4])
      #expect(writer.counters.batches == 1 && writer.counters.moves == 4 && writer.counters.written == 2)
      // One movement is one receipt, however it came about.
      #expect(try await domain.count("SELECT count(*) FROM receipts") == 2)
      #expect(try await domain.count("SELECT from_seq FROM receipts WHERE to_seq = 7") == 0)
    }
  }

  @Test("a cursor moves forward only, and to the conversation's end at most; a stranger has none")
  func bounds() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 9)
      let writer = Self.cursors(domain, told: Recorder())
      let move: @Sendable (Int64, Int64) async throws -> CursorPosition = {
        try await writer.move(CursorMove(conversation: room.id, user: room.bob.id, read: $0, delivered: $1))
      }
      #expect(try await move(0, 6) == CursorPosition(conversation: room.id, user: room.bob.id, read: 0, delivered: 6))
      #expect(try await move(4, 0).read == 4)
      #expect(try await move(2, 3) == CursorPosition(conversation: room.id, user: room.bob.id, read: 4, delivered: 6))
      #expect(
        try await move(.max, 0) == CursorPosition(conversation: room.id, user: room.bob.id, read: 9, delivered: 9))
      #expect(try await domain.count("SELECT count(*) FROM receipts") == 2)
      for stranger in [
        CursorMove(conversation: room.id, user: .v7(), read: 1), CursorMove(conversation: .v7(), user: .v7(), read: 1),
      ] {
        await #expect(throws: ChatError.noSuchConversation) { _ = try await writer.move(stranger) }
      }
    }
  }

  @Test("a reader's receipts are told at most once in a pause, whoever writes them, and the last one is told")
  func throttled() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 30)
      let told = Recorder<CursorWriter.Told>()
      // Two processes.
      let writers = [Self.cursors(domain, told: told), Self.cursors(domain, told: told)]
      let start = domain.loop.now
      for seq in 1...30 {
        _ = try await writers[seq % 2].move(CursorMove(conversation: room.id, user: room.bob.id, read: Int64(seq)))
      }
      let isQuick = domain.loop.now - start < Duration.milliseconds(400).nanoseconds
      try await eventually("the last receipt") { told.elements.last?.position.read == 30 }
      let events = try await domain.count("SELECT count(*) FROM outbox WHERE type = 'message.read'")
      #expect(told.elements.flatMap(\.events).count == Int(events))
      // The first at once, the last after the pause; both writers may owe it.
      if isQuick { #expect((2...3).contains(events)) }
      #expect(told.elements.first?.position.read == 1)
      let payload = try await domain.pool.query(
        "SELECT payload FROM outbox WHERE type = 'message.read' ORDER BY created_at DESC LIMIT 1")[0]
      #expect(
        try payload.get(0, as: String.self)
          == told.elements.last?.events.last.map { String(decoding: $0.data, as: UTF8.self) })
    }
  }

  @Test("delivered is told apart from read, and not when read says it already")
  func delivered() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 3)
      let told = Recorder<CursorWriter.Told>()
      let writer = Self.cursors(domain, told: told)
      _ = try await writer.move(CursorMove(conversation: room.id, user: room.bob.id, delivered: 2))
      _ = try await writer.move(CursorMove(conversation: room.id, user: room.bob.id, read: 3))
      #expect(told.elements.flatMap(\.events).map(\.kind) == [.messageDelivered, .messageRead])
      #expect(told.elements.map(\.isRead) == [false, true])
      await writer.finish()
      #expect(told.elements.count == 2)
    }
  }

  @Test("in a big room nobody but the reader is told")
  func bigRoom() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 2, more: 3)
      let told = Recorder<CursorWriter.Told>()
      _ = try await Self.cursors(domain, told: told, room: 4)
        .move(CursorMove(conversation: room.id, user: room.bob.id, read: 1))
      #expect(told.elements.map { $0.events.count } == [0])
      #expect(told.elements.map(\.isRead) == [true])
      #expect(try await domain.count("SELECT count(*) FROM outbox") == 0)
      try await domain.loop.sleep(for: .milliseconds(450))
      _ = try await Self.cursors(domain, told: told, room: 5)
        .move(CursorMove(conversation: room.id, user: room.bob.id, read: 2))
      #expect(told.elements.map { $0.events.count } == [0, 1])
    }
  }

  @Test("what is owed is told when the writer ends")
  func finishes() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 5)
      let told = Recorder<CursorWriter.Told>()
      let writer = Self.cursors(domain, told: told)
      for seq in 1...5 {
        _ = try await writer.move(CursorMove(conversation: room.id, user: room.bob.id, read: Int64(seq)))
      }
      await writer.finish()
      #expect(told.elements.last?.position.read == 5)
    }
  }

  @Test("connections that break under way: what was acknowledged is in the store, and no movement is there twice")
  func brokenConnections() async throws {
    try await Domain.with { domain in
      let room = try await Self.room(domain, messages: 300)
      let writer = Self.cursors(domain, told: Recorder())
      let tasks = (1...300).map { n in
        domain.loop.start { () -> Result<Int64, any Error> in
          try? await domain.loop.sleep(for: .milliseconds(n * 2))
          do {
            let user = n % 2 == 0 ? room.ann.id : room.bob.id
            let position = try await writer.move(CursorMove(conversation: room.id, user: user, read: Int64(n)))
            return .success(position.read - Int64(n))
          } catch {
            return .failure(error)
          }
        }
      }
      let deadline = domain.loop.now + Duration.seconds(30).nanoseconds
      var kills: Int64 = 0
      while writer.counters.moves < 295, domain.loop.now < deadline {
        kills += try await domain.count(
          """
          SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%move_cursors%'
          """)
        try await domain.loop.sleep(for: .milliseconds(40))
      }
      for task in tasks { #expect(try await task.value.get() >= 0) }
      #expect(kills > 0)
      #expect(try await domain.count("SELECT min(read_seq) FROM participants") == 299)
      #expect(try await domain.count("SELECT max(read_seq) FROM participants") == 300)
      // The movements of a reader lie end to end.
      let overlaps = """
        SELECT count(*) FROM (
          SELECT from_seq <> lag(to_seq, 1, 0::bigint) OVER (PARTITION BY user_id ORDER BY to_seq) AS isBroken
          FROM receipts) r WHERE isBroken
        """
      #expect(try await domain.count(overlaps) == 0)
    }
  }

  @Test("more readers than may wait are refused as overloaded; a store that is away as unavailable, in time")
  func limits() async throws {
    try await withLoop { loop in
      var configuration = PostgresConfiguration(connectionString: "host=/nonexistent dbname=none")
      configuration.acquireTimeout = .milliseconds(50)
      configuration.poolSize = 1
      var limits = CursorWriter.Limits()
      limits.queue = 3
      limits.patience = .milliseconds(200)
      let writer = CursorWriter(store: PostgresPool(configuration, loop: loop), loop: loop, limits: limits) { _ in }
      let tasks = (0..<4).map { _ in
        loop.start { () -> ChatError? in
          do {
            _ = try await writer.move(CursorMove(conversation: .v7(), user: .v7(), read: 1))
            return nil
          } catch {
            return error as? ChatError
          }
        }
      }
      var codes: [ChatError.Code?] = []
      for task in tasks { codes.append(await task.value?.code) }
      #expect(codes == [.unavailable, .unavailable, .unavailable, .overloaded])
    }
  }
}
