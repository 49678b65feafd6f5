import JSON
import Networking
import TestSupport
import Testing

@Suite("Blocks")
struct BlockTests {
  private func direct(_ one: Person, _ other: Person) async throws -> Answer {
    try await one.api.post("/api/conversations", ["type": "direct", "participants": [.string(other.id)]])
  }

  private func block(_ user: Person, by person: Person) async throws -> Answer {
    try await person.api.request("PUT", "/api/users/\(user.id)/block")
  }

  @Test(
    "who is blocked begins no direct conversation, and neither sends in the one that there is, until both have had enough of it"
  )
  func directs() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await direct(ann, bob).expect(201).string("id")
      let first = try await stack.send("hello", to: id, by: bob, key: "k1").expect(201).string("id")
      let socket = try await stack.joined(bob, id)
      _ = try await ann.api.post("/api/messages/\(first)/reactions", ["emoji": "👍"]).expect(200)
      #expect(try await block(bob, by: ann).status == 204)
      #expect(try await block(bob, by: ann).status == 204)
      #expect(try await block(eve, by: ann).status == 204)
      for person in [ann, bob] {
        #expect(try ProblemAnswer(try await stack.send("no", to: id, by: person), 403).code == "blocked")
      }
      let ack = try await socket.emit("message:send", ["conversationId": .string(id), "body": "no"])
      #expect(ack["error"]?["code"]?.string == "blocked")
      let edit = try await bob.api.patch("/api/messages/\(first)", ["body": "no"])
      #expect(try ProblemAnswer(edit, 403).code == "blocked")
      let reaction = try await ann.api.post("/api/messages/\(first)/reactions", ["emoji": "x"])
      #expect(try ProblemAnswer(reaction, 403).code == "blocked")
      let taken = try await ann.api.delete("/api/messages/\(first)/reactions?emoji=%F0%9F%91%8D")
      #expect(try taken.expect(200).int("total") == 0)
      let batch = try await bob.api.post(
        "/api/messages/batch", ["messages": [["conversationId": .string(id), "body": "no"]]]
      ).expect(200)
      #expect(batch["results"]?[0]?["error"]?["code"]?.string == "blocked")
      // An answer that got lost is still given; what there is can be read, and deleted.
      let replayed = try await stack.send("hello", to: id, by: bob, key: "k1").expect(201)
      #expect(replayed.headers["idempotency-replayed"] == "true")
      #expect(try await direct(bob, ann).expect(200).string("id") == id)
      #expect(try ProblemAnswer(try await direct(eve, ann), 403).code == "blocked")
      #expect(try ProblemAnswer(try await direct(ann, eve), 403).code == "blocked")
      // In a group they read each other.
      let group = try await stack.group(eve, [ann, bob])
      try await stack.send("in a group", to: group, by: bob).expect(201)

      var listed: [String] = []
      var next: String?
      repeat {
        let page = try await ann.api.get("/api/users/blocks?limit=1" + (next.map { "&cursor=\($0)" } ?? "")).expect(200)
        listed += page["blocks"]?.array?.compactMap { $0["userId"]?.string } ?? []
        next = page["next"]?.string
      } while next != nil
      #expect(Set(listed) == [bob.id, eve.id] && listed.count == 2)
      #expect(try await bob.api.get("/api/users/blocks").expect(200)["blocks"]?.count == 0)

      #expect(try await block(ann, by: bob).status == 204)
      #expect(try await ann.api.delete("/api/users/\(bob.id)/block").status == 204)
      #expect(try ProblemAnswer(try await stack.send("no", to: id, by: ann), 403).code == "blocked")
      #expect(try await bob.api.delete("/api/users/\(ann.id)/block").status == 204)
      #expect(try await stack.send("yes", to: id, by: ann).expect(201).int("seq") == 4)
      _ = try await socket.next("message:new") { $0["body"]?.string == "yes" }

