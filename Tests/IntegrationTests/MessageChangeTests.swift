import JSON
import Networking
import TestSupport
import Testing

@Suite("Editing, deleting and reacting")
struct MessageChangeTests {
  private static let heart = "\u{2764}\u{FE0F}"
  /// In the query of a URL.
  private static let escapedHeart = "%E2%9D%A4%EF%B8%8F"

  @Test("an edit changes the message under its version, and is an entry of the log that every member gets in its turn")
  func edit() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let here = try await stack.joined(bob, id)
      let there = try await stack.joined(ann, id, gateway: 1)
      let sent = try await stack.send("helo", to: id, by: ann).expect(201)
      let message = try sent.string("id")
      #expect(try sent.int("version") == 1)
      #expect(try sent.string("senderName") == ann.name)

      let edited = try await ann.api.request(
        "PATCH", "/api/messages/\(message)", ["body": "hello"], headers: ["If-Match": "\"1\""]
      ).expect(200)
      #expect(try edited.string("body") == "hello")
      #expect(try edited.int("seq") == 1)
      #expect(try edited.int("version") == 2)
      #expect(edited.headers["etag"] == "\"2\"")
      #expect(edited["editedAt"] != nil)
      for socket in [here, there] {
        let event = try await socket.next("message:updated")
        #expect(event["id"]?.string == message)
        #expect(event["conversationId"]?.string == id)
        #expect(event["seq"]?.int == 2)
        #expect(event["messageSeq"]?.int == 1)
        #expect(event["version"]?.int == 2)
        #expect(event["body"]?.string == "hello")
        #expect(event["actorId"]?.string == ann.id)
      }
      // The same once more, as somebody does who got no answer: done, and no entry.
      let again = try await ann.api.request(
        "PATCH", "/api/messages/\(message)", ["body": "hello"], headers: ["If-Match": "\"1\""]
      ).expect(200)
      #expect(again.body == edited.body)
      // Over a socket; then the next message is the next entry.
      let ack = try await there.emit(
        "message:edit", ["messageId": .string(message), "body": "hello!", "version": 2])
      #expect(ack["message"]?["version"]?.int == 3)
      #expect(try await stack.send("next", to: id, by: bob).expect(201).int("seq") == 4)
      for socket in [here, there] {
        #expect(try await socket.next("message:new") { $0["seq"]?.int == 4 }["body"]?.string == "next")
        #expect(try await socket.next("message:updated")["seq"]?.int == 3)
      }
      let read = try await bob.api.get("/api/messages/\(message)").expect(200)
      #expect(try read.string("body") == "hello!")
      #expect(read.headers["etag"] == "\"3\"")
    }
  }

  @Test("only who may change a message does, and only the version that was seen")
  func rules() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let eve = try await stack.person("eve")
      let message = try await stack.send("mine", to: id, by: bob).expect(201).string("id")
      let path = "/api/messages/\(message)"
      func edit(_ person: Person, _ body: String, _ headers: [String: String] = [:]) async throws -> Answer {
        try await person.api.request("PATCH", path, ["body": .string(body)], headers: headers)
      }
      // An admin may delete what others wrote, and not put words into their mouths.
      #expect(try ProblemAnswer(try await edit(ann, "yours"), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await edit(eve, "x"), 404).code == "not_found")
      #expect(try ProblemAnswer(try await eve.api.delete(path), 404).code == "not_found")
      #expect(try ProblemAnswer(try await eve.api.get(path), 404).code == "not_found")
      #expect(try ProblemAnswer(try await edit(bob, ""), 400).field == "body")
      #expect(try ProblemAnswer(try await edit(bob, String(repeating: "x", count: 16_385)), 413).code == "too_large")
      for tag in ["\"7\"", "W/\"1\"", "nonsense"] {
        #expect(
          try ProblemAnswer(try await edit(bob, "other", ["If-Match": tag]), 412).code == "precondition_failed")
      }
      let stale = try await bob.api.request("DELETE", path, headers: ["If-Match": "\"9\""])
      #expect(try ProblemAnswer(stale, 412).code == "precondition_failed")
      _ = try await edit(bob, "other", ["If-Match": "*"]).expect(200)

      let others = try await stack.send("ann's", to: id, by: ann).expect(201).string("id")
      #expect(try ProblemAnswer(try await bob.api.delete("/api/messages/\(others)"), 403).code == "forbidden")
      let gone = try await ann.api.delete(path).expect(200)
      #expect(try gone.string("body") == "")
      #expect(try ProblemAnswer(try await edit(bob, "back"), 409).code == "conflict")
      let reaction = try await bob.api.post("\(path)/reactions", ["emoji": "x"])
      #expect(try ProblemAnswer(reaction, 409).code == "conflict")
      // Deleted once more: done, and no entry.
      #expect(try await bob.api.delete(path).expect(200).body == gone.body)
      #expect(try await ann.api.get("/api/conversations/\(id)").expect(200).int("lastSeq") == 4)
    }
  }

  @Test("a deleted message leaves a tombstone: in the history, and for who resumes from before it")
  func delete() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let live = try await stack.joined(bob, id)
      let message = try await stack.send("a secret", to: id, by: ann).expect(201).string("id")
      let reply = try await ann.api.post(
        "/api/messages", ["conversationId": .string(id), "body": "about that", "replyTo": .string(message)]
      ).expect(201)
      #expect(try reply.string("replyTo") == message)
      let socket = try await stack.socket(ann)
      let ack = try await socket.emit("message:delete", ["messageId": .string(message)])
      #expect(ack["message"]?["version"]?.int == 3)
      let event = try await live.next("message:deleted")
      #expect(event["id"]?.string == message)
      #expect(event["seq"]?.int == 3)
      #expect(event["messageSeq"]?.int == 1)
      #expect(event["actorId"]?.string == ann.id)
      #expect(event["body"] == nil)
      let page = try await bob.api.get("/api/conversations/\(id)/messages").expect(200)
      #expect(page["messages"]?[0]?["body"]?.string == "")
      #expect(page["messages"]?[0]?["deletedAt"] != nil)
      #expect(page["messages"]?[1]?["replyTo"]?.string == message)
      #expect(try page.int("lastSeq") == 3)
      #expect(page["newer"] == nil)

      let late = try await stack.socket(bob, gateway: 1)
      #expect(try await late.join(id, afterSeq: 0)["replayed"]?.int == 3)
      #expect(late.entries.map(\.name) == ["message:new", "message:new", "message:deleted"])
      #expect(late.entries[0].argument["body"]?.string == "")
      #expect(late.entries.map { $0.argument["seq"]?.int } == [1, 2, 3])
    }
  }

  @Test("reactions are counted, shown with one's own in the history, and come as entries of the log")
  func reactions() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let live = try await stack.joined(bob, id)
      let message = try await stack.send("good news", to: id, by: ann).expect(201).string("id")
      let path = "/api/messages/\(message)/reactions"
      #expect(try await ann.api.post(path, ["emoji": .string(Self.heart)]).expect(200).int("total") == 1)
      // Once more changes nothing.
      #expect(try await ann.api.post(path, ["emoji": .string(Self.heart)]).expect(200).int("total") == 1)
      let socket = try await stack.socket(bob, gateway: 1)
      let ack = try await socket.emit(
        "reaction", ["messageId": .string(message), "emoji": .string(Self.heart)])
      #expect(ack["total"]?.int == 2)
      #expect(ack["own"]?.bool == true)
      _ = try await ann.api.post(path, ["emoji": ":party:"]).expect(200)
      let history = try await bob.api.get("/api/conversations/\(id)/messages").expect(200)
      let counted = history["messages"]?[0]?["reactions"]
      #expect(counted?.count == 2)
      #expect(counted?[0]?["emoji"]?.string == Self.heart)
      #expect(counted?[0]?["total"]?.int == 2)
      #expect(counted?[0]?["own"]?.bool == true)
      #expect(counted?[1]?["own"]?.bool == false)
      #expect(try await ann.api.get("/api/messages/\(message)").expect(200)["reactions"]?[1]?["own"]?.bool == true)

      #expect(try await ann.api.delete("\(path)?emoji=\(Self.escapedHeart)").expect(200).int("total") == 1)
      let off = try await socket.emit(
        "reaction", ["messageId": .string(message), "emoji": .string(Self.heart), "added": false])
      #expect(off["total"]?.int == 0)
      try await live.wait("the reactions") { live.events.count { $0.name == "reaction" } == 5 }
      let events = live.events.filter { $0.name == "reaction" }.map(\.argument)
      #expect(events.map { $0["seq"]?.int } == [2, 3, 4, 5, 6])
      #expect(events.map { $0["total"]?.int } == [1, 2, 1, 1, 0])
      #expect(events.map { $0["added"]?.bool } == [true, true, true, false, false])
      #expect(events.map { $0["userId"]?.string } == [ann.id, bob.id, ann.id, ann.id, bob.id])
      #expect(events.allSatisfy { $0["id"]?.string == message && $0["messageSeq"]?.int == 1 })
      // The version is the text's: an edit that has seen it may come behind any number of reactions.
      _ = try await ann.api.request(
        "PATCH", "/api/messages/\(message)", ["body": "better news"], headers: ["If-Match": "\"1\""]
      ).expect(200)
    }
  }

  @Test("a message has so many reactions and no more, and no emoji is a text")
  func reactionLimits() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let message = try await stack.send("x", to: id, by: ann).expect(201).string("id")
      let path = "/api/messages/\(message)/reactions"
      for emoji in ["", "a b", "a\u{0}", "\n", String(repeating: "x", count: 65)] {
        #expect(try ProblemAnswer(try await ann.api.post(path, ["emoji": .string(emoji)]), 400).field == "emoji")
      }
      #expect(try ProblemAnswer(try await ann.api.delete(path), 400).field == "emoji")
      for index in 0..<10 { _ = try await ann.api.post(path, ["emoji": .string("a\(index)")]).expect(200) }
      #expect(try ProblemAnswer(try await ann.api.post(path, ["emoji": "b0"]), 409).field == "emoji")
      for index in 0..<10 { _ = try await bob.api.post(path, ["emoji": .string("b\(index)")]).expect(200) }
      let carl = try await stack.person("carl")
      _ = try await ann.api.post(
        "/api/conversations/\(id)/participants", ["userId": .string(carl.id)]
      ).expect(200)
      #expect(try ProblemAnswer(try await carl.api.post(path, ["emoji": "c0"]), 409).field == "emoji")
      // One that is there already may be joined.
      #expect(try await carl.api.post(path, ["emoji": "b0"]).expect(200).int("total") == 2)
    }
  }

  @Test("two who change a message at once: each entry comes to everybody once, in one order")
  func concurrent() async throws {
    try await withStack { stack in
      let (ann, bob, id) = try await Self.pair(stack)
      let sockets = [try await stack.joined(bob, id), try await stack.joined(ann, id, gateway: 1)]
      let message = try await stack.send("0", to: id, by: ann).expect(201).string("id")
      let loop = stack.loop
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<4 {
          group.addTask {
            try await loop.submit {
              let api = stack.client(index % 2 == 0 ? ann.token : bob.token)
              defer { api.close() }
              for round in 0..<10 {
                switch index {
                case 0:
                  _ = try await api.request(
                    "PATCH", "/api/messages/\(message)", ["body": .string("edit \(round)")]
                  ).expect(200)
                case 1:
                  _ = try await api.post("/api/messages/\(message)/reactions", ["emoji": .string("r\(round)")]).expect(
                    200)
                default:
                  _ = try await api.post(
                    "/api/messages", ["conversationId": .string(id), "body": .string("\(index) \(round)")]
                  ).expect(201)
                }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      for socket in sockets {
        try await socket.wait("all entries") { socket.entries.count >= 41 }
        #expect(socket.entries.map { $0.argument["seq"]?.int } == Array(1...41))
        #expect(socket.events.count { $0.name == "message:updated" } == 10)
        #expect(socket.events.count { $0.name == "reaction" } == 10)
      }
    }
  }

  private static func pair(_ stack: Stack) async throws -> (Person, Person, String) {
    let ann = try await stack.person("ann")
    let bob = try await stack.person("bob")
    return (ann, bob, try await stack.group(ann, [bob]))
  }
}
