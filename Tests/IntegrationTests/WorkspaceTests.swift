import JSON
import Networking
import TestSupport
import Testing

extension JSONLiteral {
  static func fields(_ fields: [(String, JSONLiteral)]) -> JSONLiteral {
    .object(fields.map { Member(key: $0.0, value: $0.1) })
  }
}

extension Stack {
  /// A user of another workspace.
  func person(_ base: String, in workspace: String) async throws -> Person {
    let client = client()
    let name = Self.uniqueName(base)
    let answer = try await client.post(
      "/api/auth/register",
      ["username": .string(name), "password": "correct horse battery", "workspace": .string(workspace)]
    ).expect(201)
    client.token = try answer.string("accessToken")
    return Person(
      id: try answer.string("user.id"), name: name, token: try answer.string("accessToken"),
      refreshToken: try answer.string("refreshToken"), api: client)
  }

  /// An administrator of their workspace.
  func administrator(_ base: String = "admin", in workspace: String? = nil) async throws -> Person {
    let person = try await workspace == nil ? person(base) : person(base, in: workspace ?? "")
    _ = try await TestDatabase.sql("UPDATE users SET role = 'admin' WHERE id = '\(person.id)'", database: "integration")
    return person
  }

  /// A new workspace, whose name nobody has.
  func workspace(_ base: String, by admin: Person, _ settings: [String: JSONLiteral] = [:]) async throws -> (
    id: String, name: String
  ) {
    let name = Self.uniqueName(base)
    var body = settings
    body["name"] = .string(name)
    let made = try await admin.api.post("/api/workspaces", .fields(body.map { ($0.key, $0.value) })).expect(201)
    return (try made.string("id"), name)
  }
}

