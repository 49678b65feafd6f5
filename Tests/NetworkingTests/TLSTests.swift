import Glibc
import Networking
import TestCertificates
import Testing

/// Both ends of a TLS connection on one loop, and what they were made from.
private struct SecurePair {
  let client: Peer
  let server: Peer

  static func make(
    _ loop: EventLoop, _ server: TLSServerContext, _ client: TLSClientContext, host: String = "localhost"
  ) async throws -> SecurePair {
    let condition = Condition(loop)
    var accepted: Peer?
    let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
      #expect(throws: Never.self) { try connection.secure(server) }
      let peer = Peer(connection)
      connection.start(peer)
      accepted = peer
      condition.signal()
    }
    let connection = try await Connection.connect(to: listener.address, loop: loop)
    try await client.prepare()
    try connection.secure(client, host: host)
    let peer = Peer(connection)
    connection.start(peer)
    try await condition.wait("accept") { accepted != nil }
    listener.close()
    return SecurePair(client: peer, server: try #require(accepted))
  }

  func greet() async throws {
    client.connection.write("hello")
    try await server.waitForBytes(5)
  }
}

private func files(_ made: (certificate: String, key: String)) -> TLSFiles {
  TLSFiles(certificate: made.certificate, key: made.key)
}

/// What most tests need: an authority, a server with one certificate, a client that believes the authority.
private func installation() throws -> (TLSAuthority, TLSServerContext, TLSClientContext) {
  let authority = try TLSAuthority()
  let server = try TLSServerContext(TLSServerConfiguration(files: [files(authority.issue("server"))]))
  return (authority, server, TLSClientContext(TLSClientConfiguration(authorities: authority.certificate)))
}