      #expect(try ProblemAnswer(try await block(ann, by: ann), 409).code == "conflict")
      let nobody = "01890000-0000-7000-8000-000000000000"
      for method in ["PUT", "DELETE"] {
        let answer = try await ann.api.request(method, "/api/users/\(nobody)/block")
        #expect(try ProblemAnswer(answer, 404).code == "not_found")
      }
    }
  }

  @Test("neither calls the other; a call between them ends, and in a group it does not ring for them")
  func calls() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await direct(ann, bob).expect(201).string("id")
      let invite: JSONLiteral = ["conversationId": .string(id), "media": "audio"]
      let socket = try await stack.joined(bob, id)
      let call = try await ann.api.post("/api/calls", invite).expect(201).string("id")
      _ = try await socket.next("call:invite")
      #expect(try await block(ann, by: bob).status == 204)
      // It rings no more; whoever is faster than that is refused.
      let accepted = try await bob.api.post("/api/calls/\(call)/accept", [:])
      #expect(["blocked", "conflict"].contains(accepted["code"]?.string))
      #expect(try await socket.next("call:ended")["call"]?["id"]?.string == call)
      for person in [ann, bob] {
        #expect(try ProblemAnswer(try await person.api.post("/api/calls", invite), 403).code == "blocked")
      }
      let ack = try await socket.emit("call:invite", invite)
      #expect(ack["error"]?["code"]?.string == "blocked")

      let group = try await stack.group(ann, [bob, eve])
      let wide = try await ann.api.post("/api/calls", ["conversationId": .string(group), "media": "audio"]).expect(201)
      let rung = wide["participants"]?.array.map { Array($0) } ?? []
      #expect(rung.contains { $0["userId"]?.string == eve.id && $0["state"]?.string == "ringing" })
      #expect(!rung.contains { $0["userId"]?.string == bob.id })
      _ = try await ann.api.post("/api/calls/\(try wide.string("id"))/hangup", [:]).expect(200)
      let named = try await ann.api.post(
        "/api/calls", ["conversationId": .string(group), "media": "audio", "userIds": [.string(bob.id)]])
      #expect(try ProblemAnswer(named, 403).code == "blocked")
    }
  }

  @Test("a block and a message, and a block and a conversation, that come at once are in one order")
  func races() async throws {
    try await withStack { stack in
      for _ in 0..<5 {
        let ann = try await stack.person("ann")
        let bob = try await stack.person("bob")
        let blocker = stack.client(ann.token)
        async let blocked = blocker.request("PUT", "/api/users/\(bob.id)/block")
        async let begun = direct(bob, ann)
        let (answer, conversation) = (try await blocked, try await begun)
        #expect(answer.status == 204)
        guard conversation.status == 201 else {
          #expect(conversation["code"]?.string == "blocked")
          continue
        }
        let sent = try await stack.send("hello", to: try conversation.string("id"), by: bob)
        #expect(try ProblemAnswer(sent, 403).code == "blocked")
      }
    }
  }

  @Test("neither sees whether the other is online, or was")
  func presence() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let group = try await stack.group(ann, [bob, eve])
      let socket = try await stack.socket(bob)
      let watcher = try await stack.joined(ann, group)
      try await eventually("bob is online") {
        try await ann.api.get("/status/\(bob.id)")["status"]?.string == "online"
      }
      #expect(try await block(ann, by: bob).status == 204)
      for (person, other) in [(ann, bob), (bob, ann)] {
        #expect(try ProblemAnswer(try await person.api.get("/status/\(other.id)"), 404).code == "not_found")
        let members = try await person.api.get("/api/conversations/\(group)/presence").expect(200)
        #expect(try members.int("members") == 3)
        #expect(members["statuses"]?.array?.contains { $0["userId"]?.string == other.id } == false)
        let batch = try await person.api.post(
          "/status/batch", ["userIds": [.string(other.id), .string(eve.id)]]
        ).expect(200)
        #expect(batch["statuses"]?.count == 1)
        #expect(try await person.api.get("/api/users/\(other.id)").expect(200)["lastSeenAt"] == nil)
      }
      let ack = try await watcher.emit("presence:subscribe", ["userIds": [.string(bob.id)]])
      #expect(ack["statuses"]?.count == 0)
      #expect(try await eve.api.get("/status/\(bob.id)").expect(200).string("status") == "online")
      #expect(try await bob.api.delete("/api/users/\(ann.id)/block").status == 204)
      #expect(try await ann.api.get("/status/\(bob.id)").expect(200).string("status") == "online")
      socket.cut()
    }
  }
}
