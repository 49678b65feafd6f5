import Networking
import Redis
import TestSupport
import Testing

private func withSubscriber<Result: Sendable>(
  _ body: @escaping @Sendable (RedisSubscriber, RedisClient, String) async throws -> Result
) async throws -> Result {
  let redis = try await TestRedis.make()
  return try await withLoop { loop in
    let subscriber = RedisSubscriber(redis.configuration, loop: loop)
    let client = RedisClient(redis.configuration, loop: loop)
    defer { client.close() }
    defer { subscriber.close() }
    return try await body(subscriber, client, redis.prefix)
  }
}

@Suite("Redis subscriber")
struct RedisSubscriberTests {
  @Test("what is published after subscribe has returned is received, in order")
  func order() async throws {
    try await withSubscriber { subscriber, client, prefix in
      var received: [String] = []
      subscriber.onMessage = { channel, payload in
        #expect(channel.elementsEqual("\(prefix)a".utf8))
        received.append(String(decoding: payload, as: UTF8.self))
      }
      try await subscriber.subscribe("\(prefix)a")
      for index in 0..<5000 { client.post("PUBLISH", "\(prefix)a", "m\(index)") }
      try await eventually { received.count == 5000 }
      #expect(received == (0..<5000).map { "m\($0)" })
    }
  }

  @Test("a payload of 8 MB and an empty one come whole")
  func sizes() async throws {
    try await withSubscriber { subscriber, client, prefix in
      var sizes: [Int] = []
      subscriber.onMessage = { _, payload in
        #expect(payload.allSatisfy { $0 == 0x42 })
        sizes.append(payload.count)
      }
      try await subscriber.subscribe("\(prefix)a")
      client.post("PUBLISH", "\(prefix)a", [UInt8](repeating: 0x42, count: 8 << 20))
      client.post("PUBLISH", "\(prefix)a", "")
      client.post("PUBLISH", "\(prefix)a", "B")
      try await eventually { sizes.count == 3 }
      #expect(sizes == [8 << 20, 0, 1])
    }
  }

  @Test("unsubscribing ends the messages; subscribing in the same tick again works")
  func unsubscribing() async throws {
    try await withSubscriber { subscriber, client, prefix in
      var received = 0
      subscriber.onMessage = { _, _ in received += 1 }
      let channel = "\(prefix)a"
      try await subscriber.subscribe([channel, channel])
      subscriber.unsubscribe(channel)
      try await subscriber.subscribe(channel)
      #expect(try await client.send("PUBLISH", channel, "x") == .integer(1))
      try await eventually { received == 1 }
      // Confirmed already: nothing to wait for.
      try await subscriber.subscribe(channel)
      subscriber.unsubscribe(channel)
      #expect(subscriber.count == 0)
      try await eventually { try await client.send("PUBLISH", channel, "x") == .integer(0) }
      // Redis may have had one of these before it was told; once it confirms something later, that one has come.
      try await subscriber.psubscribe("\(prefix)*")
      let before = received
      #expect(try await client.send("PUBLISH", channel, "x") == .integer(1))
      subscriber.punsubscribe("\(prefix)*")
      try await eventually { try await client.send("PUBLISH", channel, "x") == .integer(0) }
      #expect(received == before)
    }
  }

  @Test("a subscription that is withdrawn, or cut off by close, fails")
  func withdrawn() async throws {
    try await withSubscriber { subscriber, _, prefix in
      let wait = subscriber.loop.start { () -> RedisError? in
        do throws(RedisError) {
          try await subscriber.subscribe(["\(prefix)a", "\(prefix)b"])
          return nil
        } catch {
          return error
        }
      }
      subscriber.unsubscribe("\(prefix)a")
      #expect(await wait.value?.code == .closed)
      #expect(subscriber.count == 1)
      subscriber.close()
      let error = await #expect(throws: RedisError.self) { try await subscriber.subscribe("\(prefix)c") }
      #expect(error?.code == .closed)
    }
  }

  @Test("a silent connection is kept alive by asking")
  func keepAlive() async throws {
    let redis = try await TestRedis.make()
    try await withLoop { loop in
      let client = RedisClient(redis.configuration, loop: loop)
      var configuration = redis.configuration
      configuration.keepAlive = .seconds(1)
      configuration.clientName = "quiet"
      let subscriber = RedisSubscriber(configuration, loop: loop)
      defer { client.close() }
      defer { subscriber.close() }
      var losses = 0
      subscriber.onLost = { _ in losses += 1 }
      try await subscriber.subscribe("\(redis.prefix)a")
      try await eventually("a question") {
        let list = try await client.send("CLIENT", "LIST").string ?? ""
        return list.split(separator: "\n").contains { $0.contains("name=quiet ") && $0.contains("cmd=ping ") }
      }
      #expect(losses == 0)
      #expect(subscriber.isConnected)
    }
  }
}
