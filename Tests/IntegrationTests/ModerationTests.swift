import JSON
import Networking
import Primitives
import TestSupport
import Testing

/// An administrator of the main workspace, and another workspace with its own and three users.
private struct Cast {
  let workspace: (id: String, name: String)
  let root: Person
  let moderator: Person
  let ann: Person
  let bob: Person
  let eve: Person

  init(_ stack: Stack) async throws {
    root = try await stack.administrator("root")
    workspace = try await stack.workspace("reports", by: root)
    moderator = try await stack.administrator("mod", in: workspace.name)
    ann = try await stack.person("ann", in: workspace.name)
    bob = try await stack.person("bob", in: workspace.name)
    eve = try await stack.person("eve", in: workspace.name)
  }
}

@Suite("Reports")
struct ReportTests {
  @Test("a message is reported once by each who can read it, and administrators see it in a queue")
  func queue() async throws {
    try await withStack { stack in
      let cast = try await Cast(stack)
      let (root, moderator, ann, bob, eve) = (cast.root, cast.moderator, cast.ann, cast.bob, cast.eve)
      let group = try await stack.group(ann, [bob])
      let first = try await stack.send("buy this", to: group, by: bob).expect(201).string("id")
      let second = try await stack.send("and that", to: group, by: bob).expect(201).string("id")
      func report(_ message: String, _ body: JSONLiteral, by person: Person) async throws -> Answer {
        try await person.api.post("/api/messages/\(message)/report", body)
      }
      let made = try await report(first, ["reason": "spam", "note": "again and again"], by: ann).expect(201)
      #expect(try made.string("state") == "open" && made.string("senderId") == bob.id)
      #expect(try await report(first, ["reason": "hate"], by: ann).expect(200).string("reason") == "spam")
      _ = try await report(second, ["reason": "other"], by: ann).expect(201)
      #expect(try ProblemAnswer(try await report(first, ["reason": "spam"], by: bob), 409).code == "conflict")
      #expect(try ProblemAnswer(try await report(first, ["reason": "spam"], by: eve), 404).code == "not_found")
      #expect(try ProblemAnswer(try await report(first, ["reason": "boring"], by: ann), 400).field == "reason")
      #expect(try ProblemAnswer(try await report(first, ["reason": "spam", "note": ""], by: ann), 400).field == "note")

      let path = "/api/moderation/reports"
      #expect(try ProblemAnswer(try await ann.api.get(path), 403).code == "forbidden")
      // Another workspace's administrator has another queue.
      #expect(try await root.api.get("\(path)?senderId=\(bob.id)&state=all").expect(200)["reports"]?.count == 0)
      let page = try await moderator.api.get("\(path)?limit=1").expect(200)
      #expect(page["reports"]?[0]?["message"]?["body"]?.string == "buy this")
      #expect(page["reports"]?[0]?["note"]?.string == "again and again")
      let next = try await moderator.api.get("\(path)?limit=1&cursor=\(try page.string("next"))").expect(200)
      #expect(next["reports"]?[0]?["messageId"]?.string == second)
      for (query, count) in [
        ("reason=spam", 1), ("reason=hate", 0), ("senderId=\(bob.id)", 2), ("senderId=\(ann.id)", 0),
        ("reporterId=\(ann.id)", 2), ("conversationId=\(group)", 2), ("conversationId=\(first)", 0),
        ("state=resolved", 0), ("state=all", 2),
      ] {
        #expect(try await moderator.api.get("\(path)?\(query)").expect(200)["reports"]?.count == count, "\(query)")
      }
      #expect(try ProblemAnswer(try await moderator.api.get("\(path)?state=lost"), 400).field == "state")
    }
  }

