import ChatKit
import JSON
import Networking
import Primitives
import TestSupport
import Testing

/// An API, two gateways and two of the role presence, with short times, on servers of their own.
private struct PresenceStack {
  let stack: Stack
  let presence: [Chatd]
  let servers: EmbeddedServers
  let installation: Installation
  let loop: EventLoop

  static func with(
    ttl: String = "2s", _ body: @escaping @Sendable (PresenceStack) async throws -> Void
  ) async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      var installation = try Installation(servers)
      installation.options = [
        "--presence-ttl", ttl, "--presence-grace", "500ms", "--presence-sweep-interval", "200ms",
        "--presence-max-members", "3", "--presence-max-subscriptions", "2",
      ]
      let api = try await installation.start("api")
      let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
      let presence = [try await installation.start("presence"), try await installation.start("presence")]
      let stack = PresenceStack(
        stack: Stack(api: api, gateways: gateways, loop: loop), presence: presence, servers: servers,
        installation: installation, loop: loop)
      var failure: (any Error)?
      do { try await body(stack) } catch { failure = error }
      for chatd in gateways + presence + [api] { _ = try? await chatd.process.stop() }
      await servers.stop()
      if let failure { throw failure }
    }
  }

  /// The number of a query's rows, or its one number, with psql.
  func sql(_ text: String) async throws -> String {
    let result = try await TestProcess.run(
      "\(servers.postgresPrograms ?? "")/psql", ["-X", "-q", "-A", "-t", "-c", text, servers.postgresConnectionString])
    return String(result.output.split(separator: "\n").first ?? "")
  }
}

extension SocketClient {
  /// What it was told of a user, in its order.
  fileprivate func told(of person: Person) -> [String] {
    events.filter { $0.name == "presence" && $0.argument["userId"]?.string == person.id }
      .compactMap { $0.argument["status"]?.string }
  }

  fileprivate func waitForPresence(
    _ statuses: [String], of person: Person, within limit: Duration = .seconds(15)
  ) async throws {
    try await wait("\(person.name) \(statuses)", within: limit) { told(of: person) == statuses }
  }
}

