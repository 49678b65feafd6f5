import ChatKit
import Glibc
import JSON
import Networking
import Primitives
import TestSupport
import Testing

@Suite("TURN credentials")
struct TurnTests {
  private static let secret = "a secret of the tests"

  private static func program(_ name: String) -> String { "/usr/bin/\(name)" }

  /// Debian's coturn on the loopback interface.
  private static func startServer() async throws -> (process: TestProcess, port: UInt16) {
    let port = try FreePort.pick(12)
    let folder = try TemporaryFolder.make()
    let process = try await TestProcess.start(
      program("turnserver"),
      [
        "-n", "--use-auth-secret", "--static-auth-secret=\(secret)", "--realm=chat.example", "--listening-ip=127.0.0.1",
        "--relay-ip=127.0.0.1", "--listening-port=\(port)", "--no-tls", "--no-dtls", "--no-cli",
        "--allow-loopback-peers", "--pidfile=\(folder)/pid", "--userdb=\(folder)/db", "--log-file=stdout",
        "--min-port=\(port + 2)", "--max-port=\(port + 11)",
      ], directory: folder)
    return (process, port)
  }

  /// Allocates two relays and sends packets from one to the other.
  private static func relays(_ username: String, _ credential: String, _ port: UInt16) async throws -> Bool {
    let result = try await TestProcess.run(
      program("turnutils_uclient"),
      ["-y", "-n", "1", "-m", "1", "-u", username, "-w", credential, "-p", "\(port)", "127.0.0.1"], within: .seconds(60)
    )
    return result.exit == .code(0) && result.output.contains("Total lost packets 0 ")
  }

  @Test(
    "what is issued is accepted by coturn; another password, another user's name and what has expired are not",
    .enabled(if: access("/usr/bin/turnserver", X_OK) == 0 && access("/usr/bin/turnutils_uclient", X_OK) == 0))
  func coturn() async throws {
    let (server, port) = try await Self.startServer()
    let file = "\(try TemporaryFolder.make())/turn-secret"
    try FileText.write("\(Self.secret)\n", to: file)
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      var installation = try Installation(servers)
      installation.options = [
        "--calls-turn-uris", "turn:127.0.0.1:\(port)?transport=udp", "--calls-stun-uris", "stun:127.0.0.1:\(port)",
        "--calls-turn-secret-file", file, "--calls-turn-lifetime", "1h",
      ]
      let api = try await installation.start("api")
      var failure: (any Error)?
      do {
        let client = APIClient(port: api.port, loop: loop)
        #expect(try await client.get("/api/calls/ice").status == 401)
        let ann = try await Stack.register("ann", with: client)
        let answer = try await ann.api.get("/api/calls/ice").expect(200)
        #expect(answer.headers["cache-control"] == "no-store")
        #expect(try answer.int("ttl") == 3600)
        let servers = answer["iceServers"]
        #expect(servers?[0]?["urls"]?[0]?.string == "stun:127.0.0.1:\(port)")
        #expect(servers?[1]?["urls"]?[0]?.string == "turn:127.0.0.1:\(port)?transport=udp")
        let username = try #require(servers?[1]?["username"]?.string)
        let credential = try #require(servers?[1]?["credential"]?.string)
        #expect(username.hasSuffix(":\(ann.id)"))
        #expect(!answer.text.contains(Self.secret))
        try await eventually("coturn") { try await Self.relays(username, credential, port) }
        #expect(try await !Self.relays(username, "wrong", port))
        #expect(try await !Self.relays("9\(username)", credential, port))
        let expired = IceServers(stun: [], turn: ["turn:x"], secret: Self.secret, lifetime: .seconds(60)).credentials(
          for: .v7(), at: .now() - .seconds(120))
        #expect(try await !Self.relays(expired.username, expired.credential, port))
      } catch {
        failure = error
      }
      _ = try? await api.process.stop()
      await servers.stop()
      if let failure { throw failure }
    }
    try await server.stop()
  }

  @Test("TURN servers without their secret are refused at the start")
  func withoutSecret() async throws {
    let result = try await TestProcess.run(
      "chatd",
      [
        "api", "--postgres", "postgresql:///none", "--redis", "redis://127.0.0.1:1", "--secrets",
        try TemporaryFolder.make(),
        "--calls-turn-uris", "turn:127.0.0.1:1", "--listen", "127.0.0.1:0",
      ])
    #expect(result.exit != .code(0))
    #expect(result.output.contains("calls.turn.uris"))
  }
}
