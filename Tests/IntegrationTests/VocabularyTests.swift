import JSON
import Networking
import TestSupport
import Testing

@Suite("The older names of the socket events")
struct VocabularyTests {
  private static func legacy(_ stack: Stack, _ person: Person, gateway: Int = 0) async throws -> SocketClient {
    try await SocketClient.connect(
      to: stack.gateways[gateway].port, token: person.token, vocabulary: "legacy", loop: stack.loop)
  }

  @Test("a client that speaks them is understood and answered in them; others are not disturbed")
  func bothWays() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let modern = try await stack.joined(ann, id)
      let older = try await Self.legacy(stack, bob)
      let far = try await Self.legacy(stack, ann, gateway: 1)
      for socket in [older, far] {
        let ack = try await socket.emit("join_room", ["roomId": .string(id)])
        #expect(ack["ok"]?.bool == true)
        #expect(ack["roomId"]?.string == id)
      }
      let ack = try await older.emit("send_message", ["roomId": .string(id), "content": "hello"])
      let message = try #require(ack["message"]?["id"]?.string)
      #expect(ack["message"]?["content"]?.string == "hello")
      #expect(ack["message"]?["body"] == nil)
      for socket in [older, far] {
        let event = try await socket.next("message")
        #expect(
          event.object.map { $0.map(\.key) }
            == ["id", "roomId", "userId", "username", "content", "type", "seq", "timestamp"])
        #expect(event["id"]?.string == message)
        #expect(event["roomId"]?.string == id)
        #expect(event["userId"]?.string == bob.id)
        #expect(event["username"]?.string == bob.name)
        #expect(event["content"]?.string == "hello")
        #expect(event["seq"]?.int == 1)
      }
      #expect(try await modern.next("message:new")["senderName"]?.string == bob.name)

      _ = try await older.emit("typing_start", ["roomId": .string(id)])
      let typing = try await far.next("typing")
      #expect(typing["roomId"]?.string == id)
      #expect(typing["username"]?.string == bob.name)
      #expect(typing["isTyping"]?.bool == true)
      #expect(try await modern.next("typing")["conversationId"]?.string == id)
      _ = try await older.emit("typing_stop", ["roomId": .string(id)])
      #expect(try await modern.next("typing")["isTyping"]?.bool == false)

      _ = try await older.emit("edit_message", ["messageId": .string(message), "content": "hullo"])
      let edited = try await far.next("message:updated")
      #expect(edited["content"]?.string == "hullo")
      #expect(edited["messageSeq"]?.int == 1)
      #expect(try await modern.next("message:updated")["body"]?.string == "hullo")
      _ = try await older.emit("delete_message", ["messageId": .string(message)])
      #expect(try await far.next("message:deleted")["roomId"]?.string == id)

      let carl = try await stack.person("carl")
      _ = try await ann.api.post("/api/conversations/\(id)/participants", ["userId": .string(carl.id)]).expect(200)
      #expect(try await older.next("user_joined")["userId"]?.string == carl.id)
      #expect(try await modern.next("participant:joined")["userId"]?.string == carl.id)
      #expect(!older.events.contains { $0.name.hasPrefix("participant:") })

      // What is wrong is called as the client calls it.
      let refused = try await older.emit("send_message", ["roomId": .string(id)])
      #expect(refused["error"]?["field"]?.string == "content")
      // Who does not speak them is not understood in them.
      #expect(try await modern.emit("join_room", ["roomId": .string(id)])["ok"]?.bool == false)
      #expect(try await older.emit("leave_room", ["roomId": .string(id)])["ok"]?.bool == true)
    }
  }

  @Test("a resumed client gets what it missed in its own names; an unknown vocabulary is refused")
  func resumes() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      for body in ["one", "two"] { _ = try await stack.send(body, to: id, by: ann).expect(201) }
      let older = try await Self.legacy(stack, ann)
      #expect(try await older.emit("join_room", ["roomId": .string(id), "afterSeq": 0])["replayed"]?.int == 2)
      #expect(older.entries.map { $0.argument["content"]?.string } == ["one", "two"])
      #expect(older.entries.allSatisfy { $0.name == "message" && $0.argument["username"]?.string == ann.name })
      // Cut, and continued where it was.
      older.cut()
      _ = try await stack.send("three", to: id, by: ann).expect(201)
      let again = try await SocketClient.connect(
        to: stack.gateways[1].port, token: ann.token, recovering: older, vocabulary: "legacy", loop: stack.loop)
      #expect(again.isRecovered)
      #expect(try await again.next("message")["content"]?.string == "three")
      await #expect(throws: Refused.self) {
        try await SocketClient.connect(
          to: stack.gateways[0].port, token: ann.token, vocabulary: "esperanto", loop: stack.loop)
      }
    }
  }
}
