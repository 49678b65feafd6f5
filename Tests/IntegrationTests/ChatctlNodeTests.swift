import ChatKit
import JSON
import Networking
import Redis
import TestSupport
import Testing

/// An installation of a test's own, whose gateways it may drain and kill.
private struct OwnInstallation {
  let stack: Stack
  let tool: Tool
  let presence: Chatd
  let servers: EmbeddedServers

  static func with(_ body: @escaping @Sendable (OwnInstallation) async throws -> Void) async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      var installation = try Installation(servers)
      installation.loops = 2
      installation.options = ["--presence-ttl", "600s", "--presence-grace", "500ms"]
      let api = try await installation.start("api")
      let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
      let presence = try await installation.start("presence")
      let own = OwnInstallation(
        stack: Stack(api: api, gateways: gateways, loop: loop), tool: Tool(installation: installation),
        presence: presence, servers: servers)
      var failure: (any Error)?
      do { try await body(own) } catch { failure = error }
      for chatd in gateways + [presence, api] { _ = try? await chatd.process.stop() }
      await servers.stop()
      if let failure { throw failure }
    }
  }

  /// The node that a process is, as `node list` has it.
  func node(_ chatd: Chatd) async throws -> JSONValue? {
    try await tool.json(["node", "list"]).array?.first {
      $0["node"]?.string?.hasSuffix("/\(chatd.process.pid)") == true
    }
  }
}

@Suite("chatctl node and presence")
struct ChatctlNodeTests {
  @Test("a gateway is drained of its sockets at a rate, takes no new ones, and serves again when it is told to")
  func drain() async throws {
    try await OwnInstallation.with { own in
      let (stack, tool) = (own.stack, own.tool)
      let listed = try await tool.json(["node", "list"])
      #expect(listed.array?.compactMap { $0["role"]?.string }.sorted() == ["api", "gateway", "gateway", "presence"])
      let people = [try await stack.person(), try await stack.person()]
      var drained: [SocketClient] = []
      for index in 0..<20 { drained.append(try await stack.socket(people[index % 2], gateway: 0)) }
      let kept = try await stack.socket(people[0], gateway: 1)
      let id = try #require(try await own.node(stack.gateways[0])?["id"]?.string)
      #expect(try await tool.run(["node", "drain", "no-such-node"], code: 1).contains("there is no node"))
      #expect(try await tool.run(["node", "drain", id, "--dry-run"]).contains("would drain"))

      let clock = ContinuousClock()
      let started = clock.now
      let drain = try await tool.start(["node", "drain", id, "--rate", "10"])
      try await drain.waitForLine(containing: "is not ready any more")
      // Nobody else gets in, by whatever transport, and the others are let go of one after the other.
      await #expect(throws: Cut.self) { _ = try await stack.socket(people[1], gateway: 0) }
      for socket in drained { try await socket.waitForClose() }
      #expect(clock.now - started > .milliseconds(1500))
      #expect(try await drain.waitForExit() == .code(0))
      #expect(drain.output.contains("is empty"))
      #expect(!kept.isClosed)
      #expect(try await own.node(stack.gateways[0])?["state"]?.string == "drained")
      // What is served over HTTP goes on; a second drain has nothing to do.
      _ = try await APIClient(port: stack.gateways[0].port, loop: stack.loop).get("/health").expect(200)
      try await tool.run(["node", "drain", String(id.prefix(30))])

      try await tool.run(["node", "undrain", id])
      try await eventually("ready") { try await own.node(stack.gateways[0])?["state"]?.string == "ready" }
      let back = try await stack.socket(people[1], gateway: 0)
      #expect(!back.isClosed)
    }
  }

