import JSON
import TestSupport
import Testing

@Suite("Channels, roles and archives")
struct ChannelTests {
  private func channel(_ admin: Person, _ title: String) async throws -> String {
    try await admin.api.post("/api/conversations", ["type": "channel", "title": .string(title)]).expect(201).string(
      "id")
  }

  private func titles(_ answer: Answer) -> [String] {
    answer["channels"]?.array?.compactMap { $0["title"]?.string } ?? []
  }

  @Test("a channel is found by a part of its title, joined, read and written by whoever joins it, and left")
  func life() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let mark = Stack.uniqueName("Tea")
      let id = try await channel(ann, "All about \(mark)")
      _ = try await channel(ann, "\(mark) of the north")
      for index in 1...3 { try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      let annsSocket = try await stack.joined(ann, id)
      let bobsSocket = try await stack.socket(bob)

      let path = "/api/conversations/channels?q=\(mark.uppercased())"
      let found = try await bob.api.get(path).expect(200)
      #expect(titles(found) == ["All about \(mark)", "\(mark) of the north"])
      #expect(found["channels"]?[0]?["joined"]?.bool == false)
      #expect(found["channels"]?[0]?["memberCount"]?.int == 1)
      let first = try await bob.api.get("\(path)&limit=1").expect(200)
      let rest = try await bob.api.get("\(path)&limit=1&cursor=\(try first.string("next"))").expect(200)
      #expect(titles(first) + titles(rest) == titles(found))

      // Seen from outside it is what could be joined, and its messages are its members'.
      let outside = try await bob.api.get("/api/conversations/\(id)").expect(200)
      #expect(outside["joined"]?.bool == false && outside["role"] == nil)
      #expect(try await bob.api.get("/api/conversations/\(id)/messages").status == 404)
      #expect(try await bobsSocket.join(id)["error"]?["code"]?.string == "not_found")

      let joined = try await bob.api.post("/api/conversations/\(id)/join", [:]).expect(200)
      #expect(try joined.string("role") == "member")
      // What was said before is history, not news.
      #expect(try joined.int("unread") == 0)
      let news = try await annsSocket.next("participant:joined")
      #expect(news["userId"]?.string == bob.id && news["actorId"]?.string == bob.id)
      _ = try await bobsSocket.next("participant:joined")
      #expect(try await bobsSocket.join(id)["ok"]?.bool == true)
      try await stack.send("hello", to: id, by: bob).expect(201)
      _ = try await annsSocket.next("message:new") { $0["body"]?.string == "hello" }
      // Again is no error, and no news.
      _ = try await bob.api.post("/api/conversations/\(id)/join", [:]).expect(200)
      #expect(try await bob.api.get(path).expect(200)["channels"]?[0]?["joined"]?.bool == true)

      #expect(try await bob.api.post("/api/conversations/\(id)/leave", [:]).status == 204)
      let gone = try await annsSocket.next("participant:left")
      #expect(gone["userId"]?.string == bob.id)
      #expect(!annsSocket.events.contains { $0.name == "participant:joined" })
      #expect(try await bob.api.get("/api/conversations/\(id)/messages").status == 404)
      #expect(try ProblemAnswer(try await stack.send("still here?", to: id, by: bob), 404).code == "not_found")
    }
  }

  @Test("who joins an empty channel is its admin; a group is nobody's to join; a direct conversation is not left")
  func joining() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await channel(ann, "deserted")
      #expect(try await ann.api.post("/api/conversations/\(id)/leave", [:]).status == 204)
      #expect(try await bob.api.post("/api/conversations/\(id)/join", [:]).expect(200).string("role") == "admin")
      #expect(try await eve.api.post("/api/conversations/\(id)/join", [:]).expect(200).string("role") == "member")

      let group = try await stack.group(ann, [bob])
      let refused = try await eve.api.post("/api/conversations/\(group)/join", [:])
      let unreal = try await eve.api.post("/api/conversations/018f0000-0000-7000-8000-000000000000/join", [:])
      #expect(try ProblemAnswer(refused, 404).code == "not_found")
      #expect(refused.wording == unreal.wording)
      #expect(try await bob.api.post("/api/conversations/\(group)/join", [:]).status == 200)
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).expect(201).string("id")
      #expect(
        try ProblemAnswer(try await ann.api.post("/api/conversations/\(direct)/leave", [:]), 403).code == "forbidden")
      let unknown = try await eve.api.get("/api/conversations/channels?q=\(String(repeating: "x", count: 65))")
      #expect(try ProblemAnswer(unknown, 400).field == "q")
    }
  }

  @Test("admins promote and demote; a group is never without one")
  func roles() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann, [bob, eve])
      let socket = try await stack.joined(eve, id)
      let bobsSocket = try await stack.socket(bob)
      let path = "/api/conversations/\(id)/participants"
      #expect(
        try ProblemAnswer(try await bob.api.patch("\(path)/\(bob.id)", ["role": "admin"]), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await ann.api.patch("\(path)/\(bob.id)", ["role": "king"]), 400).field == "role")
      #expect(
        try ProblemAnswer(try await ann.api.patch("\(path)/\(ann.id)", ["role": "member"]), 409).code == "conflict")
      #expect(try await ann.api.patch("\(path)/\(bob.id)", ["role": "admin"]).status == 204)
      let news = try await socket.next("participant:updated")
      #expect(news["userId"]?.string == bob.id && news["role"]?.string == "admin")
      let own = try await bobsSocket.next("conversation:updated")
      #expect(own["conversationId"]?.string == id && own["role"]?.string == "admin")
      #expect(try await bob.api.patch("\(path)/\(ann.id)", ["role": "member"]).status == 204)
      #expect(try await ann.api.get("/api/conversations/\(id)").expect(200).string("role") == "member")
      #expect(
        try ProblemAnswer(try await ann.api.patch("\(path)/\(eve.id)", ["role": "admin"]), 403).code == "forbidden")
      // The last admin leaves: who has been there longest follows, and is told of it.
      #expect(try await bob.api.post("/api/conversations/\(id)/leave", [:]).status == 204)
      let next = try await socket.next("participant:updated") { $0["role"]?.string == "admin" }
      let admin = next["userId"]?.string
      #expect(admin == ann.id || admin == eve.id)
      let stranger = try await stack.person("stranger")
      #expect(
        try ProblemAnswer(try await stranger.api.patch("\(path)/\(eve.id)", ["role": "admin"]), 404).code == "not_found"
      )
    }
  }

  @Test("an admin renames and archives; to an archived conversation nothing is sent, and it can be read")
  func archive() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let mark = Stack.uniqueName("closing")
      let id = try await channel(ann, mark)
      _ = try await bob.api.post("/api/conversations/\(id)/join", [:]).expect(200)
      try await stack.send("first", to: id, by: ann, key: "k1").expect(201)
      let socket = try await stack.joined(bob, id)
      let path = "/api/conversations/\(id)"
      for body in [["title": "mine"], ["archived": true]] as [JSONLiteral] {
        #expect(try ProblemAnswer(try await bob.api.patch(path, body), 403).code == "forbidden")
      }
      #expect(try ProblemAnswer(try await ann.api.patch(path, [:]), 400).code == "invalid_request")
      #expect(try ProblemAnswer(try await ann.api.patch(path, ["title": ""]), 400).field == "title")
      #expect(
        try await ann.api.patch(path, ["title": .string("\(mark) soon")]).expect(200).string("title") == "\(mark) soon")
      #expect(try await socket.next("conversation:updated")["title"]?.string == "\(mark) soon")

      let closed = try await ann.api.patch(path, ["archived": true]).expect(200)
      let at = try closed.string("archivedAt")
      #expect(try await socket.next("conversation:updated")["archivedAt"]?.string == at)
      #expect(
        try ProblemAnswer(try await stack.send("no", to: id, by: ann), 409).code == "conversation_archived")
      let ack = try await socket.emit("message:send", ["conversationId": .string(id), "body": "no"])
      #expect(ack["error"]?["code"]?.string == "conversation_archived")
      // The answer that got lost is still given; a stranger learns nothing.
      let replayed = try await stack.send("first", to: id, by: ann, key: "k1").expect(201)
      #expect(replayed.headers["idempotency-replayed"] == "true")
      let eve = try await stack.person("eve")
      #expect(try ProblemAnswer(try await stack.send("no", to: id, by: eve), 404).code == "not_found")
      #expect(
        try ProblemAnswer(try await eve.api.post("\(path)/join", [:]), 409).code == "conversation_archived")
      #expect(try titles(await eve.api.get("/api/conversations/channels?q=\(mark)").expect(200)) == [])
      let history = try await bob.api.get("\(path)/messages").expect(200)
      #expect(history["messages"]?.count == 1)
      let listed = try await bob.api.get("/api/conversations").expect(200)
      #expect(listed["conversations"]?[0]?["archivedAt"]?.string == at)

      _ = try await ann.api.patch(path, ["archived": false]).expect(200)
      #expect(try await socket.next("conversation:updated")["archivedAt"]?.isNull == true)
      #expect(try await stack.send("again", to: id, by: bob).expect(201).int("seq") == 2)
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).string("id")
      #expect(
        try ProblemAnswer(try await ann.api.patch("/api/conversations/\(direct)", ["archived": true]), 403).code
          == "forbidden")
    }
  }
}
