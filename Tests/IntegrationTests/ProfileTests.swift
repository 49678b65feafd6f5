import JSON
import Networking
import TestSupport
import Testing

@Suite("Profiles, search and disabling")
struct ProfileTests {
  private func patch(_ person: Person, _ body: JSONLiteral, ifMatch: String? = nil) async throws -> Answer {
    try await person.api.request("PATCH", "/api/users/me", body, headers: ifMatch.map { ["If-Match": $0] } ?? [:])
  }

  private func sql(_ text: String) async throws -> String { try await TestDatabase.sql(text, database: "integration") }

  @Test("a profile is changed at the state that was read, and seen by others")
  func changed() async throws {
    try await withStack { stack in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let before = try await ann.api.get("/api/users/me").expect(200)
      let tag = try #require(before.headers["etag"])
      #expect(before["avatarUrl"] == nil && before["lastSeenAt"] == nil && before["disabled"] == nil)
      let changed = try await patch(
        ann, ["displayName": "Ann Ö.", "avatarUrl": "https://a.example/ann.png?s=1"], ifMatch: tag
      ).expect(200)
      #expect(try changed.string("displayName") == "Ann Ö." && changed.headers["etag"] != tag)
      let late = try ProblemAnswer(try await patch(ann, ["displayName": "Anne"], ifMatch: tag), 412)
      #expect(late.code == "precondition_failed")
      #expect(try await patch(ann, ["displayName": "Anne"], ifMatch: "W/\"1\"").status == 412)
      // Without it the last one wins; what is not named stays, and null removes.
      let kept = try await patch(ann, ["displayName": "Anne"]).expect(200)
      #expect(try kept.string("avatarUrl") == "https://a.example/ann.png?s=1")
      #expect(try await patch(ann, ["avatarUrl": nil], ifMatch: "*").expect(200)["avatarUrl"] == nil)
      let seen = try await bob.api.get("/api/users/\(ann.id)").expect(200)
      #expect(try seen.string("displayName") == "Anne" && !seen.text.contains("password"))
      #expect(try ProblemAnswer(try await bob.api.get("/api/users/\(nobody)"), 404).code == "not_found")
      #expect(try await bob.api.get("/api/users/nonsense").status == 404)
      #expect(try await stack.client().get("/api/users/\(ann.id)").status == 401)
    }
  }

  /// Nobody's.
  private let nobody = "01890000-0000-7000-8000-000000000000"

  @Test(
    "what breaks a rule is refused with the field's name",
    arguments: [
      (#"{"displayName":""}"#, "displayName"), (#"{"displayName":7}"#, "displayName"),
      (#"{"displayName":"a\u0000"}"#, "displayName"), (#"{"avatarUrl":"javascript:alert(1)"}"#, "avatarUrl"),
      (#"{"avatarUrl":"https://a.example/\"onload=x"}"#, "avatarUrl"), (#"{"avatarUrl":"https://"}"#, "avatarUrl"),
      (#"{"avatarUrl":"https://ä.example/"}"#, "avatarUrl"), (#"{"avatarUrl":["x"]}"#, "avatarUrl"),
    ])
  func rules(body: String, field: String) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let answer = try await ann.api.request("PATCH", "/api/users/me", bytes: Array(body.utf8))
      #expect(try ProblemAnswer(answer, 400).field == field)
    }
  }

  @Test("of many changes at one state one is made")
  func race() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let tag = try #require(try await ann.api.get("/api/users/me").headers["etag"])
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<6 {
          let loop = stack.loop
          group.addTask {
            try await loop.submit {
              try await stack.client(ann.token).request(
                "PATCH", "/api/users/me", ["displayName": .string("Ann \(index)")], headers: ["If-Match": tag]
              ).status
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [200, 412, 412, 412, 412, 412])
    }
  }

  @Test("a user is last seen when a socket comes or goes, once a minute at most")
  func lastSeen() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      func seen() async throws -> String? { try await ann.api.get("/api/users/me").expect(200)["lastSeenAt"]?.string }
      #expect(try await seen() == nil)
      let socket = try await stack.socket(ann)
      try await eventually { try await seen() != nil }
      let first = try await seen()
      // Within the minute nothing is written; the second socket's own check is over when a later user is seen.
      let other = try await stack.socket(ann)
      let bob = try await stack.person("bob")
      let marker = try await stack.socket(bob)
      try await eventually { try await bob.api.get("/api/users/me")["lastSeenAt"] != nil }
      #expect(try await seen() == first)
      _ = try await sql("UPDATE users SET last_seen_at = last_seen_at - interval '2 minutes' WHERE id = '\(ann.id)'")
      let old = try #require(try await seen())
      socket.cut()
      try await eventually { try await seen() ?? "" > old }
      for socket in [other, marker] { socket.cut() }
    }
  }