  @Test("who is online is listed, counted, watched, compared with the sockets, and put out")
  func presence() async throws {
    try await OwnInstallation.with { own in
      let (stack, tool) = (own.stack, own.tool)
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let watch = try await tool.start(["presence", "watch", "--limit", "2", "-o", "ndjson"])
      try await watch.waitForLine(containing: "watching everybody")
      _ = try await stack.socket(ann, gateway: 0)
      let second = try await stack.socket(ann, gateway: 1)
      try await watch.waitForLine(containing: ann.name)
      let bobs = try await stack.socket(bob, gateway: 1)
      #expect(try await watch.waitForExit() == .code(0))
      #expect(watch.output.contains("\"status\":\"online\",\"username\":\"\(bob.name)\""))

      let listed = try await tool.json(["presence", "list"])
      #expect(listed.array?.compactMap { $0["username"]?.string }.sorted() == [ann.name, bob.name].sorted())
      let count = try await tool.json(["presence", "count"])
      #expect(count["online"]?.int == 2 && count["leases"]?.int == 3 && count["overdue"]?.int == 0)
      let clean = try await tool.run(["presence", "verify"])
      #expect(clean.contains("3 sockets of 4 gateway loops") && clean.contains("0 ghosts, 0 missing"))

      // A gateway is killed: its leases have no sockets until they end.
      try await stack.gateways[1].process.killNow()
      let found = try await tool.run(["presence", "verify", "-o", "ndjson"], code: 1)
      #expect(found.contains("2 ghosts, 0 missing"))
      #expect(found.split(separator: "\n").count { $0.contains("\"finding\":\"ghost\"") } == 2)
      #expect(try await tool.run(["presence", "list", bob.name]).contains("online"))
      #expect(try await tool.run(["presence", "kick", "--ghosts"], code: 64).contains("--yes"))
      #expect(try await tool.run(["presence", "kick", "--ghosts", "--yes"]).contains(bob.name))
      #expect(try await tool.run(["presence", "verify"]).contains("0 ghosts"))
      try await eventually("bob is offline") {
        try await tool.run(["presence", "count", "-o", "json"]).contains("\"online\":1")
      }
      #expect(try await tool.run(["presence", "list", bob.name], code: 1).contains("there is no user"))
      #expect(second.isClosed && bobs.isClosed)

      let third = try await stack.socket(bob, gateway: 0)
      #expect(try await tool.json(["presence", "kick", bob.name, "--yes"])[0]?["sockets"]?.int == 1)
      try await third.waitForClose()
      #expect(try await tool.run(["presence", "kick"], code: 64).contains("name users"))
    }
  }

  @Test("a socket without a lease is missing; a gateway that does not answer is said, and its sockets are not put out")
  func missing() async throws {
    try await OwnInstallation.with { own in
      let (stack, tool) = (own.stack, own.tool)
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let socket = try await stack.socket(ann, gateway: 0)
      let frozen = try await stack.socket(bob, gateway: 1)
      try await eventually("both have leases") {
        try await tool.run(["presence", "verify"]).contains("2 sockets of 4 gateway loops, 2 leases")
      }
      // As of a Redis that has lost what it was told last.
      let redis = RedisClient(
        try #require(RedisConfiguration(url: "unix://\(own.servers.redisSocket)")), loop: stack.loop)
      let leases = try await redis.send("ZRANGE", "presence:leases", 0, -1).array?.compactMap(\.string) ?? []
      let lost = try #require(leases.first { $0.hasPrefix(ann.id) })
      _ = try await redis.send("ZREM", "presence:leases", lost)
      redis.close()
      let found = try await tool.run(["presence", "verify", "-o", "ndjson"], code: 1)
      #expect(found.contains("0 ghosts, 1 missing"))
      #expect(found.contains("\"finding\":\"missing\"") && found.contains(ann.name))

      stack.gateways[1].process.signal(19)
      let silent = try await tool.run(["presence", "verify", "--wait", "1s"], code: 1)
      #expect(silent.contains("did not answer"), "\(silent)")
      let refused = try await tool.run(["presence", "kick", "--ghosts", "--wait", "1s", "--yes"], code: 1)
      #expect(refused.contains("did not answer"), "\(refused)")
      stack.gateways[1].process.signal(18)
      #expect(!frozen.isClosed && !socket.isClosed)
    }
  }
}
