import ChatKit
import JSON
import Networking
import Postgres
import Primitives
import Redis
import TestSupport
import Testing

/// What the hub makes of a bus that repeats, reorders and forgets. Messages are put into the store silently, and told to
/// the rooms by hand, as a gateway's consumer would.
@Suite("A room's order")
struct RoomOrderTests {
  private struct Scene: Sendable {
    let servers: EmbeddedServers
    let chatd: Chatd
    let pool: PostgresPool
    let redis: RedisClient
    let loop: EventLoop

    func person(_ name: String) async throws -> Person {
      try await Stack.register(Stack.uniqueName(name), with: APIClient(port: chatd.port, loop: loop))
    }

    func room(_ admin: Person, _ others: [Person]) async throws -> UUID {
      let answer = try await admin.api.post(
        "/api/conversations",
        ["type": "group", "title": "order", "participants": .array(others.map { .string($0.id) })]
      ).expect(201)
      guard let id = UUID(try answer.string("id")) else { throw TestFailure("no identifier") }
      return id
    }

    /// Stores messages and tells nobody. Unless `leavesEvents`, nobody else will either.
    func store(
      _ count: Int, in room: UUID, by person: Person, leavesEvents: Bool = false
    ) async throws -> [Message] {
      guard let sender = UUID(person.id) else { throw TestFailure("no identifier") }
      let found = Collected()
      let writer = MessageWriter(store: pool, loop: loop) { found.messages += $0.map(\.message) }
      for n in 1...count {
        _ = try await writer.write(MessageDraft(conversationId: room, senderId: sender, body: "\(n)"))
      }
      if !leavesEvents { _ = try await pool.query("DELETE FROM outbox WHERE conversation_id = $1", room) }
      return found.messages
    }

    func say(_ messages: [Message]) async throws {
      let emitter = RoomEmitter(redis: redis)
      let emissions = messages.map { message in
        var json = JSONWriter()
        message.write(to: &json)
        let document = try? JSONDocument(parsing: json.bytes)
        return document.map {
          emitter.emission("message:new", .json($0.root), to: message.conversationId.description, seq: message.seq)
        }
      }
      try await emitter.emit(emissions.compactMap { $0 })
    }

    func socket(_ person: Person, in room: UUID) async throws -> SocketClient {
      let socket = try await SocketClient.connect(to: chatd.port, token: person.token, loop: loop)
      let ack = try await socket.join(room.description)
      guard ack["ok"]?.bool == true else { throw TestFailure("the join was refused") }
      return socket
    }
  }

  private final class Collected: @unchecked Sendable {
    var messages: [Message] = []
  }