  @Test("resolving deletes the message or disables its sender, for all its reports, and is in the audit log")
  func resolve() async throws {
    try await withStack { stack in
      let cast = try await Cast(stack)
      let (root, moderator, ann, bob, eve) = (cast.root, cast.moderator, cast.ann, cast.bob, cast.eve)
      let group = try await stack.group(ann, [bob, eve])
      let socket = try await stack.joined(ann, group)
      var messages: [String] = []
      var reports: [String] = []
      for index in 0..<3 {
        let id = try await stack.send("number \(index)", to: group, by: bob).expect(201).string("id")
        messages.append(id)
        for person in [ann, eve] {
          let report = try await person.api.post("/api/messages/\(id)/report", ["reason": "harassment"]).expect(201)
          if person.id == ann.id { reports.append(try report.string("id")) }
        }
      }
      func resolve(_ index: Int, _ action: String, by person: Person? = nil) async throws -> Answer {
        try await (person ?? moderator).api.post(
          "/api/moderation/reports/\(reports[index])/resolve", ["action": .string(action)])
      }
      #expect(try ProblemAnswer(try await resolve(0, "dismiss", by: ann), 403).code == "forbidden")
      #expect(try ProblemAnswer(try await resolve(0, "dismiss", by: root), 404).code == "not_found")
      #expect(try ProblemAnswer(try await resolve(0, "scold"), 400).field == "action")
      let dismissed = try await resolve(0, "dismiss").expect(200)
      #expect(try dismissed.string("state") == "resolved" && dismissed.string("resolvedBy") == moderator.id)
      #expect(try ProblemAnswer(try await resolve(0, "dismiss"), 409).code == "conflict")
      #expect(try await ann.api.get("/api/messages/\(messages[0])").expect(200).string("body") == "number 0")

      _ = try await resolve(1, "delete_message").expect(200)
      let event = try await socket.next("message:deleted")
      #expect(event["id"]?.string == messages[1] && event["actorId"]?.string == moderator.id)
      #expect(event["seq"]?.int == 4)
      let tombstone = try await ann.api.get("/api/messages/\(messages[1])").expect(200)
      #expect(try tombstone.string("body").isEmpty && tombstone["deletedAt"] != nil)
      #expect(try await stack.send("next", to: group, by: ann).expect(201).int("seq") == 5)

      _ = try await resolve(2, "disable_user").expect(200)
      let refused = try await stack.client().post(
        "/api/auth/login",
        ["username": .string(bob.name), "password": "correct horse battery", "workspace": .string(cast.workspace.name)])
      #expect(try ProblemAnswer(refused, 403).code == "account_disabled")
      let path = "/api/moderation/reports"
      #expect(try await moderator.api.get(path).expect(200)["reports"]?.count == 0)
      #expect(try await moderator.api.get("\(path)?state=resolved").expect(200)["reports"]?.count == 6)
      let audited = try await TestDatabase.sql(
        """
        SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log
        WHERE actor_id = '\(moderator.id)' AND workspace_id = '\(cast.workspace.id)'
        """, database: "integration")
      let resolved = "report.resolved report.resolved"
      #expect(audited.contains("\(resolved) \(resolved) user.disabled \(resolved)"))
    }
  }
}

