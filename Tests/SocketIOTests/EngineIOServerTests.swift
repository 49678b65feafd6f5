import HTTP
import JSON
import Networking
import TestSupport
import Testing

@testable import SocketIO

@Suite("The Engine.IO server", .timeLimit(.minutes(1)))
struct EngineIOServerTests {
  // MARK: Several loops

  @Test("serves a session's requests wherever they arrive")
  func foreignRequests() async throws {
    try await SocketIOFixture.with(loops: 3) { fixture in
      for home in 0..<3 {
        let peer = try await PollingPeer(fixture, loop: home)
        #expect(try await peer.post("40", (home + 1) % 3) == 200)
        let answer = try await peer.poll((home + 2) % 3)
        #expect(answer.text.hasPrefix("40{\"sid\""))
        for loop in 0..<3 {
          #expect(try await peer.post("42[\"message\",\(loop)]", loop) == 200)
          #expect(try await peer.poll(2 - loop).text == "42[\"message-back\",\(loop)]")
        }
        async let waiting = peer.poll((home + 1) % 3)
        try await eventually {
          try await fixture.loops[home].submit {
            fixture.servers[home].engine.allSessions.contains { $0.machine.isPollWaiting }
          }
        }
        #expect(try await peer.post("42[\"message\"]", (home + 2) % 3) == 200)
        #expect(try await waiting.text == "42[\"message-back\"]")
      }
    }
  }

  @Test("moves a WebSocket that arrives on another loop to the session's")
  func foreignUpgrade() async throws {
    try await SocketIOFixture.with(loops: 2) { fixture in
      for (home, other) in [(0, 1), (1, 0), (0, 0)] {
        let peer = try await PollingPeer(fixture, loop: home)
        _ = try await peer.post("40\u{1e}42[\"message\",1]")
        let socket = try await peer.upgrade(other)
        #expect(try await socket.next().hasPrefix("40{"))
        #expect(try await socket.next() == "42[\"auth\",{}]")
        #expect(try await socket.next() == "42[\"message-back\",1]")
        socket.send("451-[\"message\",{\"_placeholder\":true,\"num\":0}]")
        socket.send(binary: [1, 2])
        #expect(try await socket.next() == "451-[\"message-back\",{\"_placeholder\":true,\"num\":0}]")
        #expect(try await socket.next() == "b[1, 2]")
        #expect(try await peer.poll(other).status == 400)
        let count = try await fixture.loops[home].submit { fixture.servers[home].transportCount }
        #expect(count == 1)
        socket.socket?.close()
        _ = try await socket.end()
        try await eventually {
          try await fixture.loops[home].submit { fixture.servers[home].transportCount == 0 }
        }
      }
    }
  }

  @Test("refuses sessions that it cannot have, on any loop")
  func unknownSessions() async throws {
    try await SocketIOFixture.with(loops: 2) { fixture in
      let client = HTTPClient(loop: fixture.loops[0])
      var source = IdentifierSource()
      for id in [source.session(loop: 0), source.session(loop: 1), source.session(loop: 200)] {
        let response = try await client.get(fixture.url(0, "&transport=polling&sid=\(id)"))
        #expect(response.status.code == 400)
        #expect(String(decoding: response.bytes, as: UTF8.self) == "{\"code\":1,\"message\":\"Session ID unknown\"}")
        await #expect(throws: HTTPError.self) { try await WebSocketPeer(fixture, loop: 0, sid: id.description) }
      }
    }
  }

