import Glibc
import Networking
import TestCertificates
import Testing

/// Both ends of a TLS connection on one loop, and what they were made from.

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
