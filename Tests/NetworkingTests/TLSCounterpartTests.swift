import Networking
import TestCertificates
import Testing

/// Against OpenSSL's own client.
@Suite("TLS with openssl s_client", .serialized)
struct TLSCounterpartTests {
  /// Serves an echo until `body` is through; `body` gets the port and may block.
  private func serve(
    _ configuration: @Sendable (TLSAuthority) throws -> TLSServerConfiguration,
    _ body: @escaping @Sendable (TLSAuthority, UInt16) throws -> Void
  ) async throws {
    let authority = try TLSAuthority()
    let context = try TLSServerContext(configuration(authority))
    try await onLoop { loop in
      let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
        #expect(throws: Never.self) { try connection.secure(context) }
        let peer = Peer(connection)
        peer.whenReceived = { peer in
          let tls = connection.tls
          connection.write(
            Array(
              "name=\(tls?.serverName ?? "-") alpn=\(tls?.applicationProtocol ?? "-") resumed=\(tls?.isResumed ?? false)\n"
                .utf8))
          connection.finish()
        }
        connection.start(peer)
      }
      let port = listener.address.port
      try await WorkerThreads.blocking.run { try body(authority, port) }
      listener.close()
    }
  }

  private static func one(_ authority: TLSAuthority) throws -> TLSServerConfiguration {
    let made = try authority.issue("server")
    return TLSServerConfiguration(files: [TLSFiles(certificate: made.certificate, key: made.key)])
  }

  private static func client(_ port: UInt16, _ arguments: String) -> String {
    TLSAuthority.shell("echo hello | timeout 20 openssl s_client -ign_eof -connect 127.0.0.1:\(port) \(arguments)")
      .output
  }

  @Test("1.2 and 1.3 are spoken, with ciphers that keep their secrets; 1.1 is not")
  func versions() async throws {
    try await serve(Self.one) { authority, port in
      let common =
        "-CAfile \(authority.certificate) -verify_return_error -verify_hostname localhost -servername localhost"
      let newest = Self.client(port, "\(common) -tls1_3")
      #expect(newest.contains("TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"), "\(newest)")
      #expect(newest.contains("Verify return code: 0 (ok)") && newest.contains("name=localhost"))
      let older = Self.client(port, "\(common) -tls1_2")
      #expect(older.contains("TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"), "\(older)")
      #expect(older.contains("Secure Renegotiation IS supported"))
      for version in ["-tls1_1", "-tls1"] {
        let old = Self.client(port, "\(common) \(version) -cipher DEFAULT@SECLEVEL=0")
        #expect(!old.contains("name=") && old.contains("alert protocol version"), "\(old)")
      }
      let weak = Self.client(port, "\(common) -tls1_2 -cipher AES128-SHA:ECDHE-ECDSA-AES128-SHA")
      #expect(!weak.contains("name=") && weak.contains("handshake failure"), "\(weak)")
    }
  }

  @Test("a listener may ask for 1.3")
  func minimum() async throws {
    try await serve({
      var configuration = try Self.one($0)
      configuration.minimumVersion = .v13
      return configuration
    }) { _, port in
      #expect(Self.client(port, "-tls1_3").contains("name="))
      #expect(!Self.client(port, "-tls1_2").contains("name="))
    }
  }

  @Test("ALPN chooses http/1.1 and refuses who speaks others only")
  func alpn() async throws {
    try await serve(Self.one) { _, port in
      #expect(Self.client(port, "-alpn h2,http/1.1").contains("alpn=http/1.1"))
      #expect(Self.client(port, "").contains("alpn=-"))
      let refused = Self.client(port, "-alpn h2")
      #expect(refused.contains("no application protocol") && !refused.contains("alpn="), "\(refused)")
    }
  }

  @Test("each name gets its certificate, and the unknown one the first")
  func names() async throws {
    try await serve({ authority in
      let made = [
        try authority.issue("first", names: ["chat.example.org"]),
        try authority.issue("second", names: ["*.example.net", "example.net"]),
        try authority.issue("third", names: ["special.example.net"], rsa: true),
      ]
      return TLSServerConfiguration(files: made.map { TLSFiles(certificate: $0.certificate, key: $0.key) })
    }) { _, port in
      for (name, subject) in [
        ("chat.example.org", "first"), ("a.example.net", "second"), ("EXAMPLE.net", "second"),
        ("special.example.net", "third"), ("a.b.example.net", "first"), ("nobody.org", "first"),
      ] {
        let shown = Self.client(port, "-servername \(name)")
        #expect(shown.contains("subject=O = Test, CN = \(subject)"), "\(name): \(shown)")
      }
      #expect(Self.client(port, "-noservername").contains("CN = first"))
    }
  }

  @Test("a session is resumed by its ticket", arguments: ["-tls1_2", "-tls1_3"])
  func resumption(version: String) async throws {
    try await serve(Self.one) { authority, port in
      let session = "\(authority.folder)/session"
      #expect(Self.client(port, "\(version) -sess_out \(session)").contains("resumed=false"))
      for _ in 0..<2 {
        #expect(Self.client(port, "\(version) -sess_in \(session) -sess_out \(session)").contains("resumed=true"))
      }
    }
  }

  @Test("a renegotiation is refused")
  func renegotiation() async throws {
    try await serve(Self.one) { _, port in
      let output = TLSAuthority.shell(
        "(echo R; sleep 3) | timeout 20 openssl s_client -connect 127.0.0.1:\(port) -tls1_2"
      ).output
      #expect(output.contains("RENEGOTIATING") && output.contains("no renegotiation"), "\(output)")
    }
  }

  @Test("a client's certificate is asked for with the names of those who may sign it")
  func clientCertificate() async throws {
    try await serve({ authority in
      var configuration = try Self.one(authority)
      configuration.clientCertificates = .required(authorities: authority.certificate)
      return configuration
    }) { authority, port in
      let known = try authority.issue("ops", names: ["ops"], use: .client)
      for version in ["-tls1_2", "-tls1_3"] {
        let admitted = Self.client(port, "\(version) -cert \(known.certificate) -key \(known.key)")
        #expect(admitted.contains("name=") && admitted.contains("CN = Test Authority"), "\(admitted)")
        let refused = Self.client(port, version)
        #expect(!refused.contains("name="), "\(refused)")
      }
      // A server's certificate is none for a client.
      let wrong = try authority.issue("other")
      let refused = Self.client(port, "-tls1_3 -cert \(wrong.certificate) -key \(wrong.key)")
      #expect(!refused.contains("name="), "\(refused)")
    }
  }
}
