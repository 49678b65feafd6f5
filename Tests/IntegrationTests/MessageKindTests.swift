import JSON
import Networking
import TestSupport
import Testing

@Suite("Kinds of messages, replies and batches")
struct MessageKindTests {
  @Test("an image and a file need no caption, and may name an attachment; a text may not")
  func types() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let attachment = try await ann.upload(picture, to: id, name: "a.png", type: "image/png")
      let image = try await ann.api.post(
        "/api/messages", ["conversationId": .string(id), "type": "image", "attachmentId": .string(attachment)]
      ).expect(201)
      #expect(try image.string("type") == "image")
      #expect(try image.string("body") == "")
      #expect(try image.string("attachmentId") == attachment)
      let file = try await ann.api.post(
        "/api/messages", ["conversationId": .string(id), "type": "file", "body": "the minutes"]
      ).expect(201)
      #expect(try file.string("body") == "the minutes")
      let read = try await ann.api.get("/api/conversations/\(id)/messages").expect(200)
      #expect(read["messages"]?[0]?["attachmentId"]?.string == attachment)
      #expect(read["messages"]?[1]?["type"]?.string == "file")
      // A caption may be taken away, a text not.
      let path = "/api/messages/\(try file.string("id"))"
      #expect(try await ann.api.request("PATCH", path, ["body": ""]).expect(200).string("body") == "")
      let text = try await ann.api.post(
        "/api/messages", ["conversationId": .string(id), "body": "x", "attachmentId": .string(attachment)])
      #expect(try ProblemAnswer(text, 400).field == "attachmentId")
      // With the same key, another attachment is another message.
      for (attachment, status) in [(attachment, 201), (attachment, 201), (id, 422)] {
        let answer = try await ann.api.post(
          "/api/messages",
          [
            "conversationId": .string(id), "type": "image", "attachmentId": .string(attachment),
            "idempotencyKey": "image",
          ])
        #expect(answer.status == status)
      }
    }
  }

  @Test("a reply is to a message of the same conversation, deleted or not")
  func replies() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann)
      let other = try await stack.group(ann)
      let first = try await stack.send("question", to: id, by: ann).expect(201).string("id")
      func reply(_ message: String, in conversation: String, by person: Person) async throws -> Answer {
        try await person.api.post(
          "/api/messages",
          ["conversationId": .string(conversation), "body": "answer", "replyTo": .string(message)])
      }
      #expect(try await reply(first, in: id, by: ann).expect(201).string("replyTo") == first)
      #expect(try ProblemAnswer(try await reply(first, in: other, by: ann), 400).field == "replyTo")
      #expect(try ProblemAnswer(try await reply(ann.id, in: id, by: ann), 400).field == "replyTo")
      // Who is not in it does not learn which messages there are.
      for message in [first, ann.id] {
        #expect(try ProblemAnswer(try await reply(message, in: id, by: bob), 404).code == "not_found")
      }
      _ = try await ann.api.delete("/api/messages/\(first)").expect(200)
      _ = try await reply(first, in: id, by: ann).expect(201)
      let socket = try await stack.socket(ann)
      let ack = try await socket.emit(
        "message:send", ["conversationId": .string(other), "body": "answer", "replyTo": .string(first)])
      #expect(ack["error"]?["field"]?.string == "replyTo")
    }
  }

  @Test("a batch is stored in its order, and each message has its own answer")
  func batch() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let other = try await stack.group(ann)
      let live = try await stack.joined(bob, id)
      let first = try await stack.send("first", to: id, by: ann).expect(201).string("id")
      func row(
        _ body: String, _ conversation: String? = nil, _ more: [JSONLiteral.Member] = []
      ) -> JSONLiteral {
        .object(
          [
            .init(key: "conversationId", value: .string(conversation ?? id)), .init(key: "body", value: .string(body)),
          ] + more)
      }
      func keyed(_ body: String) -> JSONLiteral {
        row(body, nil, [.init(key: "idempotencyKey", value: "batch")])
      }
      func reply(_ conversation: String) -> JSONLiteral {
        row("reply", conversation, [.init(key: "replyTo", value: .string(first))])
      }
      let rows: [JSONLiteral] = [
        row("one"), row("foreign", "018f0000-0000-7000-8000-000000000000"), row("", nil), row("elsewhere", other),
        reply(id), reply(other), keyed("keyed"), keyed("keyed"), keyed("another"), "no object",
        row("system", nil, [.init(key: "type", value: "system")]), row("last"),
      ]
      let answer = try await ann.api.post("/api/messages/batch", ["messages": .array(rows)]).expect(200)
      let results = answer["results"]?.array.map { Array($0) } ?? []
      #expect(results.map { $0["status"]?.int } == [201, 404, 400, 201, 201, 400, 201, 201, 422, 400, 400, 201])
      #expect(results[1]["error"]?["code"]?.string == "not_found")
      #expect(results[2]["error"]?["field"]?.string == "body")
      #expect(results[5]["error"]?["field"]?.string == "replyTo")
      #expect(results[7]["replayed"]?.bool == true)
      #expect(results[7]["message"]?["id"]?.string == results[6]["message"]?["id"]?.string)
      #expect(results[8]["error"]?["code"]?.string == "idempotency_key_reused")
      try await live.wait("the batch") { live.seqs.count == 5 }
      #expect(live.bodies == ["first", "one", "reply", "keyed", "last"])
      #expect(live.seqs == [1, 2, 3, 4, 5])

      let many = try await ann.api.post(
        "/api/messages/batch", ["messages": .array((0..<100).map { row("m\($0)", other) })]
      ).expect(200)
      #expect(many["results"]?.array?.compactMap { $0["message"]?["seq"]?.int } == Array(2...101))
      for count in [0, 101] {
        let refused = try await ann.api.post(
          "/api/messages/batch", ["messages": .array((0..<count).map { row("m\($0)") })])
        #expect(try ProblemAnswer(refused, 400).field == "messages")
      }
      #expect(try ProblemAnswer(try await ann.api.post("/api/messages/batch", [:]), 400).field == "messages")
    }
  }
}