@Suite("Rooms that not everybody sends to at will")
struct RestrictedRoomTests {
  @Test("to a read-only room only admins send, over HTTP, in batches and over the socket")
  func readOnly() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let path = "/api/conversations/\(id)"
      let socket = try await stack.joined(bob, id)
      try await stack.send("first", to: id, by: bob, key: "k1").expect(201)
      #expect(try ProblemAnswer(try await bob.api.patch(path, ["readOnly": true]), 403).code == "forbidden")
      #expect(try await ann.api.patch(path, ["readOnly": true]).expect(200)["readOnly"]?.bool == true)
      #expect(try await socket.next("conversation:updated")["readOnly"]?.bool == true)
      #expect(try ProblemAnswer(try await stack.send("no", to: id, by: bob), 403).code == "read_only")
      let ack = try await socket.emit("message:send", ["conversationId": .string(id), "body": "no"])
      #expect(ack["error"]?["code"]?.string == "read_only")
      try await stack.send("news", to: id, by: ann).expect(201)
      try await stack.send("first", to: id, by: bob, key: "k1").expect(201)
      #expect(try await bob.api.get(path).expect(200)["readOnly"]?.bool == true)
      #expect(try await bob.api.get("/api/conversations").expect(200)["conversations"]?[0]?["readOnly"]?.bool == true)
      // Whoever becomes an admin sends.
      _ = try await ann.api.patch("\(path)/participants/\(bob.id)", ["role": "admin"])
      try await stack.send("mine too", to: id, by: bob).expect(201)
      #expect(try await ann.api.patch(path, ["readOnly": false]).expect(200)["readOnly"] == nil)
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).string("id")
      let refused = try await ann.api.patch("/api/conversations/\(direct)", ["slowMode": 5])
      #expect(try ProblemAnswer(refused, 403).code == "forbidden")
    }
  }

  @Test(
    "members of a read-only room edit nothing and may react; in an archived one nobody does either; both may delete")
  func changes() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let path = "/api/conversations/\(id)"
      let socket = try await stack.joined(bob, id)
      var messages: [String] = []
      for text in ["one", "two", "three"] {
        messages.append("/api/messages/" + (try await stack.send(text, to: id, by: bob).expect(201).string("id")))
      }
      let mine = "/api/messages/" + (try await stack.send("mine", to: id, by: ann).expect(201).string("id"))
      func reaction(_ emoji: String, on message: String) async throws -> Answer {
        try await bob.api.post("\(message)/reactions", ["emoji": .string(emoji)])
      }
      _ = try await ann.api.patch(path, ["readOnly": true]).expect(200)
      let edit = try await bob.api.patch(messages[0], ["body": "advertisement"])
      #expect(try ProblemAnswer(edit, 403).code == "read_only")
      let acknowledged = try await socket.emit(
        "message:edit", ["messageId": .string(String(messages[0].suffix(36))), "body": "advertisement"])
      #expect(acknowledged["error"]?["code"]?.string == "read_only")
      // What is so already is no change.
      _ = try await bob.api.patch(messages[0], ["body": "one"]).expect(200)
      _ = try await ann.api.patch(mine, ["body": "mine, corrected"]).expect(200)
      #expect(try await reaction("x", on: messages[0]).expect(200).int("total") == 1)
      _ = try await bob.api.delete(messages[1]).expect(200)

      _ = try await ann.api.patch(path, ["readOnly": false, "archived": true]).expect(200)
      let archived = "conversation_archived"
      for (person, message) in [(bob, messages[0]), (ann, mine)] {
        #expect(try ProblemAnswer(try await person.api.patch(message, ["body": "late"]), 409).code == archived)
      }
      #expect(try ProblemAnswer(try await reaction("y", on: messages[0]), 409).code == archived)
      let taken = try await bob.api.delete("\(messages[0])/reactions?emoji=x")
      #expect(try ProblemAnswer(taken, 409).code == archived)
      #expect(try await reaction("x", on: messages[0]).expect(200).int("total") == 1)
      _ = try await bob.api.delete(messages[2]).expect(200)
      #expect(try await bob.api.get(messages[0]).expect(200).string("body") == "one")
    }
  }

  @Test("in slow mode a member waits between messages, whatever way they come; admins do not")
  func slow() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann, [bob, eve])
      let path = "/api/conversations/\(id)"
      #expect(try ProblemAnswer(try await ann.api.patch(path, ["slowMode": 21_601]), 400).field == "slowMode")
      #expect(try await ann.api.patch(path, ["slowMode": 2]).expect(200).int("slowMode") == 2)
      // Of a batch, one.
      let batch = try await bob.api.post(
        "/api/messages/batch",
        [
          "messages": [
            ["conversationId": .string(id), "body": "one"], ["conversationId": .string(id), "body": "two"],
          ]
        ]
      ).expect(200)
      let results = batch["results"]?.array.map { Array($0) } ?? []
      #expect(results.map { $0["status"]?.int } == [201, 429])
      #expect(results.last?["error"]?["code"]?.string == "slow_mode")
      let sent = Timestamp.now()
      let refused = try await stack.send("three", to: id, by: bob)
      #expect(try ProblemAnswer(refused, 429).code == "slow_mode")
      let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
      #expect((1...2).contains(wait))
      try await stack.send("mine", to: id, by: eve).expect(201)
      for text in ["a", "b"] { try await stack.send(text, to: id, by: ann).expect(201) }
      var answer = refused
      try await eventually("bob may send again") {
        answer = try await stack.send("four", to: id, by: bob)
        return answer.status == 201
      }
      #expect(Timestamp.now() - sent > .milliseconds(1500))
      #expect(try await ann.api.patch(path, ["slowMode": 0]).expect(200)["slowMode"] == nil)
      for text in ["c", "d"] { try await stack.send(text, to: id, by: bob).expect(201) }
      let seqs = try await ann.api.get("\(path)/messages").expect(200)["messages"]?.array?.compactMap { $0["seq"]?.int }
      #expect(seqs == Array(1...7))
    }
  }
}
