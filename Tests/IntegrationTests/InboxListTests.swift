import JSON
import Primitives
import TestSupport
import Testing

@Suite("The list of conversations")
struct InboxListTests {
  private func list(_ person: Person, _ query: String = "") async throws -> [JSONValue] {
    let answer = try await person.api.get("/api/conversations\(query)").expect(200)
    return answer["conversations"]?.array.map(Array.init) ?? []
  }

  @Test("has the newest activity first, with the last message, what is unread, and who the other one is")
  func activity() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let first = try await stack.group(ann, [bob], title: "first")
      let second = try await stack.group(ann, [bob], title: "second")
      let direct = try await bob.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(ann.id)]]
      ).expect(201).string("id")
      #expect(try await list(ann).compactMap { $0["id"]?.string } == [direct, second, first])
      try await stack.send("one", to: first, by: bob).expect(201)
      try await stack.send("two", to: first, by: bob).expect(201)
      try await stack.send("mine", to: first, by: ann).expect(201)
      try await stack.send("hello", to: second, by: bob).expect(201)

      let entries = try await list(ann)
      #expect(entries.compactMap { $0["id"]?.string } == [second, first, direct])
      #expect(entries.compactMap { $0["unread"]?.int } == [1, 2, 0])
      #expect(entries.compactMap { $0["mentions"]?.int } == [0, 0, 0])
      #expect(entries.compactMap { $0["lastMessage"]?["body"]?.string } == ["hello", "mine"])
      #expect(entries[1]["lastMessage"]?["senderId"]?.string == ann.id)
      #expect(entries[2]["lastMessage"] == nil)
      #expect(entries[2]["peer"]?["userId"]?.string == bob.id)
      #expect(entries[2]["peer"]?["username"]?.string == bob.name)
      #expect(entries[0]["peer"] == nil)
      // One page after the other is the same.
      var paged: [String] = []
      var query = "?limit=1"
      while paged.count < 10 {
        let page = try await ann.api.get("/api/conversations\(query)").expect(200)
        paged += page["conversations"]?.array?.compactMap { $0["id"]?.string } ?? []
        guard let next = page["next"]?.string else { break }
        query = "?limit=1&cursor=\(next)"
      }
      #expect(paged == [second, first, direct])

      let read = try await ann.api.post("/api/conversations/\(first)/read", ["seq": 1]).expect(200)
      #expect(try read.int("readSeq") == 1)
      #expect(try await list(ann).compactMap { $0["unread"]?.int } == [1, 1, 0])
      _ = try await ann.api.request("POST", "/api/conversations/\(first)/read").expect(200)
      #expect(try await list(ann).compactMap { $0["unread"]?.int } == [1, 0, 0])
      #expect(try await ann.api.get("/api/conversations/\(first)").expect(200).int("unread") == 0)
      for wrong in ["cursor=x", "archived=maybe", "limit=0"] {
        #expect(try await ann.api.get("/api/conversations?\(wrong)").status == 400)
      }
    }
  }

  @Test("leaves out what one has laid aside, until its next message; others see no difference")
  func laidAside() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      try await stack.send("one", to: id, by: bob).expect(201)
      let device = try await stack.socket(ann)
      let path = "/api/conversations/\(id)/settings"
      let changed = try await ann.api.patch(path, ["archived": true]).expect(200)
      #expect(changed["archived"]?.bool == true)
      let news = try await device.next("conversation:updated")
      #expect(news["conversationId"]?.string == id && news["archived"]?.bool == true)
      #expect(try await list(ann).isEmpty)
      #expect(try await list(ann, "?archived=true").compactMap { $0["id"]?.string } == [id])
      #expect(try await list(bob).compactMap { $0["archived"]?.bool } == [false])
      // Reading it does not bring it back, a message does.
      _ = try await ann.api.request("POST", "/api/conversations/\(id)/read").expect(200)
      #expect(try await list(ann).isEmpty)
      try await stack.send("two", to: id, by: bob).expect(201)
      #expect(try await list(ann).compactMap { $0["archived"]?.bool } == [false])
      _ = try await ann.api.patch(path, ["archived": true]).expect(200)
      _ = try await ann.api.patch(path, ["archived": false]).expect(200)
      #expect(try await list(ann).count == 1)
      let eve = try await stack.person("eve")
      #expect(try ProblemAnswer(try await eve.api.patch(path, ["archived": true]), 404).code == "not_found")
      #expect(try ProblemAnswer(try await ann.api.patch(path, [:]), 400).code == "invalid_request")
    }
  }

  @Test("says what is muted, and until when")
  func muted() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let path = "/api/conversations/\(id)/settings"
      #expect(try await list(ann)[0]["muted"]?.bool == false)
      #expect(try await ann.api.patch(path, ["muted": true]).expect(200)["muted"]?.bool == true)
      #expect(try await list(ann)[0]["mutedUntil"] == nil)
      let until = (Timestamp.now() + .seconds(3600)).description
      let hour = try await ann.api.patch(path, ["mutedUntil": .string(until)]).expect(200)
      #expect(hour["muted"]?.bool == true)
      #expect(try hour.string("mutedUntil") == until)
      // What is not named stays.
      #expect(try await ann.api.patch(path, ["archived": true]).expect(200).string("mutedUntil") == until)
      #expect(try await ann.api.patch(path, ["muted": false]).expect(200)["muted"]?.bool == false)
      let soon = (Timestamp.now() + .milliseconds(300)).description
      #expect(try await ann.api.patch(path, ["mutedUntil": .string(soon)]).expect(200)["muted"]?.bool == true)
      try await eventually("the mute's end") {
        try await ann.api.get("/api/conversations/\(id)").expect(200)["muted"]?.bool == false
      }
      for body in [
        ["mutedUntil": "yesterday"], ["mutedUntil": "2001-01-01T00:00:00Z"], ["muted": "yes"],
        ["muted": false, "mutedUntil": .string(until)],
      ] as [JSONLiteral] {
        #expect(try ProblemAnswer(try await ann.api.patch(path, body), 400).code == "invalid_request")
      }
    }
  }
}
