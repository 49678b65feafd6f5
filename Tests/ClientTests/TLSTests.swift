import ChatKit
import Glibc
import TestCertificates
import TestSupport
import Testing

@Suite(
  "Official clients over TLS", .serialized,
  .enabled("node and the official clients are installed") { await OfficialClients.canRunJavaScript() })
struct TLSClientTests {
  /// A chatd of its own on the shared PostgreSQL and Redis, with TLS.
  private func withSecureChatd(
    _ body: (Chatd, TLSAuthority, _ certificate: (certificate: String, key: String)) async throws -> Void
  ) async throws {
    let authority = try TLSAuthority()
    let made = try authority.issue("chat", names: ["localhost", "127.0.0.1"])
    let folder = try TemporaryFolder.make()
    let chatd = try await Chatd.start(
      [
        "all", "--embedded", "\(folder)/data", "--loops", "2", "--tls-certificate", made.certificate, "--tls-key",
        made.key, "--tls-admin-authorities", authority.certificate, "--admin-listen",
        "127.0.0.1:\(try FreePort.pick())",
      ])
    var failure: (any Error)?
    do { try await body(chatd, authority, made) } catch { failure = error }
    _ = try? await chatd.process.stop()
    if let failure { throw failure }
  }

  @Test("the whole conversation over HTTPS and wss; reload, a bad file, and the admin listener's certificates")
  func conversation() async throws {
    try await withSecureChatd { chatd, authority, made in
      let url = "https://localhost:\(chatd.port)"
      let workspace = try await OfficialClients.workspace()
      let environment = [
        "CHAT_URL": url, "CHAT_GATEWAYS": "\(url),\(url)", "NODE_EXTRA_CA_CERTS": authority.certificate,
        "REQUESTS_CA_BUNDLE": authority.certificate, "SSL_CERT_FILE": authority.certificate,
      ]
      let node = OfficialClients.program("node") ?? "node"
      for transports in ["polling", "websocket", "polling+websocket"] {
        try await runScript(node, ["\(workspace)/transports.mjs", transports], environment: environment)
      }
      if let python = await OfficialClients.python.value {
        try await runScript(python, ["\(Checkout.python)/scenario.py", "websocket"], environment: environment)
      }

      func shown() -> String {
        TLSAuthority.shell(
          "echo | openssl s_client -connect 127.0.0.1:\(chatd.port) -servername localhost 2>/dev/null | grep subject"
        ).output
      }
      #expect(shown().contains("CN = chat"))
      // A key that does not match changes nothing; both files together do.
      let next = try authority.issue("renewed", names: ["localhost"])
      _ = TLSAuthority.shell("cp \(next.key) \(made.key)")
      chatd.process.signal(SIGHUP)
      try await chatd.process.waitForLine(containing: "is not the key of")
      #expect(shown().contains("CN = chat"))
      _ = TLSAuthority.shell("cp \(next.certificate) \(made.certificate)")
      chatd.process.signal(SIGHUP)
      try await chatd.process.waitForLine(containing: "the certificates were read again")
      #expect(shown().contains("CN = renewed"))

      let line = try await chatd.process.waitForLine(containing: "readiness on ")
      let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
      let ops = try authority.issue("ops", names: ["ops"], use: .client)
      let admin = "curl -sS --cacert \(authority.certificate) https://localhost:\(port)/readyz"
      let (code, output) = TLSAuthority.shell("\(admin) --cert \(ops.certificate) --key \(ops.key)")
      #expect(code == 0, "\(output)")
      #expect(TLSAuthority.shell(admin).code != 0)
    }
  }

  @Test("what is wrong with the files is one line, with the setting, and an exit code")
  func mistakes() async throws {
    let authority = try TLSAuthority()
    let good = try authority.issue("good")
    let other = try authority.issue("other")
    let expired = try authority.issue("expired", isExpired: true)
    let folder = try TemporaryFolder.make()
    for (arguments, code, text) in [
      (
        ["--tls-certificate", "\(folder)/none", "--tls-key", good.key], 73,
        "tls.certificate: \(folder)/none cannot be read: No such file"
      ),
      (["--tls-certificate", good.certificate, "--tls-key", other.key], 65, "tls.key: \(other.key) is not the key of"),
      (["--tls-certificate", expired.certificate, "--tls-key", expired.key], 65, "expired on 2021-02-03; renew it"),
      (["--tls-certificate", good.certificate], 64, "tls.key (not set): TLS needs a certificate and its key"),
    ] as [([String], Int32, String)] {
      let (exit, output) = try await TestProcess.run("chatd", ["all", "--embedded", "\(folder)/data"] + arguments)
      #expect(exit == .code(code), "\(output)")
      #expect(output.contains(text), "\(output)")
      #expect(output.split(separator: "\n").filter { $0.hasPrefix("chatd: ") }.count == 1, "\(output)")
    }
  }
}