@Suite("TLS")
struct TLSTests {
  @Test("bytes go both ways, whatever their number", arguments: [1, 5, 16 << 10, 100_000, 5 << 20])
  func echo(count: Int) async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      let data = pattern(count)
      pair.server.connection.outboundLimit = 16 << 20
      pair.client.connection.outboundLimit = 16 << 20
      pair.server.whenReceived = { peer in
        if peer.bytes.count == count { peer.connection.write(peer.bytes) }
      }
      pair.client.connection.write(data)
      try await pair.client.waitForBytes(count)
      #expect(pair.client.bytes == data)
      #expect(pair.client.connection.outboundCount == 0 && pair.server.connection.outboundCount == 0)
      #expect(pair.server.connection.isSecure && pair.server.connection.tls?.version == "TLSv1.3")
      pair.client.connection.close()
      try await pair.server.waitForEnd()
      pair.server.connection.finish()
      #expect(try await pair.server.waitForClose() == .peer)
      #expect(server.handshakes == 1 && server.failures == 0)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a slow peer gets all of it, in order, and then it is said")
  func backPressure() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      try await pair.greet()
      let data = pattern(12 << 20)
      pair.server.connection.outboundLimit = 16 << 20
      pair.client.connection.pauseReading()
      var sent = 0
      while sent < data.count {
        let count = min(1 + sent % 70_000, data.count - sent)
        data[sent..<sent + count].withUnsafeBytes { pair.server.connection.write($0) }
        sent += count
        if sent % 3 == 0 { await Task.yield() }
      }
      try await loop.sleep(for: .milliseconds(1))
      #expect(pair.server.connection.outboundCount > 0)
      pair.client.connection.resumeReading()
      try await pair.client.waitForBytes(data.count)
      #expect(pair.client.bytes == data)
      try await pair.server.condition.wait("drained") { pair.server.drains > 0 }
      #expect(pair.server.connection.outboundCount == 0)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a peer that takes nothing is closed as slow")
  func slowReceiver() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      try await pair.greet()
      pair.client.connection.pauseReading()
      pair.server.connection.outboundLimit = 1 << 20
      let chunk = pattern(64 << 10)
      var written = 0
      while pair.server.connection.isOpen, written < 64 << 20 {
        pair.server.connection.write(chunk)
        written += chunk.count
      }
      #expect(try await pair.server.waitForClose() == .slowReceiver)
      pair.client.connection.resumeReading()
      // What was cut off is told apart from what was complete.
      guard case .failed(let error) = try await pair.client.waitForClose() else {
        return #expect(Bool(false), "a cut was taken for an end")
      }
      #expect(error.code == .closed)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("finish delivers everything, then the end; the other side may go on")
  func finish() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      let data = pattern(5 << 20)
      pair.server.connection.outboundLimit = 8 << 20
      pair.server.connection.write(data)
      pair.server.connection.finish()
      try await pair.client.waitForEnd()
      #expect(pair.client.bytes == data)
      pair.client.connection.write("still here")
      pair.client.connection.finish()
      #expect(try await pair.client.waitForClose() == .peer)
      #expect(try await pair.server.waitForClose() == .local)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a half-closed client still gets its answer")
  func halfClose() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      pair.client.connection.write("question")
      pair.client.connection.finish(linger: .seconds(10))
      try await pair.server.waitForEnd()
      #expect(pair.server.bytes == Array("question".utf8))
      pair.server.connection.write("answer")
      pair.server.connection.finish()
      #expect(try await pair.server.waitForClose() == .peer)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a connection that is cut is a failure, not an end")
  func truncation() async throws {
    let (authority, server, client) = try installation()
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      try await pair.greet()
      shutdown(pair.client.connection.descriptor, Int32(SHUT_WR))
      guard case .failed(let error) = try await pair.server.waitForClose() else {
        return #expect(Bool(false), "a cut was taken for an end")
      }
      #expect(error.code == .closed && error.reason.contains("close_notify"))
      #expect(!pair.server.hasPeerFinished)
    }
    withExtendedLifetime(authority) {}
  }

  @Test(
    "a client refuses a server that it cannot believe",
    arguments: ["unknown authority", "another host", "another address", "expired"])
  func verification(what: String) async throws {
    let authority = try TLSAuthority()
    let other = try TLSAuthority()
    let names = what == "another host" ? ["example.org", "*.localhost"] : ["localhost", "10.1.2.3"]
    let certificate = files(try authority.issue("server", names: names))
    let server = try TLSServerContext(TLSServerConfiguration(files: [certificate]))
    let believed = what == "unknown authority" ? other : authority
    let client = TLSClientContext(TLSClientConfiguration(authorities: believed.certificate))
    if what == "expired" {
      let expired = try authority.issue("expired", isExpired: true)
      let error = #expect(throws: TLSError.self) {
        try TLSServerContext(TLSServerConfiguration(files: [files(expired)]))
      }
      #expect(error?.code == .expired && error?.description.contains("expired on 2021-02-03") == true)
      return
    }
    try await onLoop { loop in
      let host = what == "another address" ? "127.0.0.1" : "localhost"
      let pair = try await SecurePair.make(loop, server, client, host: host)
      pair.client.connection.write("secret")
      guard case .failed(let error) = try await pair.client.waitForClose() else {
        return #expect(Bool(false), "not refused")
      }
      #expect(error.code == .untrusted && !error.isRetriable)
      let expected =
        switch what {
        case "another host": "hostname mismatch"
        case "another address": "IP address mismatch"
        default: "unable to get local issuer certificate"
        }
      #expect("\(error)".lowercased().contains(expected.lowercased()) || "\(error)".contains("self-signed"), "\(error)")
      _ = try await pair.server.waitForClose()
      #expect(pair.server.bytes.isEmpty)
      #expect(server.failures == 1 && server.handshakes == 0)
    }
    withExtendedLifetime((authority, other)) {}
  }

  @Test("an address in the certificate is believed")
  func addressInCertificate() async throws {
    let authority = try TLSAuthority()
    let server = try TLSServerContext(
      TLSServerConfiguration(files: [files(authority.issue("server", names: ["127.0.0.1"]))]))
    let client = TLSClientContext(TLSClientConfiguration(authorities: authority.certificate))
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client, host: "127.0.0.1")
      try await pair.greet()
    }
    withExtendedLifetime(authority) {}
  }

  @Test("a later connection resumes the session of an earlier one")
  func resumption() async throws {
    let authority = try TLSAuthority()
    let server = try TLSServerContext(TLSServerConfiguration(files: [files(authority.issue("server"))]))
    let client = TLSClientContext(TLSClientConfiguration(authorities: authority.certificate))
    try await onLoop { loop in
      for round in 0..<4 {
        if round == 2 { try server.reload() }
        let pair = try await SecurePair.make(loop, server, client)
        try await pair.greet()
        pair.server.connection.write("hello")
        try await pair.client.waitForBytes(5)
        // Tickets outlive a reload.
        #expect(pair.server.connection.tls?.isResumed == (round > 0), "round \(round)")
        #expect(pair.client.connection.tls?.isResumed == (round > 0))
        pair.client.connection.close()
        try await pair.server.waitForEnd()
      }
      #expect(server.resumptions == 3)
    }
    withExtendedLifetime(authority) {}
  }

  @Test("who shows a certificate is known by its subject; where one is required nobody else gets in")
  func clientCertificates() async throws {
    let authority = try TLSAuthority()
    let strangers = try TLSAuthority()
    var configuration = TLSServerConfiguration(files: [files(try authority.issue("server"))])
    let known = files(try authority.issue("ops", names: ["ops"], use: .client))
    let unknown = files(try strangers.issue("ops", names: ["ops"], use: .client))
    for isRequired in [false, true] {
      configuration.clientCertificates =
        isRequired ? .required(authorities: authority.certificate) : .optional(authorities: authority.certificate)
      let server = try TLSServerContext(configuration)
      for shown in [known, unknown, nil] {
        var client = TLSClientConfiguration(authorities: authority.certificate)
        client.files = shown
        let context = TLSClientContext(client)
        let isAdmitted = shown == known || (shown == nil && !isRequired)
        try await onLoop { loop in
          for _ in 0..<2 {
            let pair = try await SecurePair.make(loop, server, context)
            pair.client.connection.write("hello")
            if isAdmitted {
              try await pair.server.waitForBytes(5)
              #expect(pair.server.connection.tls?.peerSubject == (shown == nil ? nil : "CN=ops,O=Test"))
              #expect(pair.server.connection.tls?.isResumed == false)
            } else {
              guard case .failed(let error) = try await pair.server.waitForClose() else {
                return #expect(Bool(false), "not refused")
              }
              #expect(error.code == .untrusted)
              #expect(pair.server.bytes.isEmpty)
              guard case .failed(let told) = try await pair.client.waitForClose() else {
                return #expect(Bool(false), "not told")
              }
              #expect("\(told)".contains("alert"), "\(told)")
            }
          }
        }
      }
    }
    withExtendedLifetime((authority, strangers)) {}
  }

  @Test("a connection that has shaken hands moves to another loop with what it had not sent")
  func moved() async throws {
    let (authority, server, client) = try installation()
    let other = EventLoop.spawn(name: "other")
    defer { other.stop() }
    try await onLoop { loop in
      let pair = try await SecurePair.make(loop, server, client)
      try await pair.greet()
      let data = pattern(5 << 20)
      pair.server.connection.outboundLimit = 8 << 20
      pair.client.connection.pauseReading()
      pair.server.connection.write(data)
      try await loop.sleep(for: .milliseconds(1))
      let (connection, unsent) = try #require(pair.server.connection.move(to: other))
      other.execute {
        let peer = Peer(connection)
        peer.whenReceived = { $0.connection.finish() }
        connection.start(peer)
        connection.write(unsent)
        connection.write("moved")
      }
      pair.client.connection.resumeReading()
      try await pair.client.waitForBytes(data.count + 5)
      #expect(pair.client.bytes == data + Array("moved".utf8))
      pair.client.connection.write("and back")
      try await pair.client.waitForEnd()
    }
    withExtendedLifetime(authority) {}
  }
}

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

