import JSON
import Networking
import TestSupport
import Testing

@Suite("Receipts")
struct ReceiptTests {
  private struct Scene {
    var ann: Person
    var bob: Person
    var id: String
    var messages: [String]
  }

  /// A group of ann and bob with messages of ann's.
  private func scene(_ stack: Stack, messages count: Int) async throws -> Scene {
    let ann = try await stack.person("ann")
    let bob = try await stack.person("bob")
    let id = try await stack.group(ann, [bob])
    var messages: [String] = []
    for index in 1...count {
      messages.append(try await stack.send("m\(index)", to: id, by: ann).expect(201).string("id"))
    }
    return Scene(ann: ann, bob: bob, id: id, messages: messages)
  }

  private func receipts(_ person: Person, _ message: String) async throws -> [JSONValue] {
    let answer = try await person.api.get("/api/messages/\(message)/receipts").expect(200)
    return answer["receipts"]?.array.map(Array.init) ?? []
  }

  @Test("over a socket: delivered, then read; the others are told, and the reader's other devices")
  func overSockets() async throws {
    try await withStack { stack in
      let scene = try await scene(stack, messages: 3)
      let annsSocket = try await stack.joined(scene.ann, scene.id)
      let bobsSocket = try await stack.joined(scene.bob, scene.id, gateway: 1)
      let otherDevice = try await stack.socket(scene.bob)
      let got = try await bobsSocket.emit("message:delivered", ["conversationId": .string(scene.id), "seq": 2])
      #expect(got["ok"]?.bool == true && got["deliveredSeq"]?.int == 2 && got["readSeq"]?.int == 0)
      let delivered = try await annsSocket.next("delivered:receipt")
      #expect(delivered["conversationId"]?.string == scene.id && delivered["userId"]?.string == scene.bob.id)
      #expect(delivered["seq"]?.int == 2 && delivered["at"]?.timestamp != nil)

      let read = try await bobsSocket.emit("message:read", ["conversationId": .string(scene.id), "seq": 3])
      #expect(read["readSeq"]?.int == 3 && read["deliveredSeq"]?.int == 3)
      let receipt = try await annsSocket.next("read:receipt")
      #expect(receipt["userId"]?.string == scene.bob.id && receipt["seq"]?.int == 3)
      let own = try await otherDevice.next("conversation:updated")
      #expect(own["conversationId"]?.string == scene.id && own["readSeq"]?.int == 3)

      // Backwards is no move, and no news; neither is the same again.
      for seq in [1, 3] as [Int64] {
        let ack = try await bobsSocket.emit(
          "message:read", ["conversationId": .string(scene.id), "seq": .integer(seq)])
        #expect(ack["readSeq"]?.int == 3)
      }
      let eve = try await stack.person("eve")
      let evesSocket = try await stack.socket(eve)
      let refused = try await evesSocket.emit("message:read", ["conversationId": .string(scene.id), "seq": 1])
      #expect(refused["error"]?["code"]?.string == "not_found")
      for payload in [["seq": 1], ["conversationId": .string(scene.id), "seq": 0]] as [JSONLiteral] {
        let ack = try await bobsSocket.emit("message:read", payload)
        #expect(ack["error"]?["code"]?.string == "invalid_request")
      }
      #expect(!annsSocket.events.contains { $0.name == "read:receipt" })
    }
  }

  @Test("many moves in a moment are told once a second, the last one too")
  func throttled() async throws {
    try await withStack { stack in
      let scene = try await scene(stack, messages: 20)
      let socket = try await stack.joined(scene.ann, scene.id)
      let reader = try await stack.socket(scene.bob)
      let start = stack.loop.now
      for seq in 1...20 {
        _ = try await reader.emit("message:read", ["conversationId": .string(scene.id), "seq": .integer(Int64(seq))])
      }
      let seconds = Int((stack.loop.now - start) / 1_000_000_000)
      try await socket.wait("the last receipt") {
        socket.events.contains { $0.name == "read:receipt" && $0.argument["seq"]?.int == 20 }
      }
      let told = socket.events.filter { $0.name == "read:receipt" }.compactMap { $0.argument["seq"]?.int }
      #expect(told == told.sorted())
      #expect(told.count <= 2 + seconds)
    }
  }

