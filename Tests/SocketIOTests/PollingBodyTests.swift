import HTTP
import Networking
import TestSupport
import Testing

@testable import SocketIO

@Suite("A POST of a polling session", .timeLimit(.minutes(1)))
struct PollingBodyTests {
  /// Waits until a session knows of a POST under way, or no longer does.
  private func announced(_ fixture: SocketIOFixture, _ loop: Int, _ expected: Bool = true) async throws {
    try await eventually("the announcement") {
      try await fixture.loops[loop].submit {
        fixture.servers[loop].engine.allSessions.contains { $0.isReceivingPost == expected }
      }
    }
  }

  private func sessions(_ fixture: SocketIOFixture, _ loop: Int) async throws -> Int {
    try await fixture.loops[loop].submit { fixture.servers[loop].transportCount }
  }

  @Test(
    "ends the session when it overlaps with another, wherever they arrive",
    arguments: [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 0, 0), (0, 1, 2)])
  func overlap(home: Int, first: Int, second: Int) async throws {
    try await SocketIOFixture.with(loops: 3) { fixture in
      let peer = try await PollingPeer(fixture, loop: home)
      let slow = try await RawPeer(fixture, loop: first)
      slow.post(peer.sid, length: 2, "4")
      try await announced(fixture, home)
      async let waiting = peer.poll(second)
      try await eventually {
        try await fixture.loops[home].submit {
          fixture.servers[home].engine.allSessions.contains { $0.machine.isPollWaiting }
        }
      }
      // On a connection of its own, for the client's are in use.
      let other = try await RawPeer(fixture, loop: second)
      other.post(peer.sid, length: 2, "40")
      try await other.wait(for: "HTTP/1.1 400")
      #expect(try await waiting.text == "1")
      try await eventually { try await sessions(fixture, home) == 0 }
      slow.send("0")
      try await slow.wait(for: "HTTP/1.1 400")
      #expect(slow.text.contains("{\"code\":1,\"message\":\"Session ID unknown\"}"))
      #expect(try await peer.post("40", home) == 400)
    }
  }

  @Test("is refused before its own body has come, when another's is on its way")
  func overlapOfHeads() async throws {
    try await SocketIOFixture.with(loops: 2) { fixture in
      for loop in 0..<2 {
        let peer = try await PollingPeer(fixture)
        let slow = try await RawPeer(fixture)
        slow.post(peer.sid, length: 2, "")
        try await announced(fixture, 0)
        let other = try await RawPeer(fixture, loop: loop)
        other.post(peer.sid, length: 1000, "4")
        try await other.wait(for: "{\"code\":3,\"message\":\"Bad request\"}")
        #expect(other.text.contains("connection: close"))
        try await eventually { other.isOver }
        try await eventually { try await sessions(fixture, 0) == 0 }
      }
    }
  }

  @Test("ends the session when the client leaves in the middle of its body", arguments: [0, 1])
  func abort(loop: Int) async throws {
    try await SocketIOFixture.with(loops: 2) { fixture in
      let peer = try await PollingPeer(fixture)
      let bare = try await RawPeer(fixture, loop: loop)
      bare.post(peer.sid, length: 10, "40")
      try await announced(fixture, 0)
      bare.close()
      try await eventually { try await sessions(fixture, 0) == 0 }
      #expect(try await peer.poll().status == 400)
    }
  }

  @Test("ends the session when its body is none, but not when it is only too large")
  func badBodies() async throws {
    try await SocketIOFixture.with { fixture in
      let head = "HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      let peer = try await PollingPeer(fixture)
      let large = try await RawPeer(fixture)
      large.send("POST /socket.io/?EIO=4&transport=polling&sid=\(peer.sid) \(head)2\r\n40\r\n")
      try await announced(fixture, 0)
      large.send("ffffffff\r\n")
      try await large.wait(for: "HTTP/1.1 413")
      #expect(try await peer.post("40") == 200)
      #expect(try await peer.poll().text.hasPrefix("40{"))
      let bad = try await RawPeer(fixture)
      bad.send("POST /socket.io/?EIO=4&transport=polling&sid=\(peer.sid) \(head)2\r\n42\r\n")
      try await announced(fixture, 0)
      bad.send("x\r\n")
      try await bad.wait(for: "HTTP/1.1 400")
      try await eventually { try await sessions(fixture, 0) == 0 }
    }
  }

  @Test("makes way for the next when it is complete, and is none of a session's business after its upgrade")
  func inTurn() async throws {
    try await SocketIOFixture.with { fixture in
      let peer = try await PollingPeer(fixture)
      let bare = try await RawPeer(fixture)
      bare.post(peer.sid, length: 2, "4")
      try await announced(fixture, 0)
      bare.send("0")
      try await bare.wait(for: "HTTP/1.1 200")
      #expect(try await peer.post("42[\"message\"]") == 200)
      bare.post(peer.sid, length: 3, "4")
      try await announced(fixture, 0)
      let socket = try await peer.upgrade()
      #expect(try await socket.next().hasPrefix("40{"))
      bare.close()
      try await announced(fixture, 0, false)
      socket.send("42[\"message\",1]")
      while try await socket.next() != "42[\"message-back\",1]" {}
    }
  }

  @Test("or any other request is refused where its query cannot be decoded")
  func malformedQuery() async throws {
    try await SocketIOFixture.with { fixture in
      let client = HTTPClient(loop: fixture.loops[0])
      for query in [
        "&transport=polling&x=%zz", "&transport=polling&sid=%4", "&transport=%", "&transport=polling&t=%ff",
      ] {
        let answer = try await client.get(fixture.url(0, query))
        #expect(answer.status.code == 400)
        #expect(String(decoding: answer.bytes, as: UTF8.self) == "{\"code\":3,\"message\":\"Bad request\"}")
      }
      #expect(try await client.get(fixture.url(0, "&transport=polling&x=%20+%e2%82%ac")).status.code == 200)
    }
  }

  @Test("and a GET are the only methods of a session; others are refused and do it no harm")
  func otherMethods() async throws {
    try await SocketIOFixture.with { fixture in
      let client = HTTPClient(loop: fixture.loops[0])
      let peer = try await PollingPeer(fixture)
      for method in [HTTPMethod.put, .patch, .delete, HTTPMethod("PROPFIND")] {
        let opening = try await client.send(method, fixture.url(0, "&transport=polling"))
        #expect(opening.status.code == 400)
        #expect(String(decoding: opening.bytes, as: UTF8.self) == "{\"code\":2,\"message\":\"Bad handshake method\"}")
        let later = try await client.send(method, fixture.url(0, "&transport=polling&sid=\(peer.sid)"))
        #expect(later.status.code == 400)
        #expect(String(decoding: later.bytes, as: UTF8.self) == "{\"code\":3,\"message\":\"Bad request\"}")
      }
      #expect(try await client.send(.head, fixture.url(0, "&transport=polling&sid=\(peer.sid)")).status.code == 400)
      #expect(try await peer.post("40") == 200)
    }
  }
}