@Suite("TLS files")
struct TLSFilesTests {
  @Test("what is wrong with a file is said in one line: what, where, what to do")
  func errors() throws {
    let authority = try TLSAuthority()
    let good = try authority.issue("good")
    let other = try authority.issue("other")
    let rsa = try authority.issue("rsa", rsa: true)
    let folder = authority.folder
    _ = TLSAuthority.shell(
      "echo nothing > \(folder)/junk; openssl pkey -in \(good.key) -aes128 -passout pass:x -out \(folder)/locked")
    func code(_ certificate: String, _ key: String) -> TLSError.Code? {
      do throws(TLSError) {
        _ = try TLSServerContext(
          TLSServerConfiguration(files: [TLSFiles(certificate: certificate, key: key)]))
        return nil
      } catch {
        #expect(!"\(error)".contains("\n") && "\(error)".contains("; "), "\(error)")
        #expect("\(error)".hasPrefix(error.path))
        return error.code
      }
    }
    #expect(code(good.certificate, good.key) == nil)
    #expect(code(rsa.certificate, rsa.key) == nil)
    #expect(code("\(folder)/none", good.key) == .unreadable)
    #expect(code(good.certificate, "\(folder)/none") == .unreadable)
    #expect(code(folder, good.key) == .unreadable)
    #expect(code("\(folder)/junk", good.key) == .malformed)
    #expect(code(good.certificate, "\(folder)/junk") == .malformed)
    #expect(code(good.certificate, good.certificate) == .malformed)
    #expect(code(good.certificate, "\(folder)/locked") == .passphrase)
    #expect(code(good.certificate, other.key) == .mismatch)
    #expect(code(good.certificate, rsa.key) == .mismatch)
    let client = TLSClientContext(TLSClientConfiguration(authorities: "\(folder)/junk"))
    #expect(throws: TLSError.self) { try client.load() }
  }