  @Test("ends a session whose poll is cancelled on another loop")
  func foreignAbort() async throws {
    try await SocketIOFixture.with(loops: 2) { fixture in
      let peer = try await PollingPeer(fixture, loop: 1)
      let connection = try await Connection.connect(to: .loopback(port: fixture.ports[0]), loop: fixture.loops[0])
      let bare = Bare()
      connection.start(bare)
      connection.write(
        Array("GET /socket.io/?EIO=4&transport=polling&sid=\(peer.sid) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
      func session() async throws -> Bool? {
        try await fixture.loops[1].submit { fixture.servers[1].engine.allSessions.first?.machine.isPollWaiting }
      }
      try await eventually { try await session() == true }
      connection.close()
      try await eventually { try await session() == nil }
    }
  }

  private final class Bare: ConnectionHandler {
    func received(_ bytes: UnsafeRawBufferPointer) {}
    func peerFinished() {}
    func closed(_ reason: CloseReason) {}
  }

  // MARK: CORS and cookies

  private func response(
    _ cors: CORSPolicy?, _ method: HTTPMethod = .get, origin: String? = "https://a.example",
    query: String = "&transport=polling",
    headers: HTTPHeaders = [:]
  ) async throws -> HTTPResponse {
    var configuration = SocketIOConfiguration()
    configuration.engine.cors = cors
    configuration.engine.affinityCookie = cors == nil ? nil : "io"
    return try await SocketIOFixture.with(configuration) { fixture in
      var headers = headers
      if let origin { headers.append("Origin", origin) }
      return try await HTTPClient(loop: fixture.loops[0]).send(method, fixture.url(0, query), headers: headers)
    }
  }

  @Test("says nothing of CORS, and takes no preflight, unless it is configured")
  func withoutCORS() async throws {
    let open = try await response(nil)
    #expect(open.headers["access-control-allow-origin"] == nil)
    #expect(open.headers["set-cookie"] == nil)
    let preflight = try await response(nil, .options)
    #expect(preflight.status.code == 400)
    #expect(String(decoding: preflight.bytes, as: UTF8.self).contains("\"code\":2"))
  }

  @Test("names any origin with a star, but with credentials the origin itself, on errors too")
  func anyOrigin() async throws {
    #expect(try await response(CORSPolicy(.any)).headers["access-control-allow-origin"] == "*")
    for query in ["&transport=polling", "&transport=none", "&transport=polling&sid=unknown"] {
      let answer = try await response(CORSPolicy(.any, credentials: true), query: query)
      #expect(answer.headers["access-control-allow-origin"] == "https://a.example")
      #expect(answer.headers["access-control-allow-credentials"] == "true")
      #expect(answer.headers["vary"] == "Origin")
    }
  }

  @Test("names listed origins only")
  func listedOrigins() async throws {
    let policy = CORSPolicy(.list(["https://a.example", "https://b.example"]), credentials: true)
    let allowed = try await response(policy, origin: "https://b.example")
    #expect(allowed.headers["access-control-allow-origin"] == "https://b.example")
    let other = try await response(policy, origin: "https://evil.example")
    #expect(other.status.code == 200)
    #expect(other.headers["access-control-allow-origin"] == nil)
    #expect(other.headers["access-control-allow-credentials"] == nil)
  }

  @Test("answers a preflight and echoes the headers that are asked for")
  func preflight() async throws {
    let answer = try await response(
      CORSPolicy(.any, credentials: true, maxAge: .seconds(600)), .options,
      headers: ["Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-one, x-two"])
    #expect(answer.status.code == 204)
    #expect(answer.headers["access-control-allow-origin"] == "https://a.example")
    #expect(answer.headers["access-control-allow-credentials"] == "true")
    #expect(answer.headers["access-control-allow-methods"]?.contains("POST") == true)
    #expect(answer.headers["access-control-allow-headers"] == "x-one, x-two")
    #expect(answer.headers["access-control-max-age"] == "600")
  }

  @Test("sets the affinity cookie on the handshake's answer only")
  func cookie() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.affinityCookie = "io"
    try await SocketIOFixture.with(configuration) { fixture in
      let client = HTTPClient(loop: fixture.loops[0])
      let open = try await client.get(fixture.url(0, "&transport=polling"))
      let sid = try #require(try JSONDocument(parsing: Array(open.bytes.dropFirst())).root["sid"]?.string)
      #expect(open.headers["set-cookie"] == "io=\(sid); Path=/; HttpOnly; SameSite=Lax")
      let url = fixture.url(0, "&transport=polling&sid=\(sid)")
      let posted = try await client.post(url, body: Array("40".utf8), contentType: "text/plain")
      #expect(posted.headers["set-cookie"] == nil)
      #expect(try await client.get(url).headers["set-cookie"] == nil)
    }
  }

  // MARK: Limits

  @Test("opens no more sessions than it may, and none that the application refuses")
  func limits() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.maximumSessions = 1
    configuration.engine.refuse = { $0.headers["x-ban"] == nil ? nil : "not you" }
    try await SocketIOFixture.with(configuration) { fixture in
      let client = HTTPClient(loop: fixture.loops[0])
      let url = fixture.url(0, "&transport=polling")
      let banned = try await client.get(url, headers: ["x-ban": "1"])
      #expect(banned.status.code == 403)
      #expect(String(decoding: banned.bytes, as: UTF8.self) == "{\"code\":4,\"message\":\"not you\"}")
      #expect(try await client.get(url).status.code == 200)
      #expect(try await client.get(url).status.code == 503)
    }
  }

  @Test("drops a probe that takes too long, and lives on over polling")
  func probeTimeout() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.upgradeTimeout = .milliseconds(300)
    try await SocketIOFixture.with(configuration) { fixture in
      let peer = try await PollingPeer(fixture)
      let candidate = try await WebSocketPeer(fixture, sid: peer.sid)
      candidate.send("2probe")
      #expect(try await candidate.next() == "3probe")
      _ = try await candidate.end()
      _ = try await peer.post("40")
      #expect(try await peer.poll().text.hasPrefix("40{"))
      let again = try await peer.upgrade()
      again.send("42[\"message\"]")
      #expect(try await again.next() == "42[\"message-back\"]")
    }
  }

  @Test("forgets a polling session that never comes back, with its heartbeat")
  func abandonedPolling() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.pingInterval = .milliseconds(30)
    configuration.engine.pingTimeout = .milliseconds(20)
    try await SocketIOFixture.with(configuration) { fixture in
      _ = try await PollingPeer(fixture)
      #expect(fixture.servers[0].transportCount == 1)
      try await eventually { fixture.servers[0].transportCount == 0 }
    }
  }

  @Test("closes a session over polling with the 1 on the next poll, and forgets it when none comes")
  func closingPolling() async throws {
    var configuration = SocketIOConfiguration()
    configuration.engine.closeTimeout = .milliseconds(20)
    configuration.connectTimeout = .milliseconds(20)
    try await SocketIOFixture.with(configuration) { fixture in
      _ = try await PollingPeer(fixture)
      try await eventually { fixture.servers[0].transportCount == 0 }
      let peer = try await PollingPeer(fixture)
      async let waiting = peer.poll()
      #expect(try await waiting.text == "1")
      #expect(try await peer.poll().status == 400)
    }
  }
}
