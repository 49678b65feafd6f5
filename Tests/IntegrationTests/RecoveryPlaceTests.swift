import ChatKit
import JSON
import Networking
import Postgres
import Redis
import TestSupport
import Testing

/// A recovery at any offset that a client may have: with what came after it, or not at all. Clients here have always
/// received everything; they only say that they have not, as one does whose last packets were lost with the connection.
@Suite("Where a recovered client stands", .serialized)
struct RecoveryPlaceTests {
  /// Where the session is found.
  private enum Source: CaseIterable {
    case here, anotherGateway, deadGateway
  }

  private struct Scene: Sendable {
    let cluster: Cluster
    let ann: Person
    let loop: EventLoop
    let redis: RedisClient

    func room() async throws -> String {
      try await ann.api.post("/api/conversations", ["type": "group", "title": "a place", "participants": []])
        .expect(201).string("id")
    }

    func send(_ body: String, to room: String) async throws {
      _ = try await ann.api.post("/api/messages", ["conversationId": .string(room), "body": .string(body)]).expect(201)
    }

    /// A socket of the first gateway in these rooms.
    func socket(in rooms: [String]) async throws -> SocketClient {
      let socket = try await SocketClient.connect(to: cluster.gatewayPorts[0], token: ann.token, loop: loop)
      for room in rooms { try await join(socket, room) }
      return socket
    }

    func join(_ socket: SocketClient, _ room: String) async throws {
      guard try await socket.join(room, afterSeq: 0)["ok"]?.bool == true else { throw TestFailure("no join") }
    }

    /// An answered request: what was sent before it has come, and what was written down before it is on its way.
    func settle(_ socket: SocketClient) async throws { _ = try await socket.emit("no such event", [:]) }

    /// Cuts the sockets; returns the gateway to come back to.
    func cut(_ sockets: [SocketClient], _ source: Source) async throws -> UInt16 {
      for socket in sockets { try await settle(socket) }
      if source == .deadGateway {
        try await cluster.gateways[0].process.killNow()
      } else {
        for socket in sockets { socket.cut() }
      }
      return cluster.gatewayPorts[source == .here ? 0 : 1]
    }

    func comeBack(_ socket: SocketClient, to port: UInt16, at offset: String?) async throws -> SocketClient {
      let again = try await SocketClient.connect(
        to: port, token: ann.token, recovering: socket, at: offset, loop: loop)
      try await settle(again)
      return again
    }
  }

