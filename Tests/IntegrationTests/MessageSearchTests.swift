import JSON
import Networking
import TestSupport
import Testing

@Suite("Finding messages, by their words and by their time")
struct MessageSearchTests {
  @Test("words are found where one takes part, and nowhere else; edits and deletes are followed")
  func search() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let shared = try await stack.group(ann, [bob])
      let own = try await stack.group(ann)
      let word = Stack.uniqueName("zebra").replacing("-", with: "")
      let first = try await stack.send("The \(word) crosses, \u{C4}pfel and all", to: shared, by: ann).expect(201)
      _ = try await stack.send("nothing of the kind", to: shared, by: bob).expect(201)
      let second = try await stack.send("\(word.uppercased())! again", to: own, by: ann).expect(201)
      func ids(_ person: Person, _ query: String) async throws -> [String] {
        try await person.api.get("/api/messages/search?q=\(query)").expect(200)["messages"]?.array?
          .compactMap { $0["id"]?.string } ?? []
      }
      let (one, two) = (try first.string("id"), try second.string("id"))
      try await eventually(within: .seconds(20), "the messages in the index") {
        try await ids(ann, word) == [two, one]
      }
      #expect(try await ids(bob, word) == [one])
      #expect(try await ids(eve, word) == [])
      #expect(try await ids(ann, "\(word)&conversationId=\(own)") == [two])
      #expect(try await ids(ann, "\(word)+crosses") == [one])
      #expect(try await ids(ann, "\(word)+%C3%84PFEL") == [one])
      #expect(try await ids(ann, "\(word)+-again") == [one])
      #expect(try await ids(ann, "%22crosses+\(word)%22") == [])
      let page = try await ann.api.get("/api/messages/search?q=\(word)&limit=1").expect(200)
      #expect(try page.string("next") == two)
      #expect(try await ids(ann, "\(word)&limit=1&cursor=\(two)") == [one])
      // Nobody finds a conversation by its identifier.
      #expect(try await ids(eve, "%23\(shared)") == [])
      #expect(
        try ProblemAnswer(try await eve.api.get("/api/messages/search?q=x&conversationId=\(shared)"), 404).code
          == "not_found")
      for query in ["q=", "q=%20%20", "q=%22%22", "q=!!!", "q=\(String(repeating: "x", count: 201))"] {
        let answer = try await ann.api.get("/api/messages/search?\(query)")
        #expect(try ProblemAnswer(answer, 400).field == "q", "\(query): \(answer.text)")
      }
      #expect(
        try ProblemAnswer(try await ann.api.get("/api/messages/search?q=x&cursor=x"), 400).field == "cursor")

      _ = try await ann.api.request("PATCH", "/api/messages/\(one)", ["body": "a horse"]).expect(200)
      _ = try await ann.api.delete("/api/messages/\(two)").expect(200)
      try await eventually(within: .seconds(20), "an index that has followed") { try await ids(ann, word).isEmpty }
      #expect(try await ids(bob, "horse&conversationId=\(shared)") == [one])
    }
  }

  @Test("what is encrypted is not searched, and one is told so")
  func encrypted() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let word = Stack.uniqueName("yak").replacing("-", with: "")
      _ = try await stack.send(word, to: id, by: ann).expect(201)
      let path = "/api/messages/search?q=\(word)"
      try await eventually(within: .seconds(20), "the message in the index") {
        try await ann.api.get(path).expect(200)["messages"]?.count == 1
      }
      _ = try await TestDatabase.sql(
        "UPDATE conversations SET encrypted = true WHERE id = '\(id)'", database: "integration")
      let problem = try ProblemAnswer(try await ann.api.get("\(path)&conversationId=\(id)"), 409)
      #expect(problem.code == "conversation_encrypted")
      let all = try await ann.api.get(path).expect(200)
      #expect(all["messages"]?.count == 0)
      #expect(try all.int("encryptedConversations") == 1)
    }
  }

  @Test("history begins at any time, and goes on from there in both directions")
  func time() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      var times: [String] = []
      for index in 1...9 {
        let answer = try await stack.send("m\(index)", to: id, by: ann).expect(201)
        times.append(try answer.string("createdAt"))
        // A seq that is no message's must not confuse the search.
        _ = try await ann.api.post("/api/messages/\(try answer.string("id"))/reactions", ["emoji": "x"]).expect(200)
      }
      func bodies(_ query: String) async throws -> [String] {
        try await ann.api.get("/api/conversations/\(id)/messages?\(query)").expect(200)["messages"]?.array?
          .compactMap { $0["body"]?.string } ?? []
      }
      let all = (1...9).map { "m\($0)" }
      for index in 0..<9 {
        #expect(try await bodies("before=\(times[index])") == Array(all[..<index]))
        #expect(try await bodies("after=\(times[index])") == Array(all[index...]))
      }
      #expect(try await bodies("before=2000-01-01T00:00:00Z") == [])
      #expect(try await bodies("after=2000-01-01T00:00:00Z&limit=2") == ["m1", "m2"])
      #expect(try await bodies("after=2999-01-01T00:00:00Z") == [])
      #expect(try await bodies("before=2999-01-01T01:00:00%2B01:00&limit=2") == ["m8", "m9"])
      let page = try await ann.api.get("/api/conversations/\(id)/messages?after=\(times[4])&limit=2").expect(200)
      #expect(try await bodies("cursor=\(try page.string("newer"))") == ["m7", "m8", "m9"])
      #expect(try await bodies("cursor=\(try page.string("older"))") == ["m1", "m2", "m3", "m4"])
      #expect(try page.int("lastSeq") == 18)
      // Behind the last message there is nothing newer, though the log goes on.
      #expect(try await ann.api.get("/api/conversations/\(id)/messages").expect(200)["newer"] == nil)
      for (query, field) in [
        ("before=yesterday", "before"), ("after=2026-01-01", "after"),
        ("after=2026-01-01T00:00:00Z&before=2026-01-02T00:00:00Z", "before"), ("afterSeq=1&beforeSeq=9", "beforeSeq"),
      ] {
        let answer = try await ann.api.get("/api/conversations/\(id)/messages?\(query)")
        #expect(try ProblemAnswer(answer, 400).field == field)
      }
    }
  }
}
