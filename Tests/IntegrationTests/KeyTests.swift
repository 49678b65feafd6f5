import ChatKit
import Glibc
import JSON
import Networking
import TestSupport
import Testing

@Suite("The keys of access tokens")
struct KeyTests {
  /// A new RSA key in PEM.
  private func rsaKey() async throws -> String {
    let result = try await TestProcess.run(
      "/usr/bin/openssl", ["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    guard result.exit == .code(0), let start = result.output.firstRange(of: "-----BEGIN") else {
      throw TestFailure(result.output)
    }
    return String(result.output[start.lowerBound...])
  }

  private func move(_ from: String, _ to: String) throws {
    guard rename(from, to) == 0 else { throw TestFailure("cannot rename \(from)") }
  }

  /// The keys' names, as their readers see them.
  private func published(_ api: APIClient) async throws -> [String] {
    let answer = try await api.get("/api/auth/jwks").expect(200)
    #expect(answer.headers["content-type"] == "application/jwk-set+json")
    #expect(answer.headers["cache-control"] == "public, max-age=300")
    let keys = try #require(try answer.json["keys"]?.array)
    for key in keys {
      #expect(key["kty"]?.string == "RSA" && key["alg"]?.string == "RS256" && key["use"]?.string == "sig")
      #expect((key["n"]?.string?.utf8.count ?? 0) == 342 && key["e"]?.string == "AQAB")
      for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] { #expect(key[secret] == nil) }
    }
    return keys.compactMap { $0["kid"]?.string }
  }

  @Test("RS256 keys are exchanged without logging anyone out, and the public halves are published")
  func exchange() async throws {
    let folder = try TemporaryFolder.make()
    let secrets = "\(folder)/secrets"
    guard mkdir(secrets, 0o700) == 0 else { throw TestFailure("cannot make \(secrets)") }
    try FileText.write(try await rsaKey(), to: "\(secrets)/token.key")
    let chatd = try await Chatd.start(
      ["all", "--embedded", "\(folder)/data", "--secrets", secrets, "--loops", "2", "--log-level", "notice"])
    try await withLoop { loop in
      func reload() async throws -> String {
        func said() -> [Substring] {
          chatd.process.output.split(separator: "\n").filter { $0.contains("the keys of access tokens ") }
        }
        let before = said().count
        chatd.process.signal(SIGHUP)
        try await eventually { said().count > before }
        return said().last.map(String.init) ?? ""
      }
      func client() -> APIClient { APIClient(port: chatd.port, loop: loop) }
      let ann = try await Stack.register(Stack.uniqueName("ann"), with: client())
      let first = try await published(ann.api)
      #expect(first.count == 1)
      // Known everywhere, before it signs.
      try FileText.write(try await rsaKey(), to: "\(secrets)/token.next.key")
      #expect(try await reload().contains("active=\(first[0])"))
      let both = try await published(ann.api)
      #expect(both.count == 2 && both[0] == first[0])
      // It signs; what the old one has signed is good.
      try move("\(secrets)/token.key", "\(secrets)/token.old.key")
      try move("\(secrets)/token.next.key", "\(secrets)/token.key")
      #expect(try await reload().contains("active=\(both[1])"))
      #expect(try await published(ann.api) == [both[1], both[0]])
      for _ in 0..<8 {
        #expect(
          try await client().get("/api/users/me", headers: ["Authorization": "Bearer \(ann.token)"]).status == 200)
      }
      let refreshed = try await client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)])
      let token = try refreshed.expect(200).string("accessToken")
      for token in [ann.token, token] {
        let socket = try await SocketClient.connect(to: chatd.port, token: token, loop: loop)
        socket.cut()
      }
      // The old one goes, and with it what it has signed, whoever remembers it.
      guard unlink("\(secrets)/token.old.key") == 0 else { throw TestFailure("cannot remove the old key") }
      _ = try await reload()
      for _ in 0..<8 {
        let api = client()
        #expect(try await api.get("/api/users/me", headers: ["Authorization": "Bearer \(ann.token)"]).status == 401)
        #expect(try await api.get("/api/users/me", headers: ["Authorization": "Bearer \(token)"]).status == 200)
        api.close()
      }
      #expect(try await published(ann.api) == [both[1]])
      // What cannot be read changes nothing, and a key that is missing is not made.
      try move("\(secrets)/token.key", "\(secrets)/elsewhere")
      #expect(try await reload().contains("the old ones stay"))
      #expect(access("\(secrets)/token.key", F_OK) != 0)
      #expect(try await client().get("/api/users/me", headers: ["Authorization": "Bearer \(token)"]).status == 200)
    }
    #expect(try await chatd.process.stop() == .code(0))
  }

  @Test("a secret is not published")
  func secret() async throws {
    try await withStack { stack in
      let answer = try await stack.client().get("/api/auth/jwks").expect(200)
      #expect(answer.text == #"{"keys":[]}"#)
    }
  }
}
