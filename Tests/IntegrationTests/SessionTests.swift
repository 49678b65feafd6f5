import ChatKit
import JSON
import Networking
import Primitives
import TestSupport
import Testing

@Suite("Sessions, passwords and the lock")
struct SessionTests {
  private static let password = "correct horse battery"

  private func login(
    _ stack: Stack, _ name: String, _ password: String = password, agent: String? = nil
  ) async throws -> Answer {
    try await stack.client().post(
      "/api/auth/login", ["username": .string(name), "password": .string(password)],
      headers: agent.map { ["User-Agent": $0] } ?? [:])
  }

  /// Another session of the person.
  private func again(_ stack: Stack, _ person: Person, agent: String? = nil) async throws -> Person {
    let answer = try await login(stack, person.name, agent: agent).expect(200)
    let token = try answer.string("accessToken")
    return Person(
      id: person.id, name: person.name, token: token, refreshToken: try answer.string("refreshToken"),
      api: stack.client(token))
  }

  private func refresh(_ stack: Stack, _ token: String) async throws -> Answer {
    try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(token)])
  }

  private func sessions(_ person: Person) async throws -> [JSONValue] {
    try await person.api.get("/api/auth/sessions").expect(200).json["sessions"]?.array.map { Array($0) } ?? []
  }

  /// Every row that is `sql`'s concern.
  @discardableResult
  private func sql(_ text: String) async throws -> String { try await TestDatabase.sql(text, database: "integration") }

  // MARK: Sessions

  @Test("the sessions of a user are listed with what is known of them, and nobody else's")
  func listed() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      _ = try await stack.person("bob")
      let phone = try await again(stack, ann, agent: String(repeating: "Phone ", count: 100))
      let found = try await sessions(phone)
      #expect(found.count == 2)
      #expect(found.map { $0["current"]?.bool } == [true, false])
      #expect(found[0]["userAgent"]?.string?.hasPrefix("Phone Phone") == true)
      #expect(found[0]["userAgent"]?.string?.count == 256)
      #expect(found[1]["userAgent"] == nil)
      #expect(found.allSatisfy { $0["address"]?.string == "127.0.0.1" })
      #expect(found.allSatisfy { $0["createdAt"]?.string?.hasPrefix("20") == true })
      // A refresh is the same session, later.
      _ = try await refresh(stack, ann.refreshToken).expect(200)
      let later = try await sessions(phone)
      #expect(later.map { $0["id"]?.string } == found.map { $0["id"]?.string })
      #expect(later[1]["lastUsedAt"]?.string ?? "" > found[1]["lastUsedAt"]?.string ?? "x")
      #expect(later[1]["createdAt"]?.string == found[1]["createdAt"]?.string)
    }
  }

  @Test("a session that is revoked loses its sockets on every gateway and does not refresh; others go on")
  func revokedOne() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let phone = try await again(stack, ann)
      let gone = [try await stack.socket(phone, gateway: 0), try await stack.socket(phone, gateway: 1)]
      let kept = [try await stack.socket(ann, gateway: 0), try await stack.socket(ann, gateway: 1)]
      let id = try #require(try await sessions(phone).first { $0["current"]?.bool == true }?["id"]?.string)
      #expect(try await ann.api.delete("/api/auth/sessions/\(id)").status == 204)
      for socket in gone { try await socket.waitForClose() }
      #expect(try await refresh(stack, phone.refreshToken).status == 401)
      #expect(try await sessions(ann).count == 1)
      // The token outlives its session; the account is not its concern any more, and neither are sockets.
      #expect(try ProblemAnswer(try await phone.api.get("/api/auth/sessions"), 401).code == "unauthenticated")
      #expect(try await phone.api.request("DELETE", "/api/auth/sessions").status == 401)
      try await stack.socket(phone, gateway: 1).waitForClose()
      for socket in kept {
        let ack = try await socket.emit("typing", ["conversationId": "x"])
        #expect(ack["error"]?["code"]?.string == "invalid_request")
        #expect(!socket.isClosed)
      }
      #expect(try await refresh(stack, ann.refreshToken).status == 200)
      // Once is enough.
      #expect(try ProblemAnswer(try await ann.api.delete("/api/auth/sessions/\(id)"), 404).code == "not_found")
    }
  }

  @Test("nobody revokes somebody else's session")
  func foreign() async throws {
    try await withStack { stack in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let id = try #require(try await sessions(ann).first?["id"]?.string)
      #expect(try ProblemAnswer(try await bob.api.delete("/api/auth/sessions/\(id)"), 404).code == "not_found")
      #expect(try await bob.api.delete("/api/auth/sessions/nonsense").status == 404)
      #expect(try await stack.client().delete("/api/auth/sessions/\(id)").status == 401)
      #expect(try await stack.client().get("/api/auth/sessions").status == 401)
      #expect(try await refresh(stack, ann.refreshToken).status == 200)
    }
  }

  @Test("logout ends this session, all but this, or all, with their sockets")
  func logout() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let (b, c) = (try await again(stack, ann), try await again(stack, ann))
      let (socketA, socketB) = (try await stack.socket(ann), try await stack.socket(b, gateway: 1))
      #expect(try await b.api.request("POST", "/api/auth/logout").status == 204)
      try await socketB.waitForClose()
      #expect(try await refresh(stack, b.refreshToken).status == 401)
      let socketC = try await stack.socket(c)
      #expect(try await ann.api.request("DELETE", "/api/auth/sessions").expect(200).int("revoked") == 1)
      try await socketC.waitForClose()
      #expect(!socketA.isClosed)
      #expect(try await sessions(ann).count == 1)
      let d = try await again(stack, ann)
      let socketD = try await stack.socket(d, gateway: 1)
      #expect(try ProblemAnswer(try await d.api.request("POST", "/api/auth/logout?all=x"), 400).field == "all")
      #expect(try await d.api.request("POST", "/api/auth/logout?all=true").status == 204)
      try await socketA.waitForClose()
      try await socketD.waitForClose()
      #expect(try await refresh(stack, ann.refreshToken).status == 401)
      #expect(try await stack.client().request("POST", "/api/auth/logout").status == 401)
    }
  }

  @Test("a spent refresh token, used again after the grace, closes the sockets of its session")
  func reuse() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let other = try await again(stack, ann)
      let sockets = [try await stack.socket(ann, gateway: 0), try await stack.socket(ann, gateway: 1)]
      let kept = try await stack.socket(other)
      _ = try await refresh(stack, ann.refreshToken).expect(200)
      // Within the grace it is an answer that got lost.
      _ = try await refresh(stack, ann.refreshToken).expect(200)
      #expect(!sockets[0].isClosed)
      try await sql("UPDATE refresh_tokens SET used_at = used_at - interval '1 minute' WHERE user_id = '\(ann.id)'")
      #expect(try await refresh(stack, ann.refreshToken).status == 401)
      for socket in sockets { try await socket.waitForClose() }
      #expect(!kept.isClosed)
    }
  }

  @Test("a session that is refreshed while it is revoked is over all the same")
  func refreshRace() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      for _ in 0..<10 {
        let phone = try await again(stack, ann)
        let id = try #require(try await sessions(phone).first { $0["current"]?.bool == true }?["id"]?.string)
        let loop = stack.loop
        async let revoked = loop.submit { try await ann.api.delete("/api/auth/sessions/\(id)").status }
        async let refreshed = loop.submit { try await refresh(stack, phone.refreshToken) }
        #expect(try await revoked == 204)
        let answer = try await refreshed
        guard answer.status == 200 else { continue }
        #expect(try await refresh(stack, try answer.string("refreshToken")).status == 401)
      }
      #expect(try await sessions(ann).count == 1)
    }
  }

  @Test("a gateway that did not hear of the revocation learns of it from the store with the session's next socket")
  func missed() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let first = try await stack.socket(ann)
      // As if the request had been lost: only the store knows.
      try await sql("UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = '\(ann.id)'")
      let second = try await stack.socket(ann)
      try await first.waitForClose()
      try await second.waitForClose()
    }
  }

  // MARK: Passwords

  @Test("a new password takes the current one, and ends the other sessions")
  func changed() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let phone = try await again(stack, ann)
      let (kept, gone) = (try await stack.socket(ann), try await stack.socket(phone, gateway: 1))
      func change(_ body: JSONLiteral) async throws -> Answer { try await ann.api.post("/api/auth/password", body) }
      let wrong = try ProblemAnswer(try await change(["current": "not hers", "new": "a better password"]), 403)
      #expect(wrong.code == "forbidden" && wrong.field == "current")
      #expect(try ProblemAnswer(try await change(["current": "x", "new": "short"]), 400).field == "new")
      #expect(try ProblemAnswer(try await change(["new": "a better password"]), 400).field == "current")
      #expect(try await stack.client().post("/api/auth/password", ["current": "x", "new": "y"]).status == 401)
      #expect(try await change(["current": .string(Self.password), "new": "a better password"]).status == 204)
      try await gone.waitForClose()
      #expect(!kept.isClosed)
      #expect(try await refresh(stack, phone.refreshToken).status == 401)
      #expect(try await refresh(stack, ann.refreshToken).status == 200)
      #expect(try await login(stack, ann.name).status == 401)
      #expect(try await login(stack, ann.name, "a better password").status == 200)
    }
  }

  @Test(
    "hashes that were taken over are accepted, and exchanged at login",
    arguments: [
      // crypt(3): "correct horse battery" with cost 5.
      "$2a$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2y$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "argon2id",
    ])
  func upgraded(_ kind: String) async throws {
    var hash = kind
    if kind == "argon2id" {
      hash = try await PasswordHasher(cost: .init(memoryKiB: 64, passes: 1, lanes: 1)).hash(Self.password)
    }
    try await withStack { [hash] stack in
      let ann = try await stack.person("ann")
      try await sql("UPDATE users SET password_hash = '\(hash)' WHERE id = '\(ann.id)'")
      #expect(try await login(stack, ann.name, "correct horse batters").status == 401)
      #expect(try await sql("SELECT password_hash FROM users WHERE id = '\(ann.id)'").hasPrefix(hash))
      // Many at once exchange it once, and all get in.
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          let loop = stack.loop
          group.addTask { try await loop.submit { try await login(stack, ann.name).status } }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses == [200, 200, 200, 200])
      let upgraded = try await sql("SELECT password_hash FROM users WHERE id = '\(ann.id)'")
      #expect(upgraded.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
      #expect(try await login(stack, ann.name).status == 200)
    }
  }

  // MARK: The lock

  /// The minutes for which the name is locked now, rounded.
  private func lock(_ name: String) async throws -> Int? {
    let text = try await sql(
      """
      SELECT round(extract(epoch FROM locked_until - now()) / 60) FROM login_failures
      WHERE name_hash = sha256(convert_to(lower('\(name)'), 'UTF8')) AND locked_until > now()
      """)
    return Int(text.prefix { $0.isNumber })
  }

  private func unlock(_ name: String) async throws {
    try await sql(
      """
      UPDATE login_failures SET locked_until = now() - interval '1 second'
      WHERE name_hash = sha256(convert_to(lower('\(name)'), 'UTF8'))
      """)
  }

  @Test("every fifth wrong password locks the name, whether or not it exists, for 1, 5, 15, then 60 minutes")
  func locked() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let nobody = Stack.uniqueName("nobody")
      for (round, minutes) in [1, 5, 15, 60, 60].enumerated() {
        var answers: [[String]] = []
        for name in [ann.name, nobody] {
          var texts: [String] = []
          for _ in 0..<5 { texts.append(try await login(stack, name, "wrong \(round)").expect(401).wording) }
          #expect(try await lock(name) == minutes)
          let refused = try await login(stack, name, "wrong \(round)")
          #expect(try ProblemAnswer(refused, 429).code == "too_many_attempts")
          let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
          #expect(wait > minutes * 60 - 55 && wait <= minutes * 60 + 1)
          answers.append(texts + [refused.wording])
        }
        #expect(answers[0] == answers[1])
        // The right one does not get in, and does not look different; in another case it is the same name.
        let right = try await login(stack, ann.name.uppercased())
        #expect(right.status == 429 && right.wording == answers[0].last)
        for name in [ann.name, nobody] { try await unlock(name) }
      }
      // What is open goes on, and the right password begins anew.
      #expect(try await refresh(stack, ann.refreshToken).status == 200)
      #expect(try await login(stack, ann.name).status == 200)
      for _ in 0..<4 { _ = try await login(stack, ann.name, "wrong").expect(401) }
      #expect(try await lock(ann.name) == nil)
      #expect(try await login(stack, ann.name).status == 200)
    }
  }

  @Test("a wrong current password counts too, and of many at once none gets in behind the lock")
  func lockedChange() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      for _ in 0..<5 {
        _ = try await ann.api.post("/api/auth/password", ["current": "wrong one", "new": "a better password"])
          .expect(403)
      }
      let right: JSONLiteral = ["current": .string(Self.password), "new": "a better password"]
      #expect(try await ann.api.post("/api/auth/password", right).status == 429)
      #expect(try await login(stack, ann.name).status == 429)
      // Wrong ones in front, right ones behind them, all under way together.
      let bob = try await stack.person("bob")
      let loop = stack.loop
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<40 { group.addTask { try await loop.submit { try await login(stack, bob.name, "wrong").status } } }
        return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(Set(statuses.keys).isSubset(of: [401, 429]))
      #expect(try await login(stack, bob.name).status == 429)
      // What was under way when it fell did not lengthen it.
      #expect(try await lock(bob.name) == 1)
    }
  }

  @Test("an unknown name takes as long as a wrong password")
  func timing() async throws {
    try await withStack { stack in
      let clock = ContinuousClock()
      var (known, unknown): ([Duration], [Duration]) = ([], [])
      for _ in 0..<3 {
        let ann = try await stack.person("ann")
        for _ in 0..<4 {
          known.append(try await clock.measure { _ = try await login(stack, ann.name, "wrong one").expect(401) })
          let nobody = Stack.uniqueName("nobody")
          unknown.append(try await clock.measure { _ = try await login(stack, nobody, "wrong one").expect(401) })
        }
      }
      // The fastest of each: what else runs here only makes some slower. A hash is most of either.
      let (a, b) = (try #require(known.min()), try #require(unknown.min()))
      #expect(a < b * 2 && b < a * 2, "known \(a), unknown \(b)")
    }
  }
}