@Suite("Workspaces")
struct WorkspaceTests {
  @Test("administrators of the main workspace make, list and change workspaces, and nobody else does")
  func administration() async throws {
    try await withStack { stack in
      let root = try await stack.administrator("root")
      let ann = try await stack.person("ann")
      for answer in [
        try await ann.api.post("/api/workspaces", ["name": "mine"]), try await ann.api.get("/api/workspaces"),
      ] {
        #expect(try ProblemAnswer(answer, 403).code == "forbidden")
      }
      let name = Stack.uniqueName("acme")
      let made = try await root.api.post(
        "/api/workspaces",
        [
          "name": .string(name), "limits": ["users": 2],
          "admin": ["username": "boss", "password": "correct horse battery"],
        ]
      ).expect(201)
      let id = try made.string("id")
      #expect(try made.string("registration") == "open" && made["limits"]?["users"]?.int == 2)
      #expect(made["limits"]?["conversations"] == nil)
      #expect(
        try ProblemAnswer(try await root.api.post("/api/workspaces", ["name": .string(name)]), 409).field == "name")
      for wrong in ["", "Has Spaces", "-a", "ä"] {
        let answer = try await root.api.post("/api/workspaces", ["name": .string(wrong)])
        #expect(try ProblemAnswer(answer, 400).field == "name")
      }

      // Its first administrator logs in, and administers nothing but it.
      let boss = stack.client()
      let session = try await boss.post(
        "/api/auth/login",
        ["username": "boss", "password": "correct horse battery", "workspace": .string(name)]
      ).expect(200)
      #expect(try session.string("user.role") == "admin")
      boss.token = try session.string("accessToken")
      #expect(try ProblemAnswer(try await boss.get("/api/workspaces"), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await boss.patch("/api/workspaces/\(id)", ["name": "x"]), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await boss.post("/api/users/\(ann.id)/disable", [:]), 404).code == "not_found")

      // One place is left, and one of two gets it.
      async let one = stack.client().post(
        "/api/auth/register",
        ["username": "one", "password": "correct horse battery", "workspace": .string(name)])
      async let two = stack.client().post(
        "/api/auth/register",
        ["username": "two", "password": "correct horse battery", "workspace": .string(name)])
      let statuses = [try await one, try await two]
      #expect(statuses.map(\.status).sorted() == [201, 409])
      #expect(statuses.contains { $0.status == 409 && $0["code"]?.string == "limit_reached" })

      let path = "/api/workspaces/\(id)"
      #expect(try ProblemAnswer(try await root.api.patch(path, [:]), 400).code == "invalid_request")
      #expect(try ProblemAnswer(try await root.api.patch(path, ["registration": "maybe"]), 400).field == "registration")
      #expect(try ProblemAnswer(try await root.api.patch(path, ["limits": ["users": -1]]), 400).field == "users")
      let nowhere = "01890000-0000-7000-8000-000000000000"
      #expect(
        try ProblemAnswer(try await root.api.patch("/api/workspaces/\(nowhere)", ["name": "x"]), 404).code
          == "not_found")
      let renamed = "\(name)-2"
      let changed = try await root.api.patch(
        path, ["name": .string(renamed), "registration": "closed", "limits": ["users": nil, "participants": 2]]
      ).expect(200)
      #expect(try changed.string("name") == renamed && changed["limits"]?["users"] == nil)
      let refused = try await stack.client().post(
        "/api/auth/register",
        ["username": "three", "password": "correct horse battery", "workspace": .string(renamed)])
      #expect(try ProblemAnswer(refused, 403).code == "registration_closed")
      var listed: [String] = []
      var next: String?
      repeat {
        let page = try await root.api.get("/api/workspaces?limit=2" + (next.map { "&cursor=\($0)" } ?? "")).expect(200)
        listed += page["workspaces"]?.array?.compactMap { $0["name"]?.string } ?? []
        next = page["next"]?.string
      } while next != nil
      #expect(listed.contains("main") && listed.contains(renamed) && Set(listed).count == listed.count)
      let audited = try await TestDatabase.sql(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE subject_id = '\(id)'", database: "integration")
      #expect(audited.contains("workspace.created workspace.changed"))
    }
  }

  @Test("a name is one user's in each workspace; wrong passwords lock it in one of them")
  func names() async throws {
    try await withStack { stack in
      let root = try await stack.administrator("root")
      let here = try await stack.workspace("here", by: root)
      let name = Stack.uniqueName("ann")
      for workspace in [nil, here.name] {
        var body: [(String, JSONLiteral)] = [("username", .string(name)), ("password", "correct horse battery")]
        if let workspace { body.append(("workspace", .string(workspace))) }
        _ = try await stack.client().post("/api/auth/register", .fields(body)).expect(201)
      }
      func login(_ workspace: String, _ password: String) async throws -> Answer {
        try await stack.client().post(
          "/api/auth/login",
          ["username": .string(name), "password": .string(password), "workspace": .string(workspace)])
      }
      for _ in 0..<5 { #expect(try await login(here.name, "wrong horse battery").status == 401) }
      #expect(try ProblemAnswer(try await login(here.name, "correct horse battery"), 429).code == "too_many_attempts")
      _ = try await login("main", "correct horse battery").expect(200)
      // A workspace that there is not answers as one that there is.
      for _ in 0..<5 { #expect(try await login("nowhere", "wrong horse battery").status == 401) }
      #expect(try ProblemAnswer(try await login("nowhere", "wrong horse battery"), 429).code == "too_many_attempts")
      let unknown = try await stack.client().post(
        "/api/auth/register",
        ["username": .string(name), "password": "correct horse battery", "workspace": "nowhere"])
      #expect(try ProblemAnswer(unknown, 400).field == "workspace")
    }
  }

  @Test("a limit of sends counts what all users of a workspace send, over HTTP and sockets, and nobody else's")
  func sends() async throws {
    try await withStack { stack in
      let root = try await stack.administrator("root")
      let busy = try await stack.workspace("busy", by: root, ["limits": ["sends": "5/1h"]])
      let ann = try await stack.person("ann", in: busy.name)
      let bob = try await stack.person("bob", in: busy.name)
      let id = try await stack.group(ann, [bob])
      for person in [ann, bob, ann] { try await stack.send("hello", to: id, by: person).expect(201) }
      let socket = try await stack.socket(bob)
      let message: JSONLiteral = ["conversationId": .string(id), "body": "hello"]
      for _ in 0..<2 { #expect(try await socket.emit("message:send", message)["ok"]?.bool == true) }
      let refused = try await socket.emit("message:send", message)
      #expect(refused["error"]?["code"]?.string == "rate_limited")
      let answer = try await stack.send("one more", to: id, by: ann)
      #expect(try ProblemAnswer(answer, 429).code == "rate_limited")
      #expect(answer.headers["retry-after"].flatMap { Int($0) }.map { (1...7200).contains($0) } == true)
      // What is no message goes on, and so do the others.
      try await ann.api.get("/api/conversations/\(id)/messages").expect(200)
      let other = try await stack.group(root)
      for _ in 0..<7 { try await stack.send("hello", to: other, by: root).expect(201) }

      let path = "/api/workspaces/\(busy.id)"
      for wrong in ["5", "0/1m", "5/1ms", "5/25h"] {
        let answer = try await root.api.patch(path, ["limits": ["sends": .string(wrong)]])
        #expect(try ProblemAnswer(answer, 400).field == "sends", "\(wrong)")
      }
      let changed = try await root.api.patch(path, ["limits": ["sends": "8/1h"]]).expect(200)
      #expect(changed["limits"]?["sends"]?.string == "8/1h" && changed["encryption"] == nil)
      try await eventually(within: .seconds(20), "the new limit") {
        try await stack.send("one more", to: id, by: ann).status == 201
      }
      var sent = 1
      while try await stack.send("one more", to: id, by: bob).status == 201, sent < 5 { sent += 1 }
      #expect(sent == 3)
      #expect(try await root.api.patch(path, ["limits": ["sends": nil]]).expect(200)["limits"]?["sends"] == nil)
      try await eventually(within: .seconds(20), "no limit") {
        try await stack.send("one more", to: id, by: ann).status == 201
      }
      #expect(try await root.api.patch(path, ["encryption": "off"]).expect(200).string("encryption") == "off")
      #expect(try await root.api.patch(path, ["encryption": nil]).expect(200)["encryption"] == nil)
      #expect(try ProblemAnswer(try await root.api.patch(path, ["encryption": "maybe"]), 400).field == "encryption")
    }
  }

  @Test("limits of conversations and of who is in one hold, whoever comes")
  func limits() async throws {
    try await withStack { stack in
      let root = try await stack.administrator("root")
      let small = try await stack.workspace("small", by: root, ["limits": ["conversations": 2, "participants": 2]])
      let ann = try await stack.person("ann", in: small.name)
      let bob = try await stack.person("bob", in: small.name)
      let eve = try await stack.person("eve", in: small.name)
      let tooMany = try await ann.api.post(
        "/api/conversations",
        ["type": "group", "title": "all", "participants": [.string(bob.id), .string(eve.id)]])
      #expect(try ProblemAnswer(tooMany, 409).code == "limit_reached")
      let group = try await stack.group(ann, [bob])
      let added = try await ann.api.post("/api/conversations/\(group)/participants", ["userId": .string(eve.id)])
      #expect(try ProblemAnswer(added, 409).code == "limit_reached")
      let channel = try await ann.api.post("/api/conversations", ["type": "channel", "title": "open"]).expect(201)
      let path = "/api/conversations/\(try channel.string("id"))/join"
      _ = try await bob.api.post(path, [:]).expect(200)
      #expect(try ProblemAnswer(try await eve.api.post(path, [:]), 409).code == "limit_reached")
      _ = try await bob.api.post(path, [:]).expect(200)
      let direct = try await ann.api.post("/api/conversations", ["type": "direct", "participants": [.string(bob.id)]])
      #expect(try ProblemAnswer(direct, 409).code == "limit_reached")
      _ = try await root.api.patch("/api/workspaces/\(small.id)", ["limits": ["conversations": nil]]).expect(200)
      _ = try await ann.api.post("/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]).expect(
        201)
    }
  }
}
