import ChatKit
import Networking
import Primitives
import Redis
import Synchronization
import TestSupport
import Testing

/// Runs `body` on a loop with a client of a database of its own.
private func withClient<Result: Sendable>(
  configure: @escaping @Sendable (inout RedisConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (RedisClient, TestRedis) async throws -> Result
) async throws -> Result {
  let redis = try await TestRedis.make()
  return try await withLoop { loop in
    var configuration = redis.configuration
    configure(&configuration)
    let client = RedisClient(configuration, loop: loop)
    defer { client.close() }
    return try await body(client, redis)
  }
}

@Suite("Redis client")
struct RedisClientTests {
  @Test("commands carry text, bytes, numbers and UUIDs, and replies are typed")
  func values() async throws {
    try await withClient { client, _ in
      let bytes: [UInt8] = [0, 13, 10, 255, 36]
      let id = UUID.v7()
      #expect(try await client.send("SET", "a", bytes) == .status("OK"))
      #expect(try await client.send("GET", "a").bytes == bytes)
      #expect(try await client.send("GET", "none").isNull)
      #expect(try await client.send("RPUSH", "l", "x", -12, Int64.min, id, 1.5, "") == .integer(6))
      let list = try await client.send("LRANGE", "l", 0, -1).array?.map(\.string)
      #expect(list == ["x", "-12", "\(Int64.min)", id.description, "1.5", ""])
      #expect(try await client.send("DEL", RedisArguments(["a", "l", "none"])) == .integer(2))
      #expect(try await client.send("LRANGE", "none", 0, -1) == .array([]))
      let nested = try await client.send("EVAL", "return {1, {'a', {}}, false, {ok='FINE'}}", 0)
      let expected: RedisValue = .array([
        .integer(1), .array([.string([0x61]), .array([])]), .null, .status("FINE"),
      ])
      #expect(nested == expected)
    }
  }

  @Test("an error reply is thrown with its code")
  func errors() async throws {
    try await withClient { client, _ in
      _ = try await client.send("SET", "a", "text")
      let wrong = await #expect(throws: RedisError.self) { _ = try await client.send("LPUSH", "a", "x") }
      #expect(wrong?.code == .wrongType)
      #expect(wrong?.outcome == .refused)
      #expect(wrong?.isRetriable == false)
      let unknown = await #expect(throws: RedisError.self) { _ = try await client.send("NOSUCHCOMMAND") }
      #expect(unknown?.code == .refused)
      #expect(try await client.send("GET", "a").string == "text")
    }
  }

  @Test("commands of many tasks are answered each with its own reply, in order")
  func pipelining() async throws {
    try await withClient { client, _ in
      let loop = client.loop
      let tasks = (0..<2000).map { index in
        loop.start { () -> (Int, String?) in
          let reply = try? await client.send("ECHO", "message \(index)")
          return (index, reply?.string)
        }
      }
      #expect(client.queueCount == 2000)
      for task in tasks {
        let (index, text) = await task.value
        #expect(text == "message \(index)")
      }
      #expect(client.queueCount == 0)
    }
  }

  @Test("a pipeline gives all replies, errors among them; a transaction is all or nothing")
  func batches() async throws {
    try await withClient { client, _ in
      let replies = try await client.pipeline([
        RedisCommand("SET", "a", 1), RedisCommand("LPUSH", "a", 2), RedisCommand("INCR", "a"),
      ])
      #expect(replies[0] == .status("OK"))
      #expect(replies[1].error?.code == .wrongType)
      #expect(replies[2] == .integer(2))
      #expect(try await client.pipeline([]) == [])
      let values = try await client.transaction([RedisCommand("INCR", "a"), RedisCommand("INCR", "b")])
      #expect(values == [.integer(3), .integer(1)])
      let refused = await #expect(throws: RedisError.self) {
        _ = try await client.transaction([RedisCommand("INCR", "a"), RedisCommand("NOSUCHCOMMAND")])
      }
      #expect(refused?.code == .executionAborted)
      #expect(try await client.send("GET", "a").string == "3")
    }
  }

  @Test("a value of 32 MB goes there and back")
  func bigValues() async throws {
    try await withClient { client, _ in
      let big = [UInt8](repeating: 0x41, count: 32 * 1024 * 1024)
      _ = try await client.send("SET", "big", big)
      let back = try await client.send("GET", "big").bytes
      #expect(back == big)
    }
  }

  @Test("a reply over the limit ends the connection with an error, and the next one serves")
  func replyLimit() async throws {
    try await withClient {
      $0.replyLimit = 1 << 20
    } _: { client, _ in
      _ = try await client.send("SETRANGE", "big", 4_000_000, "x")
      let error = await #expect(throws: RedisError.self) { _ = try await client.send("GET", "big") }
      #expect(error?.code == .malformedReply)
      let length = try await client.send("STRLEN", "big")
      #expect(length == .integer(4_000_001))
      #expect(client.generation == 2)
    }
  }

  @Test("a full queue refuses the next command, which was certainly not sent")
  func overload() async throws {
    try await withClient {
      $0.queueLimit = 10
    } _: { client, _ in
      for _ in 0..<10 { #expect(client.post("INCR", "n")) }
      #expect(!client.post("INCR", "n"))
      let error = await #expect(throws: RedisError.self) { _ = try await client.send("INCR", "n") }
      #expect(error?.code == .overloaded)
      #expect(error?.outcome == .notSent)
      #expect(error?.isRetriable == true)
      try await eventually { client.queueCount == 0 }
      #expect(try await client.send("GET", "n").string == "10")
    }
  }

  @Test("a script is known by its hash, and sent again after SCRIPT FLUSH")
  func scripts() async throws {
    try await withClient { client, _ in
      let script = RedisScript("return {KEYS[1], ARGV[1], redis.call('INCRBY', KEYS[1], ARGV[1])}")
      #expect(RedisScript("return 1").hash == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
      let first = try await client.run(script, keys: ["counter"], 5)
      #expect(first.array?.map(\.string) == ["counter", "5", nil])
      #expect(try await client.send("SCRIPT", "EXISTS", script.hash) == .array([.integer(1)]))
      _ = try await client.send("SCRIPT", "FLUSH")
      #expect(try await client.run(script, keys: ["counter"], 5).array?.last == .integer(10))
      let broken = await #expect(throws: RedisError.self) {
        _ = try await client.run(RedisScript("return redis.call('NOPE')"))
      }
      #expect(broken?.code == .refused)
    }
  }

  @Test("commands after close fail, as do those on their way")
  func closing() async throws {
    try await withClient { client, _ in
      try await client.ping()
      let pending = client.loop.start { () -> RedisError? in
        do throws(RedisError) {
          _ = try await client.send(patience: .seconds(30), "BLPOP", "none", 30)
          return nil
        } catch {
          return error
        }
      }
      client.close()
      #expect(await pending.value?.code == .closed)
      let error = await #expect(throws: RedisError.self) { try await client.ping() }
      #expect(error?.code == .closed)
      #expect(error?.outcome == .notSent)
    }
  }

  @Test("what waits for a connection has limits too, in commands and in bytes, and fails in its order")
  func absentServerOverload() async throws {
    let folder = try TemporaryFolder.make()
    try await withLoop { loop in
      var configuration = RedisConfiguration(.unix("\(folder)/none.sock"))
      configuration.commandTimeout = .milliseconds(100)
      configuration.queueLimit = 50
      configuration.outboundLimit = 1 << 20
      let client = RedisClient(configuration, loop: loop)
      defer { client.close() }
      for index in 0..<50 { #expect(client.post("INCR", index)) }
      #expect(!client.post("INCR", "n"))
      try await eventually { client.queueCount == 0 }
      #expect(client.post("SET", "a", [UInt8](repeating: 0, count: 1 << 20)))
      #expect(!client.post("SET", "a", 1))
      try await eventually { client.queueCount == 0 }
      #expect(client.post("SET", "a", 1))
    }
  }

  @Test("a server that is not there is told as such, and the command was not sent")
  func absentServer() async throws {
    let folder = try TemporaryFolder.make()
    try await withLoop { loop in
      var configuration = RedisConfiguration(.unix("\(folder)/none.sock"))
      configuration.commandTimeout = .milliseconds(200)
      let client = RedisClient(configuration, loop: loop)
      let error = await #expect(throws: RedisError.self) { try await client.ping() }
      #expect(error?.code == .notConnected)
      #expect(error?.outcome == .notSent)
      #expect(error?.message.contains("none.sock") == true)
      client.close()
    }
  }
}

@Suite("Redis addresses")
struct RedisConfigurationTests {
  @Test("URLs name host, port, account and database")
  func urls() {
    let full = RedisConfiguration(url: "redis://chat:s%40cret@example.org:6380/3")
    #expect(full?.address == .tcp(host: "example.org", port: 6380))
    #expect(full?.username == "chat")
    #expect(full?.password == "s@cret")
    #expect(full?.database == 3)
    #expect(RedisConfiguration(url: "redis://:pw@[::1]")?.address == .tcp(host: "::1", port: 6379))
    let named = RedisConfiguration(url: "redis://chat@localhost")
    #expect(named?.username == "chat" && named?.password == nil)
    #expect(RedisConfiguration(url: "unix:/run/redis.sock?db=2")?.address == .unix("/run/redis.sock"))
    let secure = RedisConfiguration(url: "rediss://:pw@example.org/2?cacert=/a%20b&cert=c&key=k&name=n")
    #expect(secure?.address == .tcp(host: "example.org", port: 6379) && secure?.database == 2)
    #expect(secure?.tls?.configuration.authorities == "/a b" && secure?.tls?.configuration.serverName == "n")
    #expect(secure?.tls?.configuration.files == TLSFiles(certificate: "c", key: "k"))
    #expect(RedisConfiguration(url: "rediss://localhost")?.tls != nil)
    #expect(RedisConfiguration(url: "redis://localhost")?.address == .tcp(host: "localhost", port: 6379))
    #expect(RedisConfiguration(url: "unix:///run/redis.sock?db=2")?.database == 2)
    #expect(RedisConfiguration(url: "/run/redis.sock")?.address == .unix("/run/redis.sock"))
  }

  @Test(
    "what is no Redis URL is refused",
    arguments: [
      "", "localhost", "rediss://localhost?x=1", "rediss://localhost?cert=a", "redis://host:port", "redis://host/x",
      "unix://relative",
    ])
  func badURLs(url: String) {
    #expect(RedisConfiguration(url: url) == nil)
  }
}
