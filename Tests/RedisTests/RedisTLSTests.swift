import Networking
import Redis
import TestCertificates
import TestSupport
import Testing

/// A Redis that speaks TLS alone, and wants to see the client's certificate if told so.
private func withSecureRedis(
  asks: Bool = false, _ body: @escaping @Sendable (TLSAuthority, UInt16) async throws -> Void
) async throws {
  let authority = try TLSAuthority()
  let made = try authority.issue("redis")
  let port = try FreePort.pick()
  let process = try await TestProcess.start(
    "/usr/bin/redis-server",
    [
      "--port", "0", "--tls-port", "\(port)", "--bind", "127.0.0.1", "--tls-cert-file", made.certificate,
      "--tls-key-file", made.key, "--tls-ca-cert-file", authority.certificate, "--tls-auth-clients",
      asks ? "yes" : "no", "--save", "", "--dir", authority.folder, "--requirepass", "pw",
    ])
  try await process.waitForLine(containing: "Ready to accept connections")
  do {
    try await body(authority, port)
  } catch {
    process.terminate()
    throw error
  }
  try await process.stop()
}

@Suite("Redis over TLS")
struct RedisTLSTests {
  @Test("commands, large values, subscriptions and a lost connection work as without")
  func commands() async throws {
    try await withSecureRedis { authority, port in
      try await withLoop { loop in
        let url = "rediss://:pw@localhost:\(port)/1?cacert=\(authority.certificate)"
        let configuration = try #require(RedisConfiguration(url: url))
        let client = RedisClient(configuration, loop: loop)
        let value = [UInt8](repeating: 7, count: 3 << 20)
        _ = try await client.send("SET", "key", value)
        #expect(try await client.send("GET", "key").bytes == value)
        for index in 0..<500 { _ = try await client.send("SET", "k\(index)", index) }
        #expect(try await client.send("DBSIZE").integer == 501)
        // The connection is made anew, and its session resumed.
        _ = try? await client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
        try await eventually(within: .seconds(10), "the reconnect") { client.generation == 2 }
        #expect(try await client.send("GET", "k7").string == "7")
        client.close()
      }
    }
  }

  @Test("a client shows its certificate where it is wanted")
  func clientCertificate() async throws {
    try await withSecureRedis(asks: true) { authority, port in
      let made = try authority.issue("chatd", names: ["chatd"], use: .client)
      try await withLoop { loop in
        let base = "rediss://:pw@localhost:\(port)?cacert=\(authority.certificate)"
        let known = RedisClient(
          try #require(RedisConfiguration(url: "\(base)&cert=\(made.certificate)&key=\(made.key)")), loop: loop)
        #expect(try await known.send("PING").string == "PONG")
        known.close()
        var configuration = try #require(RedisConfiguration(url: base))
        configuration.commandTimeout = .milliseconds(300)
        let unknown = RedisClient(configuration, loop: loop)
        await #expect(throws: RedisError.self) { try await unknown.send("PING") }
        unknown.close()
      }
    }
  }

  @Test("a server that is not to be believed, and a file that is missing, are told at once")
  func untrusted() async throws {
    try await withSecureRedis { authority, port in
      let other = try TLSAuthority()
      try await withLoop { loop in
        for (query, text) in [
          ("cacert=\(other.certificate)", "certificate"),
          ("cacert=\(authority.certificate)&name=elsewhere.org", "hostname mismatch"),
          ("cacert=\(authority.folder)/none", "No such file"),
        ] {
          let configuration = try #require(RedisConfiguration(url: "rediss://:pw@localhost:\(port)?\(query)"))
          let client = RedisClient(configuration, loop: loop)
          let error = await #expect(throws: RedisError.self) { try await client.send("PING") }
          #expect(error?.code == .untrusted && error?.isRetriable == false, "\(String(describing: error))")
          #expect(error?.message.contains(text) == true, "\(String(describing: error))")
          client.close()
        }
      }
    }
  }
}
