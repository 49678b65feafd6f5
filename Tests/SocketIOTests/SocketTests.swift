import HTTP
import JSON
import Networking
import TestSupport
import Testing

@testable import SocketIO

/// What the application was told, in order.
private final class Journal: @unchecked Sendable {
  var entries: [String] = []
  func note(_ entry: String) { entries.append(entry) }
}

/// Lets an `onConnect` wait until the test says so.
private final class Gate: @unchecked Sendable {
  private var waiting: UnsafeContinuation<Void, Never>?
  private var isOpen = false

  func pass() async {
    if !isOpen { await withUnsafeContinuation { waiting = $0 } }
  }

  func open() {
    isOpen = true
    waiting?.resume()
    waiting = nil
  }

  var hasVisitor: Bool { waiting != nil }
}

@Suite("Sockets", .timeLimit(.minutes(1)))
struct SocketTests {
  @Test("hold what comes and goes until the application has let them in, in order")
  func holding() async throws {
    let gate = Gate()
    try await SocketIOFixture.with { server in
      let namespace = server.namespace("/")
      namespace.onConnect = { (socket, _) async throws(ConnectRefusal) in
        socket.emit("early")
        await gate.pass()
        socket.send(PreparedPacket(event: "shared"))
      }
      namespace.onEvent = { socket, event, arguments, _ in socket.emit("got") { arguments.write(to: &$0) } }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40")
      peer.send("42[\"a\",1]")
      peer.send("42[\"a\",2]")
      try await eventually { gate.hasVisitor }
      gate.open()
      #expect(try await peer.next().hasPrefix("40{\"sid\":"))
      for expected in ["42[\"early\"]", "42[\"shared\"]", "42[\"got\",1]", "42[\"got\",2]"] {
        #expect(try await peer.next() == expected)
      }
    }
  }

