import JSON
import Networking
import TestSupport
import Testing

@Suite("Accounts over HTTP")
struct AccountTests {
  @Test("a user registers, is who the token says, and logs in")
  func registerAndLogIn() async throws {
    try await withStack { stack in
      let name = Stack.uniqueName("Ann")
      let api = stack.client()
      let registered = try await api.post(
        "/api/auth/register",
        ["username": .string(name), "password": "correct horse", "displayName": "Ann Ö. 🐎"]
      ).expect(201)
      #expect(registered.headers["cache-control"] == "no-store")
      #expect(try registered.string("user.username") == name)
      #expect(try registered.string("user.displayName") == "Ann Ö. 🐎")
      #expect(try registered.int("expiresIn") > 0)
      #expect(!registered.text.contains("password"))
      let me = try await stack.client(try registered.string("accessToken")).get("/api/users/me").expect(200)
      #expect(try me.string("id") == registered.string("user.id"))
      // The name's case does not matter when it is looked up.
      let login = try await api.post(
        "/api/auth/login", ["username": .string(name.uppercased()), "password": "correct horse"]
      ).expect(200)
      #expect(try login.string("user.id") == registered.string("user.id"))
      #expect(try login.string("refreshToken") != registered.string("refreshToken"))
    }
  }

  @Test("a wrong password and an unknown name are refused in the same words")
  func wrongPassword() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let wrong = try await stack.client().post(
        "/api/auth/login", ["username": .string(ann.name), "password": "not her password"])
      let unknown = try await stack.client().post(
        "/api/auth/login", ["username": .string(Stack.uniqueName("nobody")), "password": "not her password"])
      #expect(try ProblemAnswer(wrong, 401).code == "unauthenticated")
      #expect(wrong.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
      #expect(wrong.wording == unknown.wording)
    }
  }

  @Test("of many who register one name at once, one gets it, in whatever case it is written")
  func oneName() async throws {
    try await withStack { stack in
      let name = Stack.uniqueName("Race")
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for index in 0..<6 {
          let spelled = index % 2 == 0 ? name : name.lowercased()
          let loop = stack.loop
          group.addTask {
            try await loop.submit {
              try await stack.client().post(
                "/api/auth/register", ["username": .string(spelled), "password": "correct horse"]
              ).status
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(statuses.sorted() == [201, 409, 409, 409, 409, 409])
    }
  }

  @Test(
    "what breaks a rule is refused with the field's name",
    arguments: [
      (#"{"password":"correct horse"}"#, "username"),
      (#"{"username":"ab","password":"correct horse"}"#, "username"),
      (#"{"username":"with space","password":"correct horse"}"#, "username"),
      (#"{"username":"ünicode","password":"correct horse"}"#, "username"),
      (#"{"username":"abcdefghijklmnopqrstuvwxyz0123456","password":"correct horse"}"#, "username"),
      (#"{"username":7,"password":"correct horse"}"#, "username"),
      (#"{"username":"somebody"}"#, "password"),
      (#"{"username":"somebody","password":"short"}"#, "password"),
      (#"{"username":"somebody","password":null}"#, "password"),
      (#"{"username":"somebody","password":"correct horse","displayName":""}"#, "displayName"),
      (#"{"username":"somebody","password":"correct horse","displayName":"a\u0000b"}"#, "displayName"),
      (#"{"username":"somebody","password":"correct horse","displayName":["x"]}"#, "displayName"),
    ])
  func rules(body: String, field: String) async throws {
    try await withStack { stack in
      let answer = try await stack.client().request("POST", "/api/auth/register", bytes: Array(body.utf8))
      let problem = try ProblemAnswer(answer, 400)
      #expect(problem.code == "invalid_request")
      #expect(problem.field == field)
    }
  }

  @Test("without a valid token nothing is told, and not why in detail that helps")
  func tokens() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let parts = ann.token.split(separator: ".").map(String.init)
      let tampered = [parts[0], parts[1], String(parts[2].reversed())].joined(separator: ".")
      // {"alg":"none"}, unsigned.
      let unsigned = "eyJhbGciOiJub25lIn0.\(parts[1])."
      for header in ["Bearer \(tampered)", "Bearer \(unsigned)", "Bearer ", "Bearer x", "Basic YTpi", "\(ann.token)"] {
        let answer = try await stack.client().get("/api/users/me", headers: ["Authorization": header])
        #expect(try ProblemAnswer(answer, 401).code == "unauthenticated", "\(header)")
      }
      #expect(try ProblemAnswer(try await stack.client().get("/api/users/me"), 401).code == "unauthenticated")
      #expect(
        try await stack.client().get("/api/users/me", headers: ["Authorization": "bearer \(ann.token)"]).status == 200)
    }
  }

  // MARK: Refresh

  private func refresh(_ stack: Stack, _ token: String) async throws -> Answer {
    try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(token)])
  }

  @Test("a refresh rotates the token, and a lost answer is given again within the grace")
  func rotation() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let first = try await refresh(stack, ann.refreshToken).expect(200)
      let successor = try first.string("refreshToken")
      #expect(successor != ann.refreshToken)
      #expect(try await stack.client(try first.string("accessToken")).get("/api/users/me").status == 200)
      #expect(try await refresh(stack, ann.refreshToken).expect(200).string("refreshToken") == successor)
      let second = try await refresh(stack, successor).expect(200)
      #expect(try second.string("refreshToken") != successor)
    }
  }

  @Test("many refreshes with one token at once all get the same successor")
  func concurrentRefresh() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let tokens = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 {
          let loop = stack.loop
          group.addTask {
            try await loop.submit {
              try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)])
                .expect(200).string("refreshToken")
            }
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(tokens.count == 1)
    }
  }

  @Test("a token that is used again after the grace revokes the whole family")
  func reuse() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let successor = try await refresh(stack, ann.refreshToken).expect(200).string("refreshToken")
      // The grace passes: in the store, so that the test need not wait for it.
      try await TestDatabase.sql(
        "UPDATE refresh_tokens SET used_at = used_at - interval '1 minute' WHERE user_id = '\(ann.id)' AND used_at IS NOT NULL",
        database: "integration")
      #expect(try ProblemAnswer(try await refresh(stack, ann.refreshToken), 401).code == "unauthenticated")
      #expect(try await refresh(stack, successor).status == 401)
      // Another session of hers lives on.
      let login = try await stack.client().post(
        "/api/auth/login", ["username": .string(ann.name), "password": "correct horse battery"]
      ).expect(200)
      #expect(try await refresh(stack, try login.string("refreshToken")).status == 200)
    }
  }

  @Test("after logout neither the token nor its successor refreshes; logging out twice is no error")
  func logout() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let successor = try await refresh(stack, ann.refreshToken).expect(200).string("refreshToken")
      for _ in 0..<2 {
        let answer = try await stack.client().post("/api/auth/logout", ["refreshToken": .string(successor)])
        #expect(answer.status == 204)
      }
      #expect(try await refresh(stack, successor).status == 401)
      #expect(try await refresh(stack, ann.refreshToken).status == 401)
    }
  }

  @Test("a refresh token that is none is refused", arguments: ["", "x", String(repeating: "y", count: 4000), "ä\u{0}"])
  func noToken(token: String) async throws {
    try await withStack { stack in
      let answer = try await refresh(stack, token)
      #expect(answer.status == 401)
    }
  }
}