@Suite("Who is online", .serialized)
struct PresenceTests {
  @Test("of two of whom one blocks the other neither is told of the other, in a room with others too, from then on")
  func blocks() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let carol = try await stack.person("carol")
      let id = try await stack.group(ann, [bob, carol])
      let a = try await stack.joined(ann, id, gateway: 0)
      let c = try await stack.joined(carol, id, gateway: 1)
      let first = try await stack.socket(bob, gateway: 1)
      try await a.waitForPresence(["online"], of: bob)
      try await c.waitForPresence(["online"], of: bob)
      #expect(try await ann.api.request("PUT", "/api/users/\(bob.id)/block").status == 204)
      first.cut()
      try await c.waitForPresence(["online", "offline"], of: bob)
      let second = try await stack.socket(bob, gateway: 0)
      try await c.waitForPresence(["online", "offline", "online"], of: bob)
      #expect(a.told(of: bob) == ["online"])
      #expect(try await ann.api.delete("/api/users/\(bob.id)/block").status == 204)
      second.cut()
      try await c.waitForPresence(["online", "offline", "online", "offline"], of: bob)
      try await a.waitForPresence(["online", "offline"], of: bob)
    }
  }

  @Test("members of a conversation are told who comes and goes, whichever gateway; a device more is no news")
  func members() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let carol = try await stack.person("carol")
      let id = try await stack.group(ann, [bob])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.socket(bob, gateway: 1)
      try await a.waitForPresence(["online"], of: bob)
      #expect(try await ann.api.get("/status/\(bob.id)").expect(200).string("status") == "online")
      let all = try await bob.api.get("/api/conversations/\(id)/presence").expect(200)
      #expect(try all.int("members") == 2 && all.int("online") == 2)
      #expect(all["statuses"]?.count == 2)

      // Another device, and a name that only gives a sign over HTTP: bob is there until all have gone.
      let phone = try await stack.socket(bob, gateway: 0)
      b.cut()
      let beat = try await bob.api.post("/heartbeat", ["deviceId": "watch"]).expect(200)
      #expect(try beat.int("ttl") == 2)
      phone.cut()
      try await presence.loop.sleep(for: .milliseconds(1200))
      #expect(a.told(of: bob) == ["online"])
      // The watch gives no sign any more.
      try await a.waitForPresence(["online", "offline"], of: bob)
      let status = try await ann.api.get("/status/\(bob.id)").expect(200)
      #expect(try status.string("status") == "offline")
      let lastSeen = try #require(Timestamp(rfc3339: try status.string("lastSeen")))
      #expect(Timestamp.now() - lastSeen < .seconds(30))
      #expect(try await ann.api.get("/api/users/\(bob.id)").expect(200)["id"]?.string == bob.id)

      // Back within the grace: no news.
      let back = try await stack.socket(bob, gateway: 1)
      try await a.waitForPresence(["online", "offline", "online"], of: bob)
      back.cut()
      try await presence.loop.sleep(for: .milliseconds(100))
      let again = try await stack.socket(bob, gateway: 0)
      try await presence.loop.sleep(for: .milliseconds(1500))
      #expect(a.told(of: bob) == ["online", "offline", "online"])
      // Whoever shares nothing sees nothing.
      ProblemExpectation.check(try await carol.api.get("/status/\(bob.id)"), 404, "not_found")
      ProblemExpectation.check(try await carol.api.get("/api/conversations/\(id)/presence"), 404, "not_found")
      let batch = try await carol.api.post(
        "/status/batch", ["userIds": [.string(ann.id), .string(bob.id), .string(carol.id)]]
      ).expect(200)
      #expect(batch["statuses"]?.count == 1 && batch["statuses"]?[0]?["userId"]?.string == carol.id)
      ProblemExpectation.check(try await carol.api.post("/status/batch", ["userIds": []]), 400, "invalid_request")
      ProblemExpectation.check(
        try await carol.api.post("/heartbeat", ["deviceId": "no spaces please"]), 400, "invalid_request")
      // Each edge was said once, by either of the two.
      #expect(try await presence.sql("SELECT count(*) FROM presence WHERE is_online") != "0")
      #expect(Set(a.events.filter { $0.name == "presence" }.compactMap { $0.argument["version"]?.int }).count == 3)
      again.cut()
    }
  }

  @Test("a socket subscribes to whom it may see, to a limit, and no longer than it may")
  func subscriptions() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let people = [
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("carol"),
        try await stack.person("dave"), try await stack.person("eve"),
      ]
      let (ann, bob, carol, dave, eve) = (people[0], people[1], people[2], people[3], people[4])
      let pair = try await stack.group(ann, [bob])
      _ = try await stack.group(ann, [carol])
      _ = try await stack.group(ann, [dave])
      let a = try await stack.socket(ann, gateway: 0)
      let none = try await a.emit("presence:subscribe", ["userIds": [.string(eve.id)]])
      #expect(none["ok"]?.bool == true && none["statuses"]?.count == 0)
      let ack = try await a.emit(
        "presence:subscribe", ["userIds": [.string(bob.id), .string(carol.id), .string(eve.id)]])
      #expect(ack["statuses"]?.count == 2 && ack["statuses"]?[0]?["status"]?.string == "offline")
      let more = try await a.emit("presence:subscribe", ["userIds": [.string(dave.id)]])
      #expect(more["error"]?["code"]?.string == "overloaded")
      _ = try await a.emit("presence:unsubscribe", ["userIds": [.string(carol.id)]])
      let b = try await stack.socket(bob, gateway: 1)
      let c = try await stack.socket(carol, gateway: 1)
      let e = try await stack.socket(eve, gateway: 1)
      try await a.waitForPresence(["online"], of: bob)
      // Not in the room: the members of a conversation are told of only after a join.
      let refused = try await a.emit("presence:subscribe", ["conversationId": .string(pair)])
      #expect(refused["error"]?["code"]?.string == "forbidden")
      #expect(try await a.join(pair)["ok"]?.bool == true)
      let members = try await a.emit("presence:subscribe", ["conversationId": .string(pair)])
      #expect(members["online"]?.int == 2)
      // Bob leaves the only conversation that they share.
      _ = try await bob.api.delete("/api/conversations/\(pair)/participants/\(bob.id)").expect(204)
      try await eventually("the end of what ann may see") {
        try await ann.api.get("/status/\(bob.id)").status == 404
      }
      // The gateways check it as soon as they hear of it.
      try await presence.loop.sleep(for: .milliseconds(500))
      b.cut()
      try await eventually("bob offline") {
        try await presence.sql("SELECT count(*) FROM presence WHERE user_id = '\(bob.id)' AND NOT is_online") == "1"
      }
      try await presence.loop.sleep(for: .milliseconds(500))
      #expect(a.told(of: bob) == ["online"] && a.told(of: carol).isEmpty && a.told(of: eve).isEmpty)
      for socket in [c, e] { socket.cut() }
    }
  }

  @Test("a conversation with many members tells how many are online, and nothing of each")
  func large() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let ann = try await stack.person("ann")
      var others: [Person] = []
      for name in ["b", "c", "d"] { others.append(try await stack.person(name)) }
      let id = try await stack.group(ann, others)
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.joined(others[0], id, gateway: 1)
      try await eventually("both recorded") {
        try await presence.sql("SELECT count(*) FROM presence WHERE is_online") == "2"
      }
      let answer = try await ann.api.get("/api/conversations/\(id)/presence").expect(200)
      #expect(try answer.int("members") == 4 && answer.int("online") == 2)
      #expect(answer["statuses"] == nil)
      ProblemExpectation.check(try await ann.api.get("/status/\(others[0].id)"), 404, "not_found")
      let ack = try await a.emit("presence:subscribe", ["conversationId": .string(id)])
      #expect(ack["online"]?.int == 2 && ack["statuses"] == nil)
      #expect(a.told(of: others[0]).isEmpty)
      // One goes, and it is small enough.
      _ = try await ann.api.delete("/api/conversations/\(id)/participants/\(others[2].id)").expect(204)
      try await presence.loop.sleep(for: .milliseconds(500))
      b.cut()
      try await a.waitForPresence(["offline"], of: others[0])
    }
  }

  @Test("the sockets of a gateway that was killed end when their time is up, and not those of another")
  func gatewayKilled() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let carol = try await stack.person("carol")
      let id = try await stack.group(ann, [bob, carol])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.socket(bob, gateway: 1)
      let c = try await stack.socket(carol, gateway: 0)
      try await a.waitForPresence(["online"], of: bob)
      try await a.waitForPresence(["online"], of: carol)
      #expect(try await presence.sql("SELECT count(*) FROM nodes WHERE lease_until > now()") == "5")
      #expect(
        try await presence.sql("SELECT string_agg(role, ' ' ORDER BY role) FROM nodes")
          == "api gateway gateway presence presence")
      let killed = presence.loop.now
      try await stack.gateways[1].process.killNow()
      try await a.waitForPresence(["online", "offline"], of: bob)
      let waited = Duration.nanoseconds(Int64(presence.loop.now - killed))
      // A third of the TTL may have passed since its last renewal.
      #expect(waited > .milliseconds(1200))
      #expect(a.told(of: carol) == ["online"])
      _ = (b, c)
      // The one of the two that published is killed as well; the other goes on.
      try await presence.presence[0].process.killNow()
      c.cut()
      try await a.waitForPresence(["online", "offline"], of: carol)
      _ = try await presence.presence[1].process.stop()
      #expect(
        try await presence.sql("SELECT count(*) FROM nodes WHERE pid = \(presence.presence[1].process.pid)") == "0")
    }
  }

  @Test("Redis emptied makes nobody come or go; who goes while it is away is missed all the same")
  func redisEmptied() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let carol = try await stack.person("carol")
      let id = try await stack.group(ann, [bob, carol])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.joined(bob, id, gateway: 1)
      let c = try await stack.socket(carol, gateway: 1)
      try await a.waitForPresence(["online"], of: bob)
      try await a.waitForPresence(["online"], of: carol)
      try await presence.servers.kill(.redis)
      c.cut()
      #expect(try await ann.api.get("/status/\(bob.id)").expect(200).string("status") == "online")
      try await presence.servers.restart(.redis, wipe: true)
      try await a.waitForPresence(["online", "offline"], of: carol, within: .seconds(30))
      #expect(a.told(of: bob) == ["online"], "\(a.told(of: bob))")
      #expect(!b.isClosed, "\(b)")
      #expect(try await ann.api.get("/status/\(bob.id)").expect(200).string("status") == "online")
      b.cut()
      try await a.waitForPresence(["online", "offline"], of: bob)
    }
  }

  @Test("typing ends by itself after five seconds, though the one who typed is cut or the gateway killed")
  func typing() async throws {
    try await PresenceStack.with { presence in
      let stack = presence.stack
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.joined(bob, id, gateway: 1)
      let states = { a.events.filter { $0.name == "typing" }.compactMap { $0.argument["isTyping"]?.bool } }
      _ = try await b.emit("typing", ["conversationId": .string(id)])
      try await a.wait("typing") { states() == [true] }
      let started = presence.loop.now
      try await stack.gateways[1].process.killNow()
      try await a.wait("the end of typing") { states() == [true, false] }
      #expect(presence.loop.now - started > 4_000_000_000)
      // Who says it again is typing on; who says that it is over is not told of twice.
      for _ in 0..<2 {
        _ = try await bob.api.post("/api/conversations/\(id)/typing", ["isTyping": true]).expect(204)
        try await presence.loop.sleep(for: .milliseconds(300))
      }
      _ = try await bob.api.post("/api/conversations/\(id)/typing", ["isTyping": false]).expect(204)
      try await a.wait("both") { states() == [true, false, true, true, false] }
      try await presence.loop.sleep(for: .milliseconds(5500))
      #expect(states() == [true, false, true, true, false])
    }
  }
}

/// A problem with a code.
private enum ProblemExpectation {
  static func check(_ answer: Answer, _ status: Int, _ code: String, location: SourceLocation = #_sourceLocation) {
    #expect(throws: Never.self, sourceLocation: location) {
      let problem = try ProblemAnswer(answer, status)
      #expect(problem.code == code, sourceLocation: location)
    }
  }
}
