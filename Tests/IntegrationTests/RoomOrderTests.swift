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

    /// Stores messages of which no event is left.
    func store(_ count: Int, in room: UUID, by person: Person) async throws -> [Message] {
      guard let sender = UUID(person.id) else { throw TestFailure("no identifier") }
      let found = Collected()
      let writer = MessageWriter(store: pool, loop: loop) { found.messages += $0.map(\.message) }
      for n in 1...count {
        _ = try await writer.write(MessageDraft(conversationId: room, senderId: sender, body: "\(n)"))
      }
      _ = try await pool.query("DELETE FROM outbox WHERE conversation_id = $1", room)
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
      // The live path works again, and leads to members only.
      let answer = try await ann.api.post(
        "/api/messages", ["conversationId": .string(room.description), "body": "live"])
      try answer.expect(201)
      try await bobs.wait("the live one") { bobs.seqs.contains(4) }
      #expect(bobs.seqs == [1, 2, 3, 4])
      #expect(!eves.bodies.contains("live"))
    }
  }
}
