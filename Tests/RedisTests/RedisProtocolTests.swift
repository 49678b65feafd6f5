import Testing

@testable import Redis

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite("Redis protocol")
struct RedisProtocolTests {
  private func values(_ portions: [[UInt8]], limit: Int = 1 << 20) throws -> [RedisValue] {
    let builder = ReplyBuilder()
    var values: [RedisValue] = []
    builder.completed = { values.append($0) }
    let reader = ReplyReader(sink: builder, limit: limit)
    for portion in portions { try portion.withUnsafeBytes { bytes in try reader.feed(bytes) } }
    return values
  }

  @Test("replies are the same wherever the bytes are split")
  func splits() throws {
    let stream = bytes("+OK\r\n*3\r\n$5\r\nhello\r\n*2\r\n:-7\r\n$-1\r\n*0\r\n-WRONGTYPE no\r\n*-1\r\n$0\r\n\r\n")
    let expected: [RedisValue] = [
      .status("OK"), .array([.string(bytes("hello")), .array([.integer(-7), .null]), .array([])]),
      .error(RedisError(reply: "WRONGTYPE no")), .null, .string([]),
    ]
    #expect(try values([stream]) == expected)
    #expect(try values(stream.map { [$0] }) == expected)
    for split in 1..<stream.count {
      #expect(try values([Array(stream[..<split]), Array(stream[split...])]) == expected)
    }
  }

  @Test("a large string among small replies, in portions of any size", arguments: [1000, 2048, 4096, 65_536])
  func large(portion: Int) throws {
    let text = [UInt8](repeating: 0x61, count: 300_000)
    let stream = bytes(":1\r\n$300000\r\n") + text + bytes("\r\n:2\r\n")
    let portions = stride(from: 0, to: stream.count, by: portion).map {
      Array(stream[$0..<min($0 + portion, stream.count)])
    }
    #expect(try values(portions) == [.integer(1), .string(text), .integer(2)])
  }

  @Test("what is no reply, and what is too large, is an error")
  func malformed() {
    let garbage = #expect(throws: RedisError.self) { try values([bytes("HTTP/1.1 400\r\n")]) }
    #expect(garbage?.code == .malformedReply)
    let large = #expect(throws: RedisError.self) {
      try values([bytes("$100000\r\n"), [UInt8](repeating: 0, count: 90_000)], limit: 50_000)
    }
    #expect(large?.code == .malformedReply)
  }

  @Test("commands are arrays of bulk strings")
  func encoding() {
    let encoder = CommandEncoder(capacity: 1)
    encoder.command("SET", "ключ", -105, RedisArguments(["a", ""]))
    #expect(
      String(decoding: encoder.bytes, as: UTF8.self)
        == "*5\r\n$3\r\nSET\r\n$8\r\nключ\r\n$4\r\n-105\r\n$1\r\na\r\n$0\r\n\r\n")
    for number: Int64 in [0, 9, 10, 99, 100, .max, .min] {
      encoder.clear()
      encoder.bulk(number)
      let text = "\(number)"
      #expect(String(decoding: encoder.bytes, as: UTF8.self) == "$\(text.utf8.count)\r\n\(text)\r\n")
    }
  }

  @Test("the greeting asks for what is configured, and judges the answers in order")
  func handshake() {
    var configuration = RedisConfiguration(.unix("/s"), username: "u", password: "p", database: 2, clientName: "n")
    let encoder = CommandEncoder()
    var greeting = RedisHandshake(configuration)
    greeting.encode(into: encoder)
    let words = String(decoding: encoder.bytes, as: UTF8.self).split(separator: "\r\n").filter {
      !$0.hasPrefix("*") && !$0.hasPrefix("$")
    }
    #expect(words == ["AUTH", "u", "p", "SELECT", "2", "CLIENT", "SETNAME", "n", "INFO", "server", "PING"])
    let step13 = greeting.receive(.status("OK"))
    #expect(step13 == .waiting)
    let step14 = greeting.receive(.status("OK"))
    #expect(step14 == .waiting)
    // A name that is refused is no reason to go.
    let step15 = greeting.receive(.error(RedisError(reply: "ERR no")))
    #expect(step15 == .waiting)
    let step16 = greeting.receive(.string(bytes("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n")))
    #expect(step16 == .waiting)
    guard case .ready(let server) = greeting.receive(.status("PONG")) else {
      Issue.record("not ready")
      return
    }
    #expect(server.runID == "abc")
    #expect(server.version == "7.0.15")

    configuration = RedisConfiguration(.unix("/s"))
    var loading = RedisHandshake(configuration)
    let step17 = loading.receive(.string(bytes("run_id:abc")))
    #expect(step17 == .waiting)
    let error = RedisError(reply: "LOADING Redis is loading the dataset in memory")
    let step18 = loading.receive(.error(error))
    #expect(step18 == .failed(error))
    #expect(error.isRetriable)
  }
}

