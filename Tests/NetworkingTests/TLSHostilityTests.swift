import Glibc
import Networking
import TestCertificates
import Testing

/// Both ends of a TLS connection on one loop, and what they were made from.

@Suite("TLS against hostile clients")
struct TLSHostilityTests {
  @Test(
    "what is no TLS is refused, and nobody hears of it",
    arguments: [
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{ff}\u{ff}garbage", "SSH-2.0-x\r\n", "\0\0\0\0\0\0",
    ])
  func garbage(text: String) async throws {
    let (authority, server, _) = try installation()
    try await onLoop { loop in
      let condition = Condition(loop)
      var accepted: Peer?
      let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
        #expect(throws: Never.self) { try connection.secure(server) }
        let peer = Peer(connection)
        connection.start(peer)
        accepted = peer
        condition.signal()
      }
      let raw = RawClient(port: listener.address.port)
      raw.send(text)
      raw.finish()
      try await condition.wait("accept") { accepted != nil }
      let peer = try #require(accepted)
      guard case .failed(let error) = try await peer.waitForClose() else {
        return #expect(Bool(false), "not refused")
      }
      #expect(error.code == .untrusted || error.code == .closed)
      if text.hasPrefix("GET") { #expect("\(error)".contains("HTTP without TLS")) }
      #expect(peer.bytes.isEmpty && !peer.hasPeerFinished)
      #expect(server.failures == 1)
      listener.close()
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a handshake that does not go on is ended, by time and by number")
  func halfHandshakes() async throws {
    let authority = try TLSAuthority()
    var configuration = TLSServerConfiguration(files: [files(try authority.issue("server"))])
    configuration.handshakeTimeout = .milliseconds(300)
    configuration.handshakeLimit = 3
    let server = try TLSServerContext(configuration)
    try await onLoop { loop in
      let condition = Condition(loop)
      var accepted: [Peer] = []
      let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
        #expect(throws: Never.self) { try connection.secure(server) }
        let peer = Peer(connection)
        connection.start(peer)
        accepted.append(peer)
        condition.signal()
      }
      let clients = (0..<5).map { _ in RawClient(port: listener.address.port) }
      for client in clients { client.send("\u{16}\u{3}\u{1}") }
      try await condition.wait("accept") { accepted.count == 5 }
      var codes: [NetworkError.Code] = []
      for client in clients { client.finish() }
      for peer in accepted {
        if case .failed(let error) = try await peer.waitForClose() { codes.append(error.code) }
      }
      #expect(codes.count == 5 && codes.prefix(2) == [.overloaded, .overloaded], "\(codes)")
      // And by time: this one stays silent, but open.
      let silent = RawClient(port: listener.address.port)
      try await condition.wait("accept") { accepted.count == 6 }
      guard case .failed(let error) = try await accepted[5].waitForClose() else {
        return #expect(Bool(false), "not ended")
      }
      #expect(error.code == .timedOut)
      withExtendedLifetime(silent) {}
      listener.close()
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a handshake may arrive byte by byte")
  func fragments() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let condition = Condition(loop)
      var accepted: Peer?
      let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
        #expect(throws: Never.self) { try connection.secure(server) }
        let peer = Peer(connection)
        connection.start(peer)
        accepted = peer
        condition.signal()
      }
      // In between, one who passes on single bytes.
      var outer: Connection?
      var trickles: [Trickle] = []
      let between = try Listener(.loopback(port: 0), loop: loop) { outer = $0 }
      let connection = try await Connection.connect(to: between.address, loop: loop)
      try await client.prepare()
      try connection.secure(client, host: "localhost")
      let peer = Peer(connection)
      connection.start(peer)
      let inner = try await Connection.connect(to: listener.address, loop: loop)
      try await eventually(condition) { outer != nil }
      let there = try #require(outer)
      trickles = [Trickle(to: inner), Trickle(to: there)]
      there.start(trickles[0])
      inner.start(trickles[1])
      peer.connection.write("in the end")
      try await condition.wait("accept") { accepted != nil }
      let other = try #require(accepted)
      try await other.waitForBytes(10)
      other.connection.write("and back")
      try await peer.waitForBytes(8)
      listener.close()
      between.close()
    }
    withExtendedLifetime(authority) {}
  }

  private func eventually(_ condition: Condition, _ isMet: @escaping () -> Bool) async throws {
    let loop = try #require(EventLoop.current)
    for _ in 0..<1000 where !isMet() { try await loop.sleep(for: .milliseconds(1)) }
    try #require(isMet())
  }
}

/// Passes on what it receives, a byte a flush.
private final class Trickle: ConnectionHandler {
  private let target: Connection

  init(to target: Connection) { self.target = target }

  func received(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes {
      target.write([byte])
      target.flush()
    }
  }

  func peerFinished() { target.finish() }
  func closed(_ reason: CloseReason) {}
}
