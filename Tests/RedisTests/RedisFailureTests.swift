import ChatKit
import Networking
import Redis
import Synchronization
import TestSupport
import Testing

/// A Redis of the test's own, which may be killed.
private func withOwnRedis<Result: Sendable>(
  _ arguments: [String] = [],
  _ body: @escaping @Sendable (EmbeddedServers, EventLoop, RedisConfiguration) async throws -> Result
) async throws -> Result {
  var options = EmbeddedOptions()
  options.services = [.redis]
  options.isDurable = false
  options.redisArguments = ["--enable-debug-command", "yes"] + arguments
  let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
  do {
    let result = try await withLoop { loop in
      var configuration = RedisConfiguration(.unix(servers.redisSocket))
      // A restart takes its time where all tests run at once.
      configuration.commandTimeout = .seconds(60)
      return try await body(servers, loop, configuration)
    }
    await servers.stop()
    return result
  } catch {
    await servers.stop()
    throw error
  }
}

@Suite("Redis that fails")
struct RedisFailureTests {
  @Test("after a kill and a restart without data, commands go on and the new server is noticed")
  func restartedEmpty() async throws {
    try await withOwnRedis { servers, loop, configuration in
      let client = RedisClient(configuration, loop: loop)
      defer { client.close() }
      var seen: [(String, Int)] = []
      client.onConnect = { server, generation in seen.append((server.runID, generation)) }
      _ = try await client.send("SET", "a", 1)
      let blocked = loop.start { () -> RedisError? in
        do throws(RedisError) {
          _ = try await client.send("BLPOP", "none", 30)
          return nil
        } catch {
          return error
        }
      }
      try await servers.kill(.redis)
      let lost = await blocked.value
      #expect(lost?.code == .connectionLost)
      #expect(lost?.outcome == .unknown)
      // Called while there is no server: it waits for the next one.
      let waiting = loop.start { try? await client.send("GET", "a") }
      try await servers.restart(.redis, wipe: true)
      #expect(await waiting.value == .null)
      #expect(seen.count == 2)
      #expect(seen.map(\.1) == [1, 2])
      #expect(seen.first?.0.count == 40)
      #expect(seen.first?.0 != seen.last?.0)
      #expect(client.server?.version.isEmpty == false)
    }
  }