  private func withScene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
    var options = EmbeddedOptions()
    options.isDurable = false
    let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    let installation = try Installation(servers)
    let chatd = try await installation.start("all")
    do {
      try await withLoop { loop in
        let configuration = PostgresConfiguration(connectionString: installation.postgres)
        let pool = PostgresPool(configuration, loop: loop)
        let redis = RedisClient(RedisConfiguration(.unix(servers.redisSocket)), loop: loop)
        try await body(Scene(servers: servers, chatd: chatd, pool: pool, redis: redis, loop: loop))
        redis.close()
        await pool.close()
      }
    } catch {
      try? await chatd.process.killNow()
      await servers.stop()
      throw error
    }
    _ = try await chatd.process.stop()
    await servers.stop()
  }

  @Test("messages said twice, too early, too late or never are delivered once and in their places")
  func order() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let bob = try await scene.person("bob")
      let room = try await scene.room(ann, [bob])
      let socket = try await scene.socket(bob, in: room)
      let messages = try await scene.store(12, in: room, by: ann)
      // By seq: 4, 8 and 9 are never said.
      let told = [2, 1, 1, 3, 5, 5, 10, 7, 6, 2, 12, 11, 1].map { messages[$0 - 1] }
      try await scene.say(told)
      try await socket.wait("all of them") { socket.seqs.count >= 12 }
      try await scene.say(told.reversed())
      let last = try await scene.store(1, in: room, by: ann)
      try await scene.say(last)
      try await socket.wait("the last") { socket.seqs.contains(13) }
      #expect(socket.seqs == Array(1...13))
    }
  }

  @Test("what its writer has committed and not published, for it died, is told by the relay, once")
  func unpublished() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let room = try await scene.room(ann, [])
      let socket = try await scene.socket(ann, in: room)
      _ = try await scene.store(3, in: room, by: ann, leavesEvents: true)
      try await socket.wait("what the relay tells") { socket.seqs.count >= 3 }
      try await eventually(within: .seconds(10), "an empty outbox") {
        try await scene.pool.query("SELECT count(*) FROM outbox WHERE conversation_id = $1", room)[0]
          .decode(Int64.self) == 0
      }
      try await scene.say(try await scene.store(1, in: room, by: ann))
      try await socket.wait("the next") { socket.seqs.contains(4) }
      #expect(socket.seqs == [1, 2, 3, 4])
    }
  }

  @Test("what is read from the store to close a gap does not reach somebody who was removed before it was sent")
  func gapAfterRemoval() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let bob = try await scene.person("bob")
      let eve = try await scene.person("eve")
      let room = try await scene.room(ann, [bob, eve])
      let bobs = try await scene.socket(bob, in: room)
      let eves = try await scene.socket(eve, in: room)
      try await scene.say(try await scene.store(1, in: room, by: ann))
      for socket in [bobs, eves] { try await socket.wait("the first") { socket.seqs == [1] } }
      // Removed, and nobody has said so; nor is the message that shows up the gap of a later epoch.
      guard let eveID = UUID(eve.id) else { throw TestFailure("no identifier") }
      _ = try await scene.pool.query(
        "DELETE FROM participants WHERE conversation_id = $1 AND user_id = $2", room, eveID)
      _ = try await scene.pool.query("UPDATE conversations SET epoch = epoch + 1 WHERE id = $1", room)
      let messages = try await scene.store(2, in: room, by: ann)
      try await scene.say([messages[1]])
      try await bobs.wait("both") { bobs.seqs.count >= 3 }
      #expect(bobs.seqs == [1, 2, 3])
      _ = try await eves.emit("leave", ["conversationId": .string(room.description)])
      #expect(eves.seqs == [1])
    }
  }

  @Test("a member that joins again from further back is sent nothing newer until it has what is older")
  func joinsAgainFromFurtherBack() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let bob = try await scene.person("bob")
      let room = try await scene.room(ann, [bob])
      let bobs = try await scene.socket(bob, in: room)
      try await scene.say(try await scene.store(2, in: room, by: ann))
      try await bobs.wait("two") { bobs.seqs.count == 2 }
      // Of the newest on, without what was before.
      let anns = try await scene.socket(ann, in: room)
      let third = try await scene.store(1, in: room, by: ann)
      let loop = scene.loop
      let join = try await scene.pool.transaction { transaction in
        _ = try await transaction.query("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        let join = loop.start { try? await anns.join(room.description, afterSeq: 0) }
        try await eventually("a join that waits for the messages") {
          try await transaction.query(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass")[0]
            .decode(Int64.self) > 0
        }
        try await scene.say(third)
        try await bobs.wait("the third") { bobs.seqs.count == 3 }
        return join
      }
      #expect(await join.value?["replayed"]?.int == 3)
      #expect(anns.seqs == [1, 2, 3])
    }
  }

  @Test("a join that reads from the store when its user is removed is refused, and sends nothing")
  func removedWhileJoining() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let bob = try await scene.person("bob")
      let room = try await scene.room(ann, [bob])
      let anns = try await scene.socket(ann, in: room)
      try await scene.say(try await scene.store(3, in: room, by: ann))
      try await anns.wait("three") { anns.seqs.count == 3 }
      let bobs = try await SocketClient.connect(to: scene.chatd.port, token: bob.token, loop: scene.loop)
      let loop = scene.loop
      let join = try await scene.pool.transaction { transaction in
        _ = try await transaction.query("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        let join = loop.start { try? await bobs.join(room.description, afterSeq: 0) }
        try await eventually("a join that waits for the messages") {
          try await transaction.query(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass")[0]
            .decode(Int64.self) > 0
        }
        _ = try await ann.api.delete("/api/conversations/\(room)/participants/\(bob.id)").expect(204)
        // It comes when the store has said who is left.
        _ = try await anns.next("participant:left")
        return join
      }
      #expect(await join.value?["error"]?["code"]?.string == "not_found")
      #expect(bobs.seqs == [])
    }
  }

  @Test("after a Redis that came back empty, rooms have what nobody told them, and no strangers")
  func reconciles() async throws {
    try await withScene { scene in
      let ann = try await scene.person("ann")
      let bob = try await scene.person("bob")
      let eve = try await scene.person("eve")
      let room = try await scene.room(ann, [bob, eve])
      let bobs = try await scene.socket(bob, in: room)
      let eves = try await scene.socket(eve, in: room)
      _ = try await scene.store(3, in: room, by: ann)
      // Nobody hears of this either.
      guard let eveID = UUID(eve.id) else { throw TestFailure("no identifier") }
      _ = try await scene.pool.query(
        "DELETE FROM participants WHERE conversation_id = $1 AND user_id = $2", room, eveID)
      try await scene.servers.kill(.redis)
      try await scene.servers.restart(.redis, wipe: true)
      try await bobs.wait("what was never said") { bobs.seqs.count >= 3 }
      // The live path works again, and in the end leads to members only.
      var seq = 3
      var isHeardByEve = true
      while isHeardByEve, seq < 30 {
        seq += 1
        let answer = try await ann.api.post(
          "/api/messages", ["conversationId": .string(room.description), "body": "live"])
        try answer.expect(201)
        try await bobs.wait("the live one") { bobs.seqs.contains(seq) }
        // What was sent to her before this answer has come.
        _ = try await eves.emit("no such event", [:])
        isHeardByEve = eves.seqs.contains(seq)
      }
      #expect(!isHeardByEve)
      #expect(bobs.seqs == Array(1...seq))
    }
  }
}
