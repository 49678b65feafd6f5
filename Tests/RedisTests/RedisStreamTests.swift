import Networking
import Redis
import TestSupport
import Testing

@Suite("Redis streams")
struct RedisStreamTests {
  private func withClient<Result: Sendable>(
    _ body: @escaping @Sendable (RedisClient, RedisClient) async throws -> Result
  ) async throws -> Result {
    let redis = try await TestRedis.make()
    return try await withLoop { loop in
      let client = RedisClient(redis.configuration, loop: loop)
      let reader = RedisClient(redis.configuration, loop: loop)
      defer { client.close() }
      defer { reader.close() }
      return try await body(client, reader)
    }
  }

  @Test("a group reads in order, acknowledges, and another consumer takes over what was left")
  func groups() async throws {
    try await withClient { client, reader in
      #expect(try await client.xgroupCreate("s", group: "g", from: .beginning))
      #expect(try await !client.xgroupCreate("s", group: "g", from: .beginning))
      var ids: [RedisStreamID] = []
      for index in 0..<10 { ids.append(try await client.xadd("s", [("n", "\(index)"), ("body", "b")])) }
      #expect(ids == ids.sorted())
      let first = try await reader.xreadgroup(group: "g", consumer: "one", streams: ["s"], count: 6)
      #expect(first.count == 1)
      #expect(first.first?.stream == "s")
      #expect(first.first?.entries.map(\.id) == Array(ids[0..<6]))
      #expect(first.first?.entries[3]["n"] == Array("3".utf8))
      #expect(first.first?.entries[3]["none"] == nil)
      #expect(try await client.xack("s", group: "g", Array(ids[0..<4])) == 4)
      let pending = try await client.xpending("s", group: "g", count: 10)
      #expect(pending.map(\.id) == Array(ids[4..<6]))
      #expect(pending.allSatisfy { $0.consumer == "one" && $0.deliveries == 1 })
      let again = try await reader.xreadgroup(
        group: "g", consumer: "one", streams: ["s"], from: .pending(after: .zero), count: 10)
      #expect(again.first?.entries.map(\.id) == Array(ids[4..<6]))
      let claimed = try await reader.xautoclaim("s", group: "g", consumer: "two", minimumIdle: .zero, count: 10)
      #expect(claimed.entries.map(\.id) == Array(ids[4..<6]))
      #expect(claimed.next == .zero)
      let groups = try await client.xinfoGroups("s")
      #expect(groups.map(\.name) == ["g"])
      #expect(groups.first?.lag == 4)
      #expect(groups.first?.pending == 2)
      #expect(groups.first?.lastDelivered == ids[5])
      #expect(try await client.xinfoGroups("none").isEmpty)
    }
  }

  @Test("a blocked read returns with the entry that comes, or empty when none does")
  func blocking() async throws {
    try await withClient { client, reader in
      try await client.xgroupCreate("s", group: "g", from: .end)
      #expect(
        try await reader.xreadgroup(group: "g", consumer: "c", streams: ["s"], count: 5, block: .milliseconds(20))
          .isEmpty)
      let read = client.loop.start {
        try? await reader.xreadgroup(group: "g", consumer: "c", streams: ["s"], count: 5, block: .seconds(30))
      }
      try await eventually("the block") {
        try await client.send("CLIENT", "LIST", "TYPE", "normal").string?.contains("cmd=xreadgroup") == true
      }
      let id = try await client.xadd("s", [("k", [UInt8]([0, 255]))])
      let batch = await read.value
      #expect(batch?.first?.entries.first?.id == id)
      #expect(batch?.first?.entries.first?["k"] == [0, 255])
    }
  }

  @Test("a stream is cut to about its maximum length; a missing group is an error of its own")
  func trimming() async throws {
    try await withClient { client, reader in
      let commands = (0..<2000).map { RedisCommand("XADD", "s", "MAXLEN", "~", 500, "*", "n", "\($0)") }
      #expect(try await client.pipeline(commands).allSatisfy { $0.error == nil })
      let length = try await client.xlen("s")
      #expect(length >= 500 && length < 700)
      let last = try await client.xrange("s", count: 5000).last
      #expect(last?["n"] == Array("1999".utf8))
      let error = await #expect(throws: RedisError.self) {
        _ = try await reader.xreadgroup(group: "none", consumer: "c", streams: ["s"], count: 1)
      }
      #expect(error?.code == .noGroup)
    }
  }

  @Test("identifiers are ordered and parsed strictly")
  func identifiers() {
    #expect(RedisStreamID("12-3") == RedisStreamID(milliseconds: 12, sequence: 3))
    #expect(RedisStreamID("9-0")! < RedisStreamID("10-0")!)
    #expect(RedisStreamID("9-1")! > RedisStreamID("9-0")!)
    #expect(RedisStreamID("18446744073709551615-18446744073709551615")?.sequence == .max)
    for text in ["", "12", "12-", "-3", "a-b", "1-2-3", "1--2", "+1-2", "1- 2", "18446744073709551616-0"] {
      #expect(RedisStreamID(text) == nil)
    }
  }
}
