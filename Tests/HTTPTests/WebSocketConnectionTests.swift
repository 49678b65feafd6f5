import HTTP
import Networking
import Testing

/// Keeps what a WebSocket says, and echoes if it is told to.
final class Recorder: WebSocketHandler, @unchecked Sendable {
  var socket: WebSocketConnection?
  var echoes = false
  var texts: [String] = []
  var binaries: [[UInt8]] = []
  var closes: [(code: UInt16, reason: String)] = []
  var drains = 0

  func received(text: UnsafeRawBufferPointer) {
    texts.append(String(decoding: text, as: UTF8.self))
    if echoes { socket?.send(text: text) }
  }

  func received(binary: UnsafeRawBufferPointer) {
    binaries.append(Array(binary))
    if echoes { socket?.send(binary: binary) }
  }

  func closed(code: UInt16, reason: String) { closes.append((code, reason)) }
  func drained() { drains += 1 }
}

/// A server whose every request becomes a WebSocket, kept in `sockets`.
final class WebSocketFixture: @unchecked Sendable {
  private(set) var server: HTTPServer!
  private(set) var sockets: [Recorder] = []
  var options = WebSocketOptions()

  init(_ loop: EventLoop) throws {
    server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { [unowned self] _, exchange in
      let recorder = Recorder()
      recorder.echoes = true
      do throws(HTTPError) {
        recorder.socket = try exchange.upgradeToWebSocket(options, handler: recorder)
        sockets.append(recorder)
      } catch {
        exchange.respond(error.response)
      }
    }
  }

  var url: String { "ws://\(server.address)/socket" }
}

private let handshake =
  "GET /socket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