  @Test("a slow server times commands out; their late replies are not taken for others'")
  func slowServer() async throws {
    try await withOwnRedis { _, loop, configuration in
      var configuration = configuration
      configuration.commandTimeout = .milliseconds(300)
      let client = RedisClient(configuration, loop: loop)
      let other = RedisClient(configuration, loop: loop)
      defer { client.close() }
      defer { other.close() }
      try await eventually { (try? await client.ping()) != nil }
      other.post("DEBUG", "SLEEP", "0.4")
      try await eventually { other.queueCount > 0 }
      let error = await #expect(throws: RedisError.self) {
        // Comes behind the sleep of the other connection.
        while true { _ = try await client.send("ECHO", "early") }
      }
      #expect(error?.code == .timedOut)
      #expect(error?.outcome == .unknown)
      #expect(error?.isRetriable == true)
      try await eventually("an answer") {
        let reply = try? await client.send("ECHO", "late")
        #expect(reply == nil || reply?.string == "late")
        return reply != nil
      }
      #expect(client.generation == 1)
    }
  }

  @Test("a connection that stays silent is given up and made again")
  func deadConnection() async throws {
    try await withOwnRedis { servers, loop, configuration in
      var configuration = configuration
      configuration.commandTimeout = .milliseconds(60)
      let client = RedisClient(configuration, loop: loop)
      defer { client.close() }
      try await eventually { (try? await client.ping()) != nil }
      let pid = try #require(await servers.processID(of: .redis))
      let stop = try await TestProcess.run("/bin/kill", ["-STOP", "\(pid)"])
      #expect(stop.exit == .code(0))
      let error = await #expect(throws: RedisError.self) { try await client.ping() }
      #expect(error?.code == .timedOut)
      try await eventually("the end of the dead connection") { !client.isConnected }
      _ = try await TestProcess.run("/bin/kill", ["-CONT", "\(pid)"])
      try await eventually("the next connection") { (try? await client.ping()) != nil }
      #expect(client.generation >= 2)
    }
  }

  @Test("a wrong password is an error at once; the right one works, also after a restart")
  func passwords() async throws {
    try await withOwnRedis { _, loop, configuration in
      let admin = RedisClient(configuration, loop: loop)
      _ = try await admin.send("CONFIG", "SET", "requirepass", "s3cret")
      admin.close()
      var wrong = configuration
      wrong.password = "other"
      let refused = RedisClient(wrong, loop: loop)
      let error = await #expect(throws: RedisError.self) { try await refused.ping() }
      #expect(error?.code == .notAuthenticated)
      #expect(error?.outcome == .notSent)
      refused.close()
      var right = configuration
      right.password = "s3cret"
      right.database = 3
      right.clientName = "tester"
      let client = RedisClient(right, loop: loop)
      #expect(try await client.send("CLIENT", "GETNAME").string == "tester")
      #expect(try await client.send("CLIENT", "INFO").string?.contains(" db=3 ") == true)
      client.close()
    }
  }

  @Test("subscriptions come back after a kill, and it is said that messages may be missing")
  func resubscribes() async throws {
    try await withOwnRedis { servers, loop, configuration in
      let subscriber = RedisSubscriber(configuration, loop: loop)
      let publisher = RedisClient(configuration, loop: loop)
      defer { subscriber.close() }
      defer { publisher.close() }
      var received: [String] = []
      var resubscribed = 0
      var lost = 0
      subscriber.onMessage = { channel, payload in
        received.append("\(String(decoding: channel, as: UTF8.self))=\(String(decoding: payload, as: UTF8.self))")
      }
      subscriber.onPatternMessage = { pattern, channel, payload in
        received.append(
          [pattern, channel, payload].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|"))
      }
      subscriber.onResubscribed = { _ in resubscribed += 1 }
      subscriber.onLost = { _ in lost += 1 }
      let rooms = (0..<3000).map { "room-\($0)" }
      try await subscriber.subscribe(rooms)
      try await subscriber.psubscribe("p:*")
      subscriber.unsubscribe("room-7")
      #expect(resubscribed == 0)
      try await servers.kill(.redis)
      try await eventually { lost == 1 }
      // A wish while there is no server.
      let late = loop.start { (try? await subscriber.subscribe("late")) != nil }
      try await servers.restart(.redis, wipe: true)
      try await eventually("the subscriptions") { resubscribed == 1 }
      #expect(await late.value)
      #expect(subscriber.count == 3001)
      for (channel, count) in [("room-0", 1), ("room-2999", 1), ("late", 1), ("p:1", 1), ("room-7", 0)] {
        #expect(try await publisher.send("PUBLISH", channel, "x") == .integer(Int64(count)))
      }
      try await eventually { received.count >= 4 }
      #expect(received == ["room-0=x", "room-2999=x", "late=x", "p:*|p:1|x"])
    }
  }

  @Test("a subscriber whose server falls silent gives the connection up, and comes back")
  func silentServer() async throws {
    try await withOwnRedis { servers, loop, configuration in
      var configuration = configuration
      configuration.keepAlive = .milliseconds(50)
      configuration.connectTimeout = .milliseconds(500)
      let subscriber = RedisSubscriber(configuration, loop: loop)
      defer { subscriber.close() }
      var losses = 0
      var returns = 0
      subscriber.onLost = { _ in losses += 1 }
      subscriber.onResubscribed = { _ in returns += 1 }
      try await subscriber.subscribe("a")
      let pid = try #require(await servers.processID(of: .redis))
      _ = try await TestProcess.run("/bin/kill", ["-STOP", "\(pid)"])
      try await eventually("the loss") { losses > 0 }
      _ = try await TestProcess.run("/bin/kill", ["-CONT", "\(pid)"])
      try await eventually("the return") { returns > 0 }
    }
  }
}
