import ChatKit
import Glibc
import JSON
import Networking
import Redis
import TestSupport
import Testing

/// The invariant's hard cases: in a busy room the next message shows up the loss of the last one. In a quiet room nothing
/// does, so each part of the way must hand on what it has by itself.
@Suite("The last word of a room", .serialized)
struct LastWordTests {
  @Test(
    "reaches the members of one gateway though the other is killed with it in hand, and nobody says anything more",
    .timeLimit(.minutes(3)))
  func gatewayKilled() async throws {
    let seed = try SeededGenerator.seedOfThisRun()
    print("CHATD_TEST_SEED=\(seed)")
    try await withCluster { cluster, ann in
      var random = SeededGenerator(seed: seed)
      let loop = cluster.loop
      for round in 0..<6 {
        // Rooms in many partitions, so that either gateway consumes some; a member of each on the gateway that stays.
        let victim = round % 2
        let rooms = try await Self.rooms(12, ann)
        let socket = try await SocketClient.connect(
          to: cluster.gatewayPorts[1 - victim], token: ann.token, loop: loop)
        for room in rooms { #expect(try await socket.join(room)["ok"]?.bool == true) }
        let senders = rooms.map { room in
          loop.start {
            let api = APIClient(port: cluster.apiPort, loop: loop, token: ann.token)
            defer { api.close() }
            let answer = try? await api.post(
              "/api/messages", ["conversationId": .string(room), "body": "the last word"])
            #expect(answer?.status == 201)
          }
        }
        try await loop.sleep(for: .milliseconds(Int64.random(in: 1...25, using: &random)))
        try await cluster.killGateway(victim, away: .milliseconds(200))
        for sender in senders { await sender.value }
        do {
          try await socket.wait("the last words", within: .seconds(25)) { socket.seqs.count >= rooms.count }
        } catch {
          throw TestFailure("CHATD_TEST_SEED=\(seed), round \(round): \(socket.seqs.count) of \(rooms.count): \(error)")
        }
        let heard = Set(socket.events.compactMap { $0.argument["conversationId"]?.string })
        #expect(heard == Set(rooms), "CHATD_TEST_SEED=\(seed), round \(round)")
        #expect(socket.seqs.count == rooms.count, "CHATD_TEST_SEED=\(seed), round \(round): something came twice")
        socket.cut()
      }
    }
  }

  /// The same without luck: the gateway has read the messages and cannot say them to the rooms. Only what it has not told
  /// the bus that it is done with is given to another; nothing else would tell these rooms.
  @Test("reaches everybody though a gateway dies that has read it and could not say it", .timeLimit(.minutes(2)))
  func readAndNotSaid() async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      let proxy = try RedisProxy(to: SocketAddress(.unix(servers.redisSocket)), loop: loop) {
        $0.contains("PUBLISH") && $0.contains("message:new")
      }
      let installation = try Installation(servers)
      let api = try await installation.start("api")
      let victim = try await installation.start("gateway", redis: "redis://127.0.0.1:\(proxy.port)")
      let gateway = try await installation.start("gateway")
      func body() async throws {
        let ann = try await Stack.register("ann", with: APIClient(port: api.port, loop: loop))
        let socket = try await SocketClient.connect(to: gateway.port, token: ann.token, loop: loop)
        proxy.holds = true
        // Until one of them is in a partition of the victim's.
        var count = 0
        while proxy.heldCount == 0 {
          guard count < 200 else { throw TestFailure("the gateway has read nothing") }
          let room = try await Self.rooms(1, ann)[0]
          guard try await socket.join(room)["ok"]?.bool == true else { throw TestFailure("no join") }
          _ = try await ann.api.post(
            "/api/messages", ["conversationId": .string(room), "body": "the last word"]
          ).expect(201)
          count += 1
          // It comes the one way or the other.
          try await eventually("the message, or its gateway that cannot say it") {
            proxy.heldCount > 0 || socket.seqs.count == count
          }
        }
        #expect(socket.seqs.count == count - 1)
        try await victim.process.killNow()
        try await socket.wait("the last word", within: .seconds(25)) { socket.seqs.count == count }
      }
      var failure: (any Error)?
      do { try await body() } catch { failure = error }
      for chatd in [victim, gateway, api] { _ = try? await chatd.process.stop() }
      proxy.close()
      await servers.stop()
      if let failure { throw failure }
    }
  }

  @Test("that was said while Redis was away comes when it is back, empty", .timeLimit(.minutes(2)))
  func redisAway() async throws {
    try await withCluster { cluster, ann in
      let loop = cluster.loop
      let rooms = try await Self.rooms(8, ann)
      var sockets: [SocketClient] = []
      for port in cluster.gatewayPorts {
        let socket = try await SocketClient.connect(to: port, token: ann.token, loop: loop)
        for room in rooms { #expect(try await socket.join(room)["ok"]?.bool == true) }
        sockets.append(socket)
      }
      try await cluster.servers.kill(.redis)
      for room in rooms {
        _ = try await ann.api.post(
          "/api/messages", ["conversationId": .string(room), "body": "the last word"]
        ).expect(201)
      }
      try await cluster.servers.restart(.redis, wipe: true)
      for socket in sockets {
        try await socket.wait("the last words", within: .seconds(25)) { socket.seqs.count >= rooms.count }
      }
      // The relay publishes them as well, later: nobody must have them twice.
      try await eventually(within: .seconds(20), "an empty outbox") {
        try await cluster.sql("SELECT count(*) FROM outbox") == "0"
      }
      for socket in sockets {
        _ = try await socket.emit("leave", ["conversationId": .string(rooms[0])])
        #expect(socket.seqs.count == rooms.count)
      }
    }
  }

  /// What the bus repeats is dropped by everybody: the stream is read again from its beginning.
  @Test("is said once, however often the bus repeats it", .timeLimit(.minutes(2)))
  func repeated() async throws {
    try await withCluster { cluster, ann in
      let loop = cluster.loop
      let room = try await Self.rooms(1, ann)[0]
      var sockets: [SocketClient] = []
      for port in cluster.gatewayPorts {
        let socket = try await SocketClient.connect(to: port, token: ann.token, loop: loop)
        #expect(try await socket.join(room)["ok"]?.bool == true)
        sockets.append(socket)
      }
      for index in 1...5 {
        _ = try await ann.api.post(
          "/api/messages", ["conversationId": .string(room), "body": .string("m\(index)")]
        ).expect(201)
      }
      for socket in sockets { try await socket.wait("five") { socket.seqs.count >= 5 } }
      let redis = RedisClient(RedisConfiguration(.unix(cluster.servers.redisSocket)), loop: loop)
      defer { redis.close() }
      for partition in 0..<8 {
        let stream = "chat.events:\(partition)"
        for entry in try await redis.xrange(stream, count: 1000) {
          for field in entry.fields { _ = try await redis.send("XADD", stream, "*", field.name, field.value) }
        }
      }
      _ = try await ann.api.post("/api/messages", ["conversationId": .string(room), "body": "behind them"]).expect(201)
      for socket in sockets {
        try await socket.wait("what is behind them") { socket.bodies.last == "behind them" }
        #expect(socket.seqs == [1, 2, 3, 4, 5, 6])
      }
    }
  }

  private func withCluster(_ body: @escaping @Sendable (Cluster, Person) async throws -> Void) async throws {
    try await withLoop { loop in
      let cluster = try await Cluster(loop: loop, bus: .redis)
      var failure: (any Error)?
      do {
        let client = APIClient(port: cluster.apiPort, loop: loop)
        try await body(cluster, try await Stack.register("ann", with: client))
      } catch {
        failure = error
      }
      await cluster.stop()
      if let failure { throw failure }
    }
  }

  private static func rooms(_ count: Int, _ person: Person) async throws -> [String] {
    var rooms: [String] = []
    for _ in 0..<count {
      rooms.append(
        try await person.api.post("/api/conversations", ["type": "group", "title": "quiet", "participants": []])
          .expect(201).string("id"))
    }
    return rooms
  }
}