  private func withScene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
    try await withLoop { loop in
      let cluster = try await Cluster(loop: loop, bus: .redis)
      let redis = RedisClient(RedisConfiguration(.unix(cluster.servers.redisSocket)), loop: loop)
      var failure: (any Error)?
      do {
        let ann = try await Stack.register("ann", with: APIClient(port: cluster.apiPort, loop: loop))
        try await body(Scene(cluster: cluster, ann: ann, loop: loop, redis: redis))
      } catch {
        failure = error
      }
      redis.close()
      await cluster.stop()
      if let failure { throw failure }
    }
  }

  private struct Said {
    var room: String
    var body: String
  }

  /// What has come of a room, each message's body.
  private static func bodies(_ socket: SocketClient, _ room: String) -> [String] {
    socket.events.filter { $0.argument["conversationId"]?.string == room }.compactMap { $0.argument["body"]?.string }
  }

  @Test("whatever it has read, it is sent exactly the rest, by any gateway, of a dead one too")
  func everyOffset() async throws {
    try await withScene { scene in
      for source in Source.allCases {
        let rooms = [try await scene.room(), try await scene.room()]
        var sockets: [SocketClient] = []
        for _ in 0...6 { sockets.append(try await scene.socket(in: rooms)) }
        let starts = sockets.map(\.offset)
        var said: [Said] = []
        for index in 0..<6 {
          said.append(Said(room: rooms[index % 2], body: "m\(index)"))
          try await scene.send("m\(index)", to: rooms[index % 2])
          // One after the other, so that each client has them in this order.
          for socket in sockets { try await socket.wait("the message") { socket.bodies.count == said.count } }
        }
        let port = try await scene.cut(sockets, source)
        for (read, socket) in sockets.enumerated() {
          let offset = read == 0 ? starts[0] : socket.events[read - 1].offset
          let again = try await scene.comeBack(socket, to: port, at: read == 0 ? starts[read] : offset)
          #expect(again.isRecovered && again.id == socket.id, "\(source), \(read) read")
          // The rooms go on.
          said.append(Said(room: rooms[read % 2], body: "after \(read)"))
          try await scene.send("after \(read)", to: rooms[read % 2])
          try await again.wait("what follows") { again.bodies.last == "after \(read)" }
          for room in rooms {
            let lacking = said.dropFirst(read).filter { $0.room == room }.map(\.body)
            #expect(Self.bodies(again, room) == lacking, "\(source), \(read) read")
          }
          again.cut()
        }
      }
    }
  }

  @Test("who does not know of a join of its session yet, or names a place that was never reached, is a new client")
  func uncertain() async throws {
    try await withScene { scene in
      for source in Source.allCases {
        let rooms = [try await scene.room(), try await scene.room()]
        try await scene.send("before the join", to: rooms[1])
        let early = try await scene.socket(in: [rooms[0]])
        let beforeJoin = early.offset
        try await scene.join(early, rooms[1])
        #expect(early.bodies == ["before the join"])
        let beyond = try await scene.socket(in: rooms)
        var offset = try #require(beyond.offset.flatMap { RecoveryOffset($0) })
        offset.ordinal += 1000
        let port = try await scene.cut([early, beyond], source)
        for (socket, offset) in [(early, beforeJoin), (beyond, offset.text)] {
          let again = try await scene.comeBack(socket, to: port, at: offset)
          #expect(!again.isRecovered && again.id != socket.id, "\(source), at \(offset ?? "none")")
          #expect(again.bodies == [])
          again.cut()
        }
        if source == .deadGateway { return }
      }
    }
  }

  @Test("of a dead gateway whose record is not whole, or has a hole, nothing is taken", arguments: ["whole", "hole"])
  func damaged(_ damage: String) async throws {
    try await withScene { scene in
      let room = try await scene.room()
      let socket = try await scene.socket(in: [room])
      for index in 0..<3 {
        try await scene.send("m\(index)", to: room)
        try await socket.wait("the message") { socket.bodies.count == index + 1 }
        try await scene.settle(socket)
      }
      let places = socket.events.compactMap { $0.offset.flatMap { RecoveryOffset($0) } }
      let port = try await scene.cut([socket], .deadGateway)
      let key = "chatd:recovery:\(places[0].hub)"
      let removed =
        damage == "whole"
        ? try await scene.redis.send("HDEL", key, "whole")
        : try await scene.redis.send("XDEL", "\(key):log", "\(places[1].ordinal)-0")
      #expect(removed.integer == 1)
      // It has read the first; the second is what the hole hides.
      let again = try await scene.comeBack(socket, to: port, at: places[0].text)
      #expect(!again.isRecovered)
      #expect(again.bodies == [])
      #expect(try await again.join(room, afterSeq: 1)["replayed"]?.int == 2)
    }
  }

  @Test("who is cut while it joins a room again is a new client: how much of it has come is not known")
  func rejoining() async throws {
    try await withScene { scene in
      let pool = PostgresPool(
        PostgresConfiguration(connectionString: scene.cluster.servers.postgresConnectionString), loop: scene.loop)
      let room = try await scene.room()
      let socket = try await scene.socket(in: [room])
      for index in 0..<3 { try await scene.send("m\(index)", to: room) }
      try await socket.wait("three") { socket.bodies.count == 3 }
      let again = try await pool.transaction { transaction in
        _ = try await transaction.query("LOCK TABLE participants IN ACCESS EXCLUSIVE MODE")
        socket.tell("join", ["conversationId": .string(room), "afterSeq": 1])
        try await eventually("a join that waits for the store") {
          try await transaction.query(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'participants'::regclass")[0]
            .decode(Int64.self) > 0
        }
        socket.cut()
        return try await scene.comeBack(socket, to: scene.cluster.gatewayPorts[1], at: nil)
      }
      #expect(!again.isRecovered)
      #expect(try await again.join(room, afterSeq: 1)["replayed"]?.int == 2)
      await pool.close()
    }
  }
}