  @Test("a reload shows the new certificate, and a bad one changes nothing")
  func reload() async throws {
    let authority = try TLSAuthority()
    let live = (certificate: "\(authority.folder)/live.pem", key: "\(authority.folder)/live.key")
    @Sendable func install(_ name: String) throws {
      let made = try authority.issue(name)
      _ = TLSAuthority.shell("cp \(made.certificate) \(live.certificate); cp \(made.key) \(live.key)")
    }
    try install("first")
    let server = try TLSServerContext(TLSServerConfiguration(files: [files(live)]))
    var configuration = TLSClientConfiguration(authorities: authority.certificate)
    configuration.minimumVersion = .v13
    let clientConfiguration = configuration
    @Sendable func subject(_ loop: EventLoop) async throws -> String? {
      let pair = try await SecurePair.make(loop, server, TLSClientContext(clientConfiguration))
      try await pair.greet()
      return pair.client.connection.tls?.peerSubject
    }
    try await onLoop { loop in
      #expect(try await subject(loop) == "CN=first,O=Test")
      let old = try await SecurePair.make(loop, server, TLSClientContext(clientConfiguration))
      try await WorkerThreads.blocking.run { try install("second") }
      #expect(try await subject(loop) == "CN=first,O=Test")
      try server.reload()
      #expect(try await subject(loop) == "CN=second,O=Test")
      _ = try await WorkerThreads.blocking.run { TLSAuthority.shell("echo broken > \(live.key)") }
      let error = #expect(throws: TLSError.self) { try server.reload() }
      #expect(error?.path == live.key)
      #expect(try await subject(loop) == "CN=second,O=Test")
      // What has begun with the first goes on with it.
      try await old.greet()
      #expect(old.client.connection.tls?.peerSubject == "CN=first,O=Test")
    }
  }
}