@Suite("Redis subscriptions")
struct SubscriptionTableTests {
  private let a = SubscriptionTable.Name(text: "a", isPattern: false)
  private let b = SubscriptionTable.Name(text: "b", isPattern: false)

  @Test("a name is asked for once, and confirmed by its answer")
  func confirmed() {
    var table = SubscriptionTable()
    let step1 = table.want(a, nil, isConnected: true)
    #expect(step1)
    let step2 = table.want(a, nil, isConnected: true)
    #expect(!step2)
    #expect(!table.isConfirmed(a))
    table.answered(a)
    #expect(table.isConfirmed(a))
    let step3 = table.want(a, nil, isConnected: true)
    #expect(!step3)
    let step4 = table.drop(a, isConnected: true)
    #expect(step4)
    let step5 = table.drop(a, isConnected: true)
    #expect(!step5)
    #expect(table.wantedCount == 0)
  }

  @Test("an older answer does not confirm a newer wish")
  func overlapping() {
    var table = SubscriptionTable()
    let step6 = table.want(a, nil, isConnected: true)
    #expect(step6)
    let step7 = table.drop(a, isConnected: true)
    #expect(step7)
    let step8 = table.want(a, nil, isConnected: true)
    #expect(step8)
    table.answered(a)
    table.answered(a)
    #expect(!table.isConfirmed(a))
    table.answered(a)
    #expect(table.isConfirmed(a))
  }

  @Test("wishes survive a connection, confirmations do not")
  func lostConnection() {
    var table = SubscriptionTable()
    _ = table.want(a, nil, isConnected: true)
    _ = table.want(b, nil, isConnected: true)
    table.answered(a)
    table.answered(b)
    _ = table.drop(b, isConnected: true)
    table.connectionLost()
    #expect(table.wanted == [a])
    #expect(!table.isConfirmed(a))
    // Without a connection nothing is sent: the next one begins with all that is wanted.
    let step9 = table.want(b, nil, isConnected: false)
    #expect(!step9)
    table.resubscribing()
    table.answered(a)
    #expect(table.isConfirmed(a))
    #expect(!table.isConfirmed(b))
    table.answered(b)
    #expect(table.isConfirmed(b))
  }

  @Test("a wait ends when all of its names are confirmed, or when its time is up")
  func waits() async {
    let confirmed: Result<Void, RedisError> = await withUnsafeContinuation { continuation in
      var table = SubscriptionTable()
      let wait = SubscriptionWait(count: 2, deadline: 10, continuation)
      _ = table.want(a, wait, isConnected: true)
      _ = table.want(b, wait, isConnected: true)
      table.answered(a)
      let step10 = table.expireWaits(5, RedisError(.timedOut, .unknown, "late"))
      #expect(step10 == 10)
      table.answered(b)
      // Resumed already: this must not resume it twice.
      let step11 = table.expireWaits(20, RedisError(.timedOut, .unknown, "late"))
      #expect(step11 == nil)
    }
    #expect((try? confirmed.get()) != nil)
    let late: Result<Void, RedisError> = await withUnsafeContinuation { continuation in
      var table = SubscriptionTable()
      _ = table.want(a, SubscriptionWait(count: 1, deadline: 10, continuation), isConnected: true)
      let step12 = table.expireWaits(10, RedisError(.timedOut, .unknown, "late"))
      #expect(step12 == nil)
      table.answered(a)
    }
    #expect(throws: RedisError.self) { try late.get() }
  }
}
