import Glibc
import Networking
import Primitives
import Testing

@Suite("Connections")
struct ConnectionTests {
  @Test("bytes go both ways, over TCP and over a Unix socket", arguments: [false, true])
  func echo(isUnix: Bool) async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop, path: isUnix ? temporaryPath() : nil)
      pair.server.whenReceived = { $0.connection.write($0.bytes.suffix(5).map { $0 ^ 0x20 }) }
      pair.client.connection.write("hello")
      try await pair.client.waitForBytes(5)
      #expect(pair.client.bytes == Array("HELLO".utf8))
      pair.client.connection.close()
      #expect(try await pair.client.waitForClose() == .local)
    }
  }

  @Test("what one tick writes goes out at once")
  func coalescing() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      for _ in 0..<100 { pair.server.connection.write("ab") }
      #expect(pair.server.connection.outboundCount == 200)
      try await pair.client.waitForBytes(200)
      #expect(pair.client.receptions == 1)
      #expect(pair.server.connection.outboundCount == 0)
    }
  }

  @Test("more than the socket takes arrives whole, and then says so")
  func backPressure() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let data = pattern(12 << 20)
      pair.server.connection.outboundLimit = 16 << 20
      pair.client.connection.pauseReading()
      pair.server.connection.write(data)
      try await loop.sleep(for: .milliseconds(1))
      #expect(pair.server.connection.outboundCount > 0)
      pair.client.connection.resumeReading()
      try await pair.client.waitForBytes(data.count)
      #expect(pair.client.bytes == data)
      try await pair.server.condition.wait("drained") { pair.server.drains == 1 }
      #expect(pair.server.connection.outboundCount == 0)
    }
  }

  @Test("many small writes to a slow peer keep their order")
  func slowSmallWrites() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let data = pattern(6 << 20)
      pair.server.connection.outboundLimit = 8 << 20
      var sent = 0
      while sent < data.count {
        let count = min(1 + sent % 70_000, data.count - sent)
        data[sent..<sent + count].withUnsafeBytes { pair.server.connection.write($0) }
        sent += count
        // The peer takes some of it now and then.
        if sent % 3 == 0 { await Task.yield() }
      }
      try await pair.client.waitForBytes(data.count)
      #expect(pair.client.bytes == data)
    }
  }

  @Test("a peer that takes nothing is closed as slow once the limit is reached, not before")
  func slowReceiver() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      pair.client.connection.pauseReading()
      pair.server.connection.outboundLimit = 1 << 20
      let chunk = pattern(64 << 10)
      var written = 0
      while pair.server.connection.isOpen {
        #expect(pair.server.connection.outboundCount <= 1 << 20)
        pair.server.connection.write(chunk)
        written += chunk.count
        try #require(written < 64 << 20)
      }
      #expect(written > 1 << 20)
      #expect(try await pair.server.waitForClose() == .slowReceiver)
      pair.server.connection.write("ignored")
      #expect(pair.server.connection.outboundCount == 0)
    }
  }

  @Test("finish delivers everything, then the end", arguments: [0, 1, 5 << 20])
  func finish(count: Int) async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let data = pattern(count)
      pair.server.connection.outboundLimit = 8 << 20
      pair.client.connection.pauseReading()
      pair.server.connection.write(data)
      pair.server.connection.finish()
      #expect(!pair.server.connection.isOpen)
      pair.server.connection.write("too late")
      pair.client.connection.resumeReading()
      try await pair.client.waitForEnd()
      #expect(pair.client.bytes == data)
      pair.client.connection.finish()
      #expect(try await pair.client.waitForClose() == .peer)
      #expect(try await pair.server.waitForClose() == .local)
    }
  }

  @Test("what drained writes before it finishes is delivered")
  func finishWhenDrained() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let data = pattern(4 << 20)
      pair.server.connection.outboundLimit = 8 << 20
      pair.server.whenDrained = {
        $0.connection.write("the end")
        $0.connection.finish()
      }
      pair.client.connection.pauseReading()
      pair.server.connection.write(data)
      try await loop.sleep(for: .milliseconds(1))
      pair.client.connection.resumeReading()
      try await pair.client.waitForEnd()
      #expect(pair.client.bytes == data + Array("the end".utf8))
    }
  }

  @Test("an answer survives input that nobody reads")
  func finishWithUnreadInput() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let answer = pattern(300_000)
      pair.server.whenReceived = {
        guard $0.connection.isOpen else {
          Issue.record("received after finish")
          return
        }
        $0.connection.write(answer)
        $0.connection.finish()
      }
      pair.client.connection.outboundLimit = 16 << 20
      pair.client.connection.write(pattern(8 << 20))
      try await pair.client.waitForEnd()
      #expect(pair.client.bytes == answer)
      #expect(pair.client.reasons.isEmpty)
    }
  }

  @Test("a peer that only ends its side still gets its answer")
  func halfClose() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var accepted: Peer?
      let listener = try Listener(.loopback(port: 0), loop: loop) {
        let peer = Peer($0)
        $0.start(peer)
        accepted = peer
        condition.signal()
      }
      let raw = RawClient(port: listener.address.port)
      raw.send("question")
      raw.finish()
      try await condition.wait("accept") { accepted != nil }
      let server = try #require(accepted)
      try await server.waitForEnd()
      #expect(server.bytes == Array("question".utf8))
      #expect(server.reasons.isEmpty)
      server.connection.write("answer")
      server.connection.finish()
      #expect(try await server.waitForClose() == .peer)
      #expect(raw.readToEnd() == Array("answer".utf8))
      listener.close()
    }
  }

  @Test(
    "a reset is told once, whether reading, paused, blocked or finishing",
    arguments: ["reading", "paused", "blocked", "finishing", "ended"])
  func reset(state: String) async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var accepted: Peer?
      let listener = try Listener(.loopback(port: 0), loop: loop) {
        let peer = Peer($0)
        $0.start(peer)
        accepted = peer
        condition.signal()
      }
      let raw = RawClient(port: listener.address.port)
      try await condition.wait("accept") { accepted != nil }
      let server = try #require(accepted)
      server.connection.outboundLimit = 64 << 20
      switch state {
      case "paused": server.connection.pauseReading()
      case "blocked": server.connection.write(pattern(16 << 20))
      case "finishing":
        server.connection.write(pattern(16 << 20))
        server.connection.finish(linger: .seconds(60))
      case "ended":
        raw.finish()
        try await server.waitForEnd()
      default: break
      }
      try await loop.sleep(for: .milliseconds(1))
      raw.reset()
      guard case .failed(let error) = try await server.waitForClose() else {
        // Where all had gone out before the reset came, there was nothing left to fail.
        return #expect(state == "finishing" && server.reasons == [.local])
      }
      #expect(error.code == .closed)
      try await loop.sleep(for: .milliseconds(1))
      #expect(server.reasons.count == 1)
      listener.close()
    }
  }

  @Test("closed comes last and never from within a call")
  func closedIsLast() async throws {
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      pair.server.whenReceived = {
        $0.connection.write("lost")
        $0.connection.close()
        $0.connection.close()
        $0.connection.finish()
        #expect($0.reasons.isEmpty)
      }
      pair.client.connection.write("x")
      #expect(try await pair.server.waitForClose() == .local)
      #expect(!pair.server.wasClosedWithinCall)
      try await pair.client.waitForEnd()
      #expect(pair.server.reasons == [.local])
    }
  }

  @Test("a handler is released when its connection is over")
  func released() async throws {
    try await onLoop { loop in
      weak var handler: Peer?
      weak var connection: Connection?
      let pair = try await Pair.make(loop)
      do {
        let other = try await Pair.make(loop)
        handler = other.server
        connection = other.server.connection
        other.client.connection.close()
        try await other.server.waitForEnd()
        other.server.connection.close()
        _ = try await other.server.waitForClose()
      }
      // One more turn of the loop, for what the last one still held.
      pair.client.connection.write("x")
      try await pair.server.waitForBytes(1)
      #expect(handler == nil)
      #expect(connection == nil)
    }
  }

  @Test("a connection moves to another loop with what it had not sent")
  func moved() async throws {
    let other = EventLoop.spawn(name: "other")
    defer { other.stop() }
    try await onLoop { loop in
      let pair = try await Pair.make(loop)
      let data = pattern(5 << 20)
      pair.server.connection.outboundLimit = 8 << 20
      pair.client.connection.pauseReading()
      pair.server.connection.write(data)
      try await loop.sleep(for: .milliseconds(1))
      let (connection, unsent) = try #require(pair.server.connection.move(to: other))
      #expect(!unsent.isEmpty)
      #expect(!pair.server.connection.isOpen)
      other.execute {
        connection.start(Peer(connection))
        connection.write(unsent)
        connection.write("moved")
        connection.finish()
      }
      pair.client.connection.resumeReading()
      try await pair.client.waitForEnd()
      #expect(pair.client.bytes == data + Array("moved".utf8))
      #expect(pair.server.reasons.isEmpty)
    }
  }
}
