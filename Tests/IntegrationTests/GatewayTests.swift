import JSON
import Networking
import TestSupport
import Testing

@Suite("Sockets on two gateways")
struct GatewayTests {
  @Test("members on different gateways get each other's messages, once and in order, however they were sent")
  func acrossGateways() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.joined(bob, id, gateway: 1)
      for index in 0..<60 {
        switch index % 3 {
        case 0: _ = try await stack.send("m\(index)", to: id, by: ann).expect(201)
        case 1:
          let ack = try await a.emit("message:send", ["conversationId": .string(id), "body": .string("m\(index)")])
          #expect(ack["ok"]?.bool == true)
        default:
          let ack = try await b.emit("message:send", ["conversationId": .string(id), "body": .string("m\(index)")])
          #expect(ack["message"]?["seq"]?.int == index + 1)
        }
      }
      for socket in [a, b] {
        try await socket.wait("all messages") { socket.seqs.count >= 60 }
        #expect(socket.seqs == Array(1...60))
        #expect(socket.bodies == (0..<60).map { "m\($0)" })
      }
    }
  }

  @Test("message:new is the very message that HTTP answers")
  func oneForm() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await stack.joined(ann, id)
      let body = "quotes \" and \\ and \u{7f} and \u{2028} and 🐎 and \n\t\u{1}"
      let sent = try await stack.send(body, to: id, by: ann).expect(201)
      let got = try await socket.next("message:new")
      let answered = JSONLiteral(try sent.json)
      #expect(JSONLiteral(got) == answered)
      let listed = try await ann.api.get("/api/conversations/\(id)/messages").expect(200)
      let first = try #require(listed["messages"]?[0])
      #expect(JSONLiteral(first) == JSONLiteral(got))
    }
  }

  @Test(
    "a connect without a valid token is refused with a code",
    arguments: [nil, "", "x", "eyJhbGciOiJub25lIn0.e30."] as [String?])
  func refused(token: String?) async throws {
    try await withStack { stack in
      let error = await #expect(throws: Refused.self) {
        _ = try await SocketClient.connect(to: stack.gateways[0].port, token: token, loop: stack.loop)
      }
      #expect(error?.code == "unauthenticated")
    }
  }

  @Test("typing reaches the others in the room on every gateway, not its author, and not strangers")
  func typing() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let id = try await stack.group(ann, [bob, eve])
      let a = try await stack.joined(ann, id, gateway: 0)
      let b = try await stack.joined(bob, id, gateway: 1)
      let sameGateway = try await stack.joined(bob, id, gateway: 0)
      // A participant that has not joined.
      let outside = try await stack.socket(eve, gateway: 0)
      let ack = try await a.emit("typing", ["conversationId": .string(id), "isTyping": true])
      #expect(ack["ok"]?.bool == true)
      for socket in [b, sameGateway] {
        let typing = try await socket.next("typing")
        #expect(typing["userId"]?.string == ann.id)
        #expect(typing["username"]?.string == ann.name)
        #expect(typing["isTyping"]?.bool == true)
        #expect(typing["conversationId"]?.string == id)
      }
      _ = try await ann.api.post("/api/conversations/\(id)/typing", ["isTyping": false]).expect(204)
      #expect(try await b.next("typing")["isTyping"]?.bool == false)
      let refused = try await outside.emit("typing", ["conversationId": .string(id)])
      #expect(refused["error"]?["code"]?.string == "forbidden")
      // Everything said has passed by now: a message is behind it.
      _ = try await stack.send("end", to: id, by: ann).expect(201)
      _ = try await a.next("message:new")
      // Its author does not hear it; what was said over HTTP everybody does.
      let echoes = a.events.filter { event in event.argument["isTyping"]?.bool == true }
      #expect(echoes.isEmpty)
      #expect(!outside.events.contains { $0.name == "typing" })
    }
  }

  @Test("after leave nothing of the conversation comes any more")
  func leave() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let a = try await stack.joined(ann, id)
      let b = try await stack.joined(bob, id)
      _ = try await stack.send("before", to: id, by: ann).expect(201)
      _ = try await b.next("message:new")
      #expect(try await b.emit("leave", ["conversationId": .string(id)])["ok"]?.bool == true)
      _ = try await stack.send("after", to: id, by: ann).expect(201)
      _ = try await a.next("message:new") { $0["body"]?.string == "after" }
      // On the same gateway: what is behind it on b's connection has passed too.
      _ = try await b.emit("leave", ["conversationId": .string(id)])
      #expect(b.bodies == [])
      let back = try await b.join(id, afterSeq: 1)
      #expect(back["replayed"]?.int == 1)
      #expect(b.bodies == ["after"])
    }
  }

  @Test("bad events are answered with an error, and the connection lives on")
  func badEvents() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await stack.socket(ann)
      let missing = "018f0000-0000-7000-8000-000000000000"
      for (event, payload, code, field) in [
        ("join", [:], "invalid_request", "conversationId"),
        ("join", ["conversationId": "x"], "invalid_request", "conversationId"),
        ("join", ["conversationId": 7], "invalid_request", "conversationId"),
        ("join", ["conversationId": .string(id), "afterSeq": -1], "invalid_request", "afterSeq"),
        ("join", ["conversationId": .string(id), "afterSeq": "1"], "invalid_request", "afterSeq"),
        ("join", ["conversationId": .string(missing)], "not_found", nil),
        ("join", "a string", "invalid_request", "conversationId"),
        ("join", nil, "invalid_request", "conversationId"),
        ("leave", [:], "invalid_request", "conversationId"),
        ("message:send", ["conversationId": .string(id)], "invalid_request", "body"),
        ("message:send", ["conversationId": .string(missing), "body": "x"], "not_found", nil),
        ("message:send", ["conversationId": .string(id), "body": "a\u{0}b"], "invalid_request", "body"),
        (
          "message:send", ["conversationId": .string(id), "body": .string(String(repeating: "x", count: 16385))],
          "too_large", "body"
        ),
        ("typing", ["conversationId": .string(id), "isTyping": "yes"], "invalid_request", "isTyping"),
        ("no such event", [:], "invalid_request", nil),
      ] as [(String, JSONLiteral, String, String?)] {
        let ack = try await socket.emit(event, payload)
        #expect(ack["ok"]?.bool == false, "\(event) \(payload)")
        #expect(ack["error"]?["code"]?.string == code, "\(event) \(payload)")
        #expect(ack["error"]?["field"]?.string == field, "\(event) \(payload)")
        #expect(ack["error"]?["message"]?.string?.isEmpty == false)
      }
      #expect(try await socket.join(id)["ok"]?.bool == true)
    }
  }

  @Test("a user is who the token says, whatever the payload says")
  func noImpersonation() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let socket = try await stack.joined(bob, id)
      let ack = try await socket.emit(
        "message:send",
        [
          "conversationId": .string(id), "body": "x", "senderId": .string(ann.id), "userId": .string(ann.id),
          "id": "018f0000-0000-7000-8000-000000000000", "seq": 99,
        ])
      #expect(ack["message"]?["senderId"]?.string == bob.id)
      #expect(ack["message"]?["seq"]?.int == 1)
    }
  }

  @Test("who is added is told on all of the user's sockets, and may join at once")
  func added() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann)
      let a = try await stack.joined(ann, id)
      let phones = [try await stack.socket(bob, gateway: 0), try await stack.socket(bob, gateway: 1)]
      _ = try await ann.api.post("/api/conversations/\(id)/participants", ["userId": .string(bob.id)]).expect(200)
      for socket in phones + [a] {
        let told = try await socket.next("participant:joined")
        #expect(told["conversationId"]?.string == id)
        #expect(told["userId"]?.string == bob.id)
        #expect(told["actorId"]?.string == ann.id)
      }
      #expect(try await phones[1].join(id)["ok"]?.bool == true)
    }
  }
}