  @Test("that send too much before they are let in are closed")
  func tooEarly() async throws {
    let gate = Gate()
    let journal = Journal()
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnect = { (_, _) async throws(ConnectRefusal) in await gate.pass() }
      server.namespace("/").onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40")
      for _ in 0...32 { peer.send("42[\"a\"]") }
      #expect(try await peer.end() == 1002)
      #expect(journal.entries.isEmpty, "not before onConnect has returned")
      gate.open()
      try await eventually { journal.entries == ["parse error: too much before the namespace has answered"] }
    }
  }

  @Test("that leave while the application decides are reported once it has let them in")
  func leavingWhileConnecting() async throws {
    let gate = Gate()
    let journal = Journal()
    try await SocketIOFixture.with { server in
      let namespace = server.namespace("/")
      namespace.onConnect = { (socket, _) async throws(ConnectRefusal) in
        await gate.pass()
        journal.note("gone \(socket.isGone), cancelled \(Task.isCancelled)")
        socket.emit("lost")
      }
      namespace.onConnected = { _ in journal.note("connected") }
      namespace.onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40")
      try await eventually { gate.hasVisitor }
      peer.socket?.abort()
      try await eventually { fixture.servers[0].transportCount == 0 }
      #expect(journal.entries.isEmpty)
      gate.open()
      try await eventually { journal.entries.count == 2 }
      #expect(journal.entries == ["gone true, cancelled true", "transport close"])
      #expect(fixture.servers[0].socketCount == 0)
    }
  }

  @Test("may leave the namespace before it has answered, and come back")
  func leavingNamespaceEarly() async throws {
    let gate = Gate()
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnect = { (_, _) async throws(ConnectRefusal) in await gate.pass() }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40")
      try await eventually { gate.hasVisitor }
      peer.send("41")
      gate.open()
      try await eventually { fixture.servers[0].socketCount == 0 }
      peer.send("40")
      #expect(try await peer.next().hasPrefix("40{"))
      #expect(fixture.servers[0].socketCount == 1)
    }
  }

  @Test("are refused with a message and data, and not reported")
  func refusal() async throws {
    let journal = Journal()
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnect = { (_, auth) async throws(ConnectRefusal) in
        guard auth?["token"]?.string != "good" else { return }
        throw ConnectRefusal("no \"entry\"", data: Array("{\"code\":1}".utf8))
      }
      server.namespace("/").onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40{\"token\":\"bad\"}")
      #expect(try await peer.next() == "44{\"message\":\"no \\\"entry\\\"\",\"data\":{\"code\":1}}")
      #expect(fixture.servers[0].socketCount == 0)
      peer.send("40{\"token\":\"good\"}")
      #expect(try await peer.next().hasPrefix("40{\"sid\":"))
      #expect(journal.entries.isEmpty)
      peer.send("41")
      try await eventually { journal.entries == ["client namespace disconnect"] }
    }
  }

  @Test("continue as who they were when the application recognises them")
  func recovery() async throws {
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnect = { (socket, auth) async throws(ConnectRefusal) in
        #expect(socket.auth?["pid"]?.string == auth?["pid"]?.string)
        guard auth?["pid"]?.string == "secret" else { return }
        #expect(!socket.recover(id: "not an id", privateID: nil))
        socket.recover(id: "AAECAwQFBgcICQoLDA0O", privateID: "secret")
      }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40{\"pid\":\"secret\",\"offset\":\"7\"}")
      #expect(try await peer.next() == "40{\"sid\":\"AAECAwQFBgcICQoLDA0O\",\"pid\":\"secret\"}")
    }
  }

  @Test("are asked for acknowledgements, which come, time out, or end with the socket")
  func acknowledgements() async throws {
    let journal = Journal()
    try await SocketIOFixture.with { server in
      server.namespace("/").onEvent = { socket, event, _, _ in
        let loop = server.loop
        loop.start {
          do throws(AckFailure) {
            let answer = try await socket.request(event, timeout: event == "slow" ? .milliseconds(5) : .seconds(60))
            journal.note("\(event): \(answer.first?.string ?? "-")")
          } catch {
            journal.note("\(event): \(error.rawValue)")
          }
        }
      }
    } _: { fixture in
      let peer = try await WebSocketPeer.connected(fixture)
      peer.send("42[\"quick\"]")
      #expect(try await peer.next() == "420[\"quick\"]")
      peer.send("430[\"yes\"]")
      peer.send("430[\"twice\"]")
      try await eventually { journal.entries == ["quick: yes"] }
      peer.send("42[\"slow\"]")
      #expect(try await peer.next() == "421[\"slow\"]")
      try await eventually { journal.entries.last == "slow: \(AckFailure.timedOut.rawValue)" }
      peer.send("42[\"lost\"]")
      #expect(try await peer.next() == "422[\"lost\"]")
      peer.send("41")
      try await eventually { journal.entries.last == "lost: \(AckFailure.disconnected.rawValue)" }
    }
  }

  @Test("drop an acknowledgement that is sent twice, or after they are gone")
  func ackOnce() async throws {
    let kept = Kept()
    try await SocketIOFixture.with { server in
      server.namespace("/").onEvent = { _, event, _, ack in
        if event == "twice" {
          ack?.send { $0.value(1) }
          ack?.send { $0.value(2) }
        } else {
          kept.ack = ack
        }
      }
    } _: { fixture in
      let peer = try await WebSocketPeer.connected(fixture)
      peer.send("425[\"twice\"]")
      peer.send("426[\"later\"]")
      #expect(try await peer.next() == "435[1]")
      try await eventually { kept.ack != nil }
      peer.send("41")
      peer.send("40")
      #expect(try await peer.next().hasPrefix("40{"))
      kept.ack?.send()
      peer.send("427[\"twice\"]")
      #expect(try await peer.next() == "437[1]")
    }
  }

  private final class Kept: @unchecked Sendable { var ack: Ack? }

  @Test("that take nothing are closed as slow receivers")
  func slowReceiver() async throws {
    let journal = Journal()
    let kept = KeptSocket()
    var configuration = SocketIOConfiguration()
    configuration.engine.outboundLimit = 256 << 10
    try await SocketIOFixture.with(loops: 2, configuration) { server in
      server.namespace("/").onConnected = { kept.socket = $0 }
      server.namespace("/").onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      // Shakes hands, joins, and never reads.
      let client = try await Connection.connect(to: .loopback(port: fixture.ports[1]), loop: fixture.loops[0])
      client.start(Deaf())
      client.pauseReading()
      client.write(
        """
        GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n
        """)
      client.write([0x81, 0x82, 0, 0, 0, 0, UInt8(ascii: "4"), UInt8(ascii: "0")])
      try await eventually { try await fixture.loops[1].submit { kept.socket != nil } }
      let packet = PreparedPacket(event: "bulk") { $0.value(String(repeating: "x", count: 64 << 10)) }
      try await fixture.loops[1].submit {
        // More than the kernel's buffers take; each step reaches the socket.
        for _ in 0..<400 where kept.socket?.isConnected == true {
          kept.socket?.send(packet)
          try await fixture.loops[1].sleep(for: .zero)
        }
        try await eventually { journal.entries == ["slow receiver"] }
      }
    }
  }

  private final class Deaf: ConnectionHandler {
    func received(_ bytes: UnsafeRawBufferPointer) {}
    func peerFinished() {}
    func closed(_ reason: CloseReason) {}
  }

  private final class KeptSocket: @unchecked Sendable { var socket: Socket? }

  @Test("that do not poll for what waits are closed as slow receivers")
  func slowPoller() async throws {
    let journal = Journal()
    var configuration = SocketIOConfiguration()
    configuration.engine.bufferedPackets = 8
    try await SocketIOFixture.with(configuration) { server in
      server.namespace("/").onEvent = { socket, _, _, _ in for _ in 0..<20 { socket.emit("x") } }
      server.namespace("/").onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      let peer = try await PollingPeer(fixture)
      _ = try await peer.post("40")
      _ = try await peer.poll()
      _ = try await peer.post("42[\"go\"]")
      #expect(journal.entries == ["slow receiver"])
      #expect(try await peer.poll().status == 400)
    }
  }

  @Test("are closed without a 41 when the server goes down, and nobody is let in after")
  func shutdown() async throws {
    let journal = Journal()
    try await SocketIOFixture.with { server in
      server.namespace("/").onDisconnect = { _, reason in journal.note("\(reason)") }
    } _: { fixture in
      let peer = try await WebSocketPeer.connected(fixture)
      let poller = try await PollingPeer(fixture)
      _ = try await poller.post("40")
      _ = try await poller.poll()
      async let waiting = poller.poll()
      try await eventually { fixture.servers[0].engine.allSessions.contains { $0.machine.isPollWaiting } }
      fixture.servers[0].close()
      #expect(journal.entries == ["server shutting down", "server shutting down"])
      #expect(try await waiting.text == "1")
      #expect(try await peer.end() == 1001)
      await #expect(throws: TestFailure.self) { _ = try await peer.next() }
      #expect(fixture.servers[0].transportCount == 0)
      #expect(fixture.servers[0].socketCount == 0)
      let late = try await poller.client.get(fixture.url(0, "&transport=polling"))
      #expect(late.status.code == 503)
    }
  }

  @Test("get a shared packet over polling as over WebSocket, attachments too")
  func preparedPackets() async throws {
    let packet = PreparedPacket(event: "p", attachments: [[1, 2, 3]]) {
      $0.value("é")
      $0.attachment(0)
    }
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnected = { $0.send(packet) }
    } _: { fixture in
      let text = "451-[\"p\",\"é\",{\"_placeholder\":true,\"num\":0}]"
      let peer = try await WebSocketPeer.connected(fixture)
      #expect(try await peer.next() == text)
      #expect(try await peer.next() == "b[1, 2, 3]")
      let poller = try await PollingPeer(fixture)
      _ = try await poller.post("40")
      #expect(try await poller.poll().text.hasSuffix("\u{1e}\(text)\u{1e}bAQID"))
    }
  }

  @Test("may be put out from within their own events")
  func reentrancy() async throws {
    let journal = Journal()
    try await SocketIOFixture.with { server in
      let namespace = server.namespace("/")
      namespace.onEvent = { socket, event, _, ack in
        journal.note(event)
        socket.disconnect(close: true)
        socket.emit("lost")
        ack?.send()
        #expect(socket.isGone)
      }
      namespace.onDisconnect = { socket, reason in
        journal.note("\(reason)")
        socket.disconnect(close: true)
      }
    } _: { fixture in
      let peer = try await WebSocketPeer.connected(fixture)
      peer.send("421[\"a\"]")
      peer.send("422[\"b\"]")
      #expect(try await peer.next() == "41")
      #expect(try await peer.end() == 1000)
      #expect(journal.entries == ["a", "server namespace disconnect"])
      let poller = try await PollingPeer(fixture)
      _ = try await poller.post("40")
      _ = try await poller.poll()
      #expect(try await poller.post("42[\"a\"]\u{1e}42[\"b\"]") == 200)
      #expect(try await poller.poll().text == "41")
      #expect(try await poller.poll().text == "1")
      #expect(try await poller.poll().status == 400)
      #expect(journal.entries.count == 4)
    }
  }

  @Test("know the handshake headers and query that the configuration keeps")
  func handshake() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.retainedHeaders = ["x-real-ip"]
    configuration.engine.retainsQuery = true
    let journal = Journal()
    try await SocketIOFixture.with(configuration) { server in
      server.namespace("/").onConnected = { socket in
        let handshake = socket.handshake
        journal.note(
          "\(handshake.headers["x-real-ip"] ?? "-") \(handshake.headers["host"] ?? "-") \(handshake.query["transport"] ?? "-")"
        )
        #expect(handshake.peer != nil)
      }
    } _: { fixture in
      let poller = try await PollingPeer(fixture, headers: ["X-Real-IP": "10.1.2.3"])
      _ = try await poller.post("40")
      #expect(journal.entries == ["10.1.2.3 - polling"])
    }
  }

  @Test("are freed when they are gone, with what was kept with them")
  func freed() async throws {
    final class Kept: @unchecked Sendable {
      let socket: Socket
      init(_ socket: Socket) { self.socket = socket }
    }
    final class Weak: @unchecked Sendable {
      weak var kept: Kept?
      weak var socket: Socket?
    }
    let found = Weak()
    try await SocketIOFixture.with { server in
      server.namespace("/").onConnect = { (socket, _) async throws(ConnectRefusal) in
        let kept = Kept(socket)
        socket.data = kept
        socket.onEvent = { socket, _, _, _ in _ = kept === socket.data }
        found.kept = kept
        found.socket = socket
      }
    } _: { fixture in
      let peer = try await WebSocketPeer(fixture)
      _ = try await peer.next()
      peer.send("40")
      #expect(try await peer.next().hasPrefix("40{"))
      #expect(found.kept != nil)
      peer.send("41")
      try await eventually { found.kept == nil && found.socket == nil }
    }
  }
}