  @Test("over HTTP: one conversation, or several at once; who has read a message is asked for, with the time")
  func overHTTP() async throws {
    try await withStack { stack in
      let scene = try await scene(stack, messages: 4)
      let (ann, bob) = (scene.ann, scene.bob)
      let other = try await stack.group(ann, [bob])
      try await stack.send("m", to: other, by: ann).expect(201)
      #expect(try await receipts(ann, scene.messages[0]).isEmpty)

      _ = try await bob.api.post("/api/messages/delivered", ["conversationId": .string(scene.id), "seq": 3]).expect(200)
      let moved = try await bob.api.post("/api/messages/read", ["conversationId": .string(scene.id), "seq": 2])
      #expect(try moved.expect(200).int("readSeq") == 2)
      let first = try await receipts(ann, scene.messages[0])
      #expect(first.compactMap { $0["userId"]?.string } == [bob.id])
      #expect(first[0]["status"]?.string == "read" && first[0]["username"]?.string == bob.name)
      let readAt = try #require(first[0]["readAt"]?.timestamp)
      let third = try await receipts(ann, scene.messages[2])
      #expect(third.compactMap { $0["status"]?.string } == ["delivered"])
      #expect(third[0]["readAt"] == nil)
      #expect(try await receipts(ann, scene.messages[3]).isEmpty)

      let stranger = "018f0000-0000-7000-8000-000000000000"
      let answer = try await bob.api.post(
        "/api/messages/read",
        [
          "cursors": [
            ["conversationId": .string(scene.id)], ["conversationId": .string(stranger), "seq": 1],
            ["conversationId": .string(other), "seq": 1],
          ]
        ]
      ).expect(200)
      let cursors = try #require(answer["cursors"])
      #expect(cursors[0]?["readSeq"]?.int == 4)
      #expect(cursors[1]?["error"]?["code"]?.string == "not_found")
      #expect(cursors[1]?["conversationId"]?.string == stranger)
      #expect(cursors[2]?["readSeq"]?.int == 1)
      // What was read first keeps its time.
      #expect(try await receipts(ann, scene.messages[0])[0]["readAt"]?.timestamp == readAt)
      #expect(try await receipts(ann, scene.messages[3])[0]["readAt"]?.timestamp ?? readAt > readAt)
      let participants = try await ann.api.get("/api/conversations/\(scene.id)/participants").expect(200)
      let his = participants["participants"]?.array?.first { $0["userId"]?.string == bob.id }
      #expect(his?["readSeq"]?.int == 4 && his?["deliveredSeq"]?.int == 4)
    }
  }

  @Test("who came later has not read what was before; a stranger is told nothing")
  func latecomer() async throws {
    try await withStack { stack in
      let scene = try await scene(stack, messages: 2)
      let eve = try await stack.person("eve")
      #expect(try await eve.api.get("/api/messages/\(scene.messages[0])/receipts").status == 404)
      _ = try await scene.ann.api.post(
        "/api/conversations/\(scene.id)/participants", ["userId": .string(eve.id)]
      ).expect(200)
      #expect(try await eve.api.get("/api/conversations/\(scene.id)").expect(200).int("unread") == 0)
      #expect(try await receipts(eve, scene.messages[1]).isEmpty)
      let later = try await stack.send("later", to: scene.id, by: scene.ann).expect(201).string("id")
      #expect(try await eve.api.get("/api/conversations/\(scene.id)").expect(200).int("unread") == 1)
      _ = try await eve.api.request("POST", "/api/conversations/\(scene.id)/read").expect(200)
      #expect(try await receipts(scene.ann, later).compactMap { $0["userId"]?.string } == [eve.id])
      #expect(try await receipts(scene.ann, scene.messages[1]).isEmpty)
    }
  }

  @Test(
    "what breaks a rule is refused with the field's name",
    arguments: [
      (#"{}"#, "conversationId"),
      (#"{"conversationId":"x"}"#, "conversationId"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","seq":"all"}"#, "seq"),
      (#"{"cursors":[7]}"#, "cursors[0]"),
      (#"{"cursors":[{"conversationId":"018f0000-0000-7000-8000-000000000000","seq":-1}]}"#, "cursors[0].seq"),
    ])
  func rules(body: String, field: String) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let answer = try await ann.api.request("POST", "/api/messages/read", bytes: Array(body.utf8))
      #expect(try ProblemAnswer(answer, 400).field == field)
    }
  }
}
