import JSON
import Networking
import TestSupport
import Testing

@Suite("Conversations over HTTP")
struct ConversationTests {
  private func direct(_ a: Person, _ b: Person) async throws -> Answer {
    try await a.api.post("/api/conversations", ["type": "direct", "participants": [.string(b.id)]])
  }

  @Test("a direct conversation is one per pair, whoever starts it")
  func onePerPair() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let first = try await direct(ann, bob).expect(201)
      #expect(first.headers["location"] == "/api/conversations/\(try first.string("id"))")
      let again = try await direct(ann, bob).expect(200)
      let other = try await direct(bob, ann).expect(200)
      #expect(try again.string("id") == first.string("id"))
      #expect(try other.string("id") == first.string("id"))
    }
  }

  @Test("two who start a direct conversation at once, again and again, get the same one")
  func onePerPairAtOnce() async throws {
    try await withStack { stack in
      for _ in 0..<3 {
        let ann = try await stack.person("ann")
        let bob = try await stack.person("bob")
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
          for index in 0..<8 {
            let loop = stack.loop
            group.addTask {
              try await loop.submit {
                let (from, to) = index % 2 == 0 ? (ann, bob) : (bob, ann)
                return try await stack.client(from.token).post(
                  "/api/conversations", ["type": "direct", "participants": [.string(to.id)]]
                ).string("id")
              }
            }
          }
          return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let list = try await ann.api.get("/api/conversations").expect(200)
        #expect(list["conversations"]?.count == 1)
      }
    }
  }

  @Test("a group has its creator as admin and those who were named as members")
  func group() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let made = try await ann.api.post(
        "/api/conversations",
        // Naming oneself, or somebody twice, is no error.
        ["type": "group", "title": "Tea ☕️", "participants": [.string(bob.id), .string(bob.id), .string(ann.id)]]
      ).expect(201)
      #expect(try made.string("role") == "admin")
      #expect(try made.string("title") == "Tea ☕️")
      #expect(try made.int("lastSeq") == 0)
      let id = try made.string("id")
      let seen = try await bob.api.get("/api/conversations/\(id)").expect(200)
      #expect(try seen.string("role") == "member")
      let participants = try await bob.api.get("/api/conversations/\(id)/participants").expect(200)
      let names = participants["participants"]?.array?.compactMap { $0["username"]?.string } ?? []
      #expect(Set(names) == [ann.name, bob.name])
      #expect(names.count == 2)
    }
  }

  @Test("the list of conversations is the user's own, the newest activity first, a page at a time")
  func list() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      var made: [String] = []
      for index in 0..<5 { made.append(try await stack.group(ann, index == 2 ? [bob] : [], title: "g\(index)")) }
      var pages: [[String]] = []
      var path = "/api/conversations?limit=2"
      while true {
        let page = try await ann.api.get(path).expect(200)
        pages.append(page["conversations"]?.array?.compactMap { $0["id"]?.string } ?? [])
        guard let next = page["next"]?.string, pages.count < 10 else { break }
        path = "/api/conversations?limit=2&cursor=\(next)"
      }
      #expect(pages.flatMap { $0 } == made.reversed())
      #expect(pages[0].count == 2)
      let his = try await bob.api.get("/api/conversations").expect(200)
      #expect(his["conversations"]?.array?.compactMap { $0["id"]?.string } == [made[2]])
    }
  }

  @Test("participants are added and removed by the admin, and leave by themselves")
  func participants() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann, [bob])
      let path = "/api/conversations/\(id)/participants"
      #expect(try ProblemAnswer(try await bob.api.post(path, ["userId": .string(eve.id)]), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await bob.api.delete("\(path)/\(ann.id)"), 403).code == "forbidden")
      #expect(try await ann.api.post(path, ["userId": .string(eve.id)]).expect(200).int("added") == 1)
      #expect(
        try await ann.api.post(path, ["participants": [.string(eve.id), .string(bob.id)]]).expect(200).int("added") == 0
      )
      #expect(try await eve.api.get("/api/conversations/\(id)").status == 200)
      #expect(try await eve.api.delete("\(path)/\(eve.id)").status == 204)
      #expect(try await eve.api.get("/api/conversations/\(id)").status == 404)
      #expect(try await ann.api.delete("\(path)/\(bob.id)").status == 204)
      #expect(try ProblemAnswer(try await stack.send("hello?", to: id, by: bob), 404).code == "not_found")
      #expect(try ProblemAnswer(try await ann.api.delete("\(path)/\(bob.id)"), 404).code == "not_found")
    }
  }

  @Test("when the last admin leaves, who has been in the group longest becomes admin")
  func succession() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann, [bob])
      _ = try await ann.api.post("/api/conversations/\(id)/participants", ["userId": .string(eve.id)]).expect(200)
      _ = try await ann.api.delete("/api/conversations/\(id)/participants/\(ann.id)").expect(204)
      #expect(try await bob.api.get("/api/conversations/\(id)").expect(200).string("role") == "admin")
      #expect(try await eve.api.get("/api/conversations/\(id)").expect(200).string("role") == "member")
    }
  }

  @Test("to a stranger a conversation does not exist")
  func stranger() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann)
      let noSuch = "018f0000-0000-7000-8000-000000000000"
      for (method, path, body) in [
        ("GET", "", nil), ("GET", "/messages", nil), ("GET", "/participants", nil), ("POST", "/typing", "{}"),
        ("POST", "/participants", "{\"userId\":\"\(eve.id)\"}"), ("DELETE", "/participants/\(ann.id)", nil),
        ("DELETE", "/participants/\(eve.id)", nil),
      ] as [(String, String, String?)] {
        let real = try await eve.api.request(
          method, "/api/conversations/\(id)\(path)", bytes: body.map { Array($0.utf8) })
        let unreal = try await eve.api.request(
          method, "/api/conversations/\(noSuch)\(path)", bytes: body.map { Array($0.utf8) })
        #expect(try ProblemAnswer(real, 404).code == "not_found", "\(method) \(path)")
        #expect(real.wording == unreal.wording, "\(method) \(path) tells which conversations exist")
      }
      #expect(try ProblemAnswer(try await stack.send("hi", to: id, by: eve), 404).code == "not_found")
    }
  }

  @Test("nobody is added to, or removed from, a direct conversation")
  func directStaysTwo() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await direct(ann, bob).string("id")
      let path = "/api/conversations/\(id)/participants"
      #expect(try ProblemAnswer(try await ann.api.post(path, ["userId": .string(eve.id)]), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await ann.api.delete("\(path)/\(bob.id)"), 403).code == "forbidden")
    }
  }

  @Test(
    "what breaks a rule is refused with the field's name",
    arguments: [
      (#"{}"#, "type"),
      (#"{"type":"secret"}"#, "type"),
      (#"{"type":"channel"}"#, "title"),
      (#"{"type":"group"}"#, "title"),
      (#"{"type":"group","title":""}"#, "title"),
      (#"{"type":"group","title":"a\u0000"}"#, "title"),
      (#"{"type":"group","title":"x","participants":"ann"}"#, "participants"),
      (#"{"type":"group","title":"x","participants":["018f0000-0000-7000-8000-000000000000",7]}"#, "participants[1]"),
      (#"{"type":"group","title":"x","participants":["018f0000-0000-7000-8000-000000000000"]}"#, "participants"),
      (#"{"type":"direct"}"#, "participants"),
      (#"{"type":"direct","participants":["018f0000-0000-7000-8000-000000000000"]}"#, "participants"),
    ])
  func rules(body: String, field: String) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let answer = try await ann.api.request("POST", "/api/conversations", bytes: Array(body.utf8))
      let problem = try ProblemAnswer(answer, 400)
      #expect(problem.code == "invalid_request")
      #expect(problem.field == field)
    }
  }

  @Test("more participants than may be named at once are refused")
  func tooMany() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let many = (0..<1001).map { index -> JSONLiteral in
        let hex = String(index, radix: 16)
        return .string("018f0000-0000-7000-8000-" + String(repeating: "0", count: 12 - hex.utf8.count) + hex)
      }
      let answer = try await ann.api.post(
        "/api/conversations", ["type": "group", "title": "many", "participants": .array(many)])
      #expect(try ProblemAnswer(answer, 400).field == "participants")
    }
  }
}