@Suite("WebSockets")
struct WebSocketConnectionTests {
  @Test("the handshake has the answer of the RFC's example, and frames sent along with it are read")
  func accept() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      let client = try await RawClient.connect(to: fixture.server.address, loop: loop)
      client.send(Array(handshake.utf8) + frame(0x81, "early"))
      let text = try await client.wait(for: "early")
      #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
      #expect(text.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
      #expect(fixture.server.connections == 1)
      client.close()
      try await eventually(loop, "the end") { fixture.server.connections == 0 }
      #expect(fixture.sockets[0].closes.map(\.code) == [1006])
      await fixture.server.close()
    }
  }

  @Test(
    "what is no handshake is refused",
    arguments: [
      ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12", "426 Upgrade Required"),
      ("Sec-WebSocket-Version: 13", "X: y", "426 Upgrade Required"),
      ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZ", "400 Bad Request"),
      ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j*Q==", "400 Bad Request"),
      ("Sec-WebSocket-Key", "X", "400 Bad Request"),
      ("Connection: Upgrade", "Connection: keep-alive", "400 Bad Request"),
      ("Upgrade: websocket", "Upgrade: h2c", "400 Bad Request"),
      ("GET", "POST", "400 Bad Request"),
    ])
  func refuse(part: String, replacement: String, status: String) async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      let client = try await RawClient.connect(to: fixture.server.address, loop: loop)
      client.send(handshake.replacing(part, with: replacement))
      let text = try await client.wait(for: "\r\n\r\n")
      #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"))
      if status.hasPrefix("426") { #expect(text.contains("sec-websocket-version: 13\r\n")) }
      // Still HTTP: another request is served.
      client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      #expect(try await client.end().occurrences(of: "HTTP/1.1 4") == 2)
      await fixture.server.close()
    }
  }

  @Test("a handshake behind unanswered requests waits for its turn")
  func pipelinedHandshake() async throws {
    try await onLoop { loop in
      var held: HTTPExchange?
      let recorder = Recorder()
      recorder.echoes = true
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        if request.isWebSocketUpgrade {
          // Decided upon later, as after a look at a database.
          loop.start {
            try? await loop.sleep(for: .milliseconds(10))
            recorder.socket = try? exchange.upgradeToWebSocket(handler: recorder)
          }
        } else {
          held = exchange
        }
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send(Array("GET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8) + Array(handshake.utf8) + frame(0x81, "early"))
      try await eventually(loop, "the request") { held != nil }
      #expect(recorder.socket == nil)
      held?.respond(HTTPResponse(text: "first"))
      let text = try await client.wait(for: "early")
      #expect(text.firstRange(of: "first")!.lowerBound < text.firstRange(of: "101 Switching")!.lowerBound)
      client.close()
      await server.close()
    }
  }

  @Test("messages of all sizes are echoed to a client", arguments: [0, 1, 125, 126, 65_535, 65_536, 1 << 20])
  func echo(size: Int) async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      let recorder = Recorder()
      let socket = try await WebSocketClient(loop: loop).connect(fixture.url, handler: recorder)
      let bytes = (0..<size).map { UInt8(0x20 + $0 % 90) }
      socket.send(binary: bytes)
      socket.send(text: bytes)
      try await eventually(loop, "the echo") { recorder.texts.count == 1 }
      #expect(recorder.binaries == [bytes] && recorder.texts == [String(decoding: bytes, as: UTF8.self)])
      socket.close(code: 4001, reason: "enough")
      try await eventually(loop, "the close") { recorder.closes.count == 1 && fixture.sockets[0].closes.count == 1 }
      #expect(recorder.closes[0] == (4001, "enough"))
      #expect(fixture.sockets[0].closes[0] == (4001, "enough"))
      socket.send(text: "late")
      await fixture.server.close()
    }
  }

  @Test("the server closes with a handshake, and does not wait for ever for its answer")
  func serverCloses() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      fixture.options.closeTimeout = .milliseconds(30)
      let recorder = Recorder()
      _ = try await WebSocketClient(loop: loop).connect(fixture.url, handler: recorder)
      fixture.sockets[0].socket?.close(code: 1001, reason: "going away")
      try await eventually(loop, "the close") { recorder.closes.count == 1 && fixture.sockets[0].closes.count == 1 }
      #expect(recorder.closes[0] == (1001, "going away") && fixture.sockets[0].closes[0].code == 1001)
      // A peer that does not answer.
      let mute = try await RawClient.connect(to: fixture.server.address, loop: loop)
      mute.send(handshake)
      try await mute.wait(for: "\r\n\r\n")
      fixture.sockets[1].socket?.close()
      _ = try await mute.end()
      try await eventually(loop, "the close") { fixture.sockets[1].closes.count == 1 }
      #expect(fixture.sockets[1].closes[0].code == 1000)
      await fixture.server.close()
    }
  }

  @Test("violations are answered with a close frame that says what is wrong")
  func violation() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      fixture.options.maxMessageSize = 10
      for (bytes, code) in [
        (frame(0x81, [0xff]), UInt16(1007)), (frame(0x83, []), 1002),
        (frame(0x82, [UInt8](repeating: 0, count: 11)), 1009),
      ] {
        let client = try await RawClient.connect(to: fixture.server.address, loop: loop)
        client.send(handshake)
        try await client.wait(for: "\r\n\r\n")
        let start = client.received.count
        client.send(bytes)
        _ = try await client.end()
        let answer = client.received[start...]
        #expect(answer.prefix(1) == [0x88] && answer.dropFirst(2).prefix(2) == [UInt8(code >> 8), UInt8(code & 255)])
        #expect(fixture.sockets.last?.closes.map(\.code) == [code])
      }
      await fixture.server.close()
    }
  }

  @Test("pings are answered, also within a fragmented message")
  func pings() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      let client = try await RawClient.connect(to: fixture.server.address, loop: loop)
      client.send(handshake)
      try await client.wait(for: "\r\n\r\n")
      let start = client.received.count
      client.send(frame(0x01, "a") + frame(0x89, "ping") + frame(0x80, "b") + frame(0x88, []))
      _ = try await client.end()
      #expect(client.received[start...] == [0x8a, 4, 0x70, 0x69, 0x6e, 0x67, 0x81, 2, 0x61, 0x62, 0x88, 0])
      #expect(fixture.sockets[0].closes.map(\.code) == [1005])
      await fixture.server.close()
    }
  }

  @Test("one frame goes to many; one that takes nothing is dropped with a reason")
  func fanOut() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      fixture.options.outboundLimit = 1 << 20
      let receivers = (0..<5).map { _ in Recorder() }
      let client = WebSocketClient(loop: loop)
      for receiver in receivers { receiver.socket = try await client.connect(fixture.url, handler: receiver) }
      let slow = try await RawClient.connect(to: fixture.server.address, loop: loop)
      slow.send(handshake)
      try await slow.wait(for: "\r\n\r\n")
      slow.pauseReading()
      let shared = WebSocketFrame(binary: [UInt8](repeating: 7, count: 256 << 10))
      for round in 1...40 {
        for recorder in fixture.sockets { recorder.socket?.send(shared) }
        try await eventually(loop, "round \(round)") { receivers.allSatisfy { $0.binaries.count == round } }
      }
      try await eventually(loop, "the slow one") { fixture.sockets[5].closes.count == 1 }
      #expect(fixture.sockets[5].closes[0] == (1006, "slow receiver"))
      #expect(fixture.sockets.prefix(5).allSatisfy { $0.closes.isEmpty })
      for receiver in receivers { receiver.socket?.close() }
      await fixture.server.close()
    }
  }

  @Test("a client is told when the server is none")
  func notAServer() async throws {
    try await onLoop { loop in
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(HTTPResponse(status: .forbidden))
      }
      await #expect(throws: HTTPError.self) {
        try await WebSocketClient(loop: loop).connect("ws://\(server.address)/", handler: Recorder())
      }
      await server.close()
    }
  }
}