  @Test("users are found by the beginning of their name or display name, page by page, each once")
  func search() async throws {
    try await withStack { stack in
      let base = Stack.uniqueName("find").lowercased()
      let seeker = try await stack.person("seeker")
      var expected: [String] = []
      for index in 0..<7 {
        // Upper case, and the prefix in both; by display name alone; and one who is not meant.
        let person = try await Stack.register(
          "\(index % 2 == 0 ? base : base.uppercased())-\(index)", with: stack.client())
        expected.append(person.id)
        if index == 3 { _ = try await patch(person, ["displayName": .string("\(base) in both")]).expect(200) }
      }
      for index in 0..<4 {
        let person = try await stack.person("other")
        // Two have the same.
        _ = try await patch(person, ["displayName": .string("\(base.uppercased()) Ö \(index / 2)")]).expect(200)
        expected.append(person.id)
      }
      var found: [String] = []
      var cursor: String?
      var pages = 0
      repeat {
        let query = "q=\(base)&limit=3" + (cursor.map { "&cursor=\($0)" } ?? "")
        let page = try await seeker.api.get("/api/users/search?\(query)").expect(200)
        let users = try #require(try page.json["users"]?.array)
        #expect(users.count <= 3)
        found += users.compactMap { $0["id"]?.string }
        cursor = page["next"]?.string
        pages += 1
      } while cursor != nil && pages < 10
      #expect(found.count == 11 && Set(found) == Set(expected))
      #expect(Array(found.prefix(7)) == Array(expected.prefix(7)))
      // What would be a pattern is a letter like others.
      for pattern in ["%25", "_", "%25\(base)", "\(base)%25"] {
        let page = try await seeker.api.get("/api/users/search?q=\(pattern)").expect(200)
        #expect(try page.json["users"]?.count == 0, "\(pattern)")
      }
      for (query, field) in [("", "q"), ("q=", "q"), ("q=a&limit=51", "limit"), ("q=a&cursor=x", "cursor")] {
        #expect(try ProblemAnswer(try await seeker.api.get("/api/users/search?\(query)"), 400).field == field)
      }
      #expect(try await stack.client().get("/api/users/search?q=a").status == 401)
    }
  }

  @Test("search goes by the indexes")
  func plan() async throws {
    try await withStack { _ in
      for column in ["username", "display_name"] {
        let plan = try await sql(
          """
          SET enable_seqscan = off; PREPARE search (uuid, text, text, uuid) AS
          SELECT u.id FROM users u WHERE u.workspace_id = $1 AND u.disabled_at IS NULL
            AND lower(u.\(column)) COLLATE "C" >= lower($2) AND lower(u.\(column)) COLLATE "C" < lower($2) || chr(1114111)
            AND (lower(u.\(column)) COLLATE "C", u.id) > ($3, $4)
          ORDER BY lower(u.\(column)) COLLATE "C", u.id LIMIT 20;
          SET plan_cache_mode = force_generic_plan;
          EXPLAIN EXECUTE search ('00000000-0000-7000-8000-000000000001', 'ann', '', '00000000-0000-0000-0000-000000000000')
          """)
        #expect(plan.contains("users_search_\(column)") && !plan.contains("Sort"), "\(plan)")
      }
    }
  }

  @Test("who is disabled is out at once, is told so at login with the right password, and can be let in again")
  func disabled() async throws {
    try await withStack { stack in
      let (admin, ann) = (try await stack.person("admin"), try await stack.person("ann"))
      let sockets = [try await stack.socket(ann, gateway: 0), try await stack.socket(ann, gateway: 1)]
      func act(_ what: String, on id: String, by person: Person) async throws -> Answer {
        try await person.api.request("POST", "/api/users/\(id)/\(what)")
      }
      #expect(try ProblemAnswer(try await act("disable", on: ann.id, by: admin), 403).code == "forbidden")
      // The role counts at once, though the token says another.
      _ = try await sql("UPDATE users SET role = 'admin' WHERE id = '\(admin.id)'")
      #expect(try ProblemAnswer(try await act("disable", on: admin.id, by: admin), 409).code == "conflict")
      #expect(try await act("disable", on: nobody, by: admin).status == 404)
      #expect(try await act("disable", on: ann.id, by: admin).status == 204)
      for socket in sockets { try await socket.waitForClose() }
      try await stack.socket(ann).waitForClose()
      #expect(
        try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)]).status == 401)
      let right = try await stack.client().post(
        "/api/auth/login", ["username": .string(ann.name), "password": "correct horse battery"])
      #expect(try ProblemAnswer(right, 403).code == "account_disabled")
      let wrong = try await stack.client().post(
        "/api/auth/login", ["username": .string(ann.name), "password": "not her password"])
      #expect(try ProblemAnswer(wrong, 401).code == "unauthenticated")
      #expect(try await admin.api.get("/api/users/\(ann.id)").expect(200)["disabled"]?.bool == true)
      let search = try await admin.api.get("/api/users/search?q=\(ann.name)").expect(200)
      #expect(try search.json["users"]?.count == 0)
      #expect(try await act("enable", on: ann.id, by: admin).status == 204)
      #expect(
        try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)]).status == 401)
      _ = try await stack.client().post(
        "/api/auth/login", ["username": .string(ann.name), "password": "correct horse battery"]
      ).expect(200)
    }
  }
}
