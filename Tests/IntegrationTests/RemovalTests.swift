import JSON
import Networking
import TestSupport
import Testing

@Suite("Removal from a conversation")
struct RemovalTests {
  /// `bob` has a socket on each gateway. After the answer to the removal, what `ann` sends must not reach them.
  private func remove(_ bob: Person, by actor: Person, from id: String) async throws {
    _ = try await actor.api.delete("/api/conversations/\(id)/participants/\(bob.id)").expect(204)
  }

  @Test("ends delivery at once on every gateway, and joining again is refused")
  func endsDelivery() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      for round in 0..<20 {
        let bob = try await stack.person("bob")
        let id = try await stack.group(ann, [bob])
        let a = try await stack.joined(ann, id, gateway: round % 2)
        let sockets = [try await stack.joined(bob, id, gateway: 0), try await stack.joined(bob, id, gateway: 1)]
        _ = try await stack.send("before", to: id, by: ann).expect(201)
        for socket in sockets { _ = try await socket.next("message:new") }
        // The admin removes, or the user leaves.
        try await remove(bob, by: round % 4 == 3 ? bob : ann, from: id)
        // Right behind the answer, on another connection and through a gateway.
        let other = stack.client(ann.token)
        _ = try await other.post("/api/messages", ["conversationId": .string(id), "body": "secret 1"]).expect(201)
        _ = try await a.emit("message:send", ["conversationId": .string(id), "body": "secret 2"])
        _ = try await a.next("message:new") { $0["body"]?.string == "secret 2" }
        for socket in sockets {
          #expect(try await socket.next("participant:left")["userId"]?.string == bob.id)
          let ack = try await socket.join(id, afterSeq: 1)
          #expect(ack["error"]?["code"]?.string == "not_found")
          let send = try await socket.emit("message:send", ["conversationId": .string(id), "body": "still here?"])
          #expect(send["error"]?["code"]?.string == "not_found")
          let typing = try await socket.emit("typing", ["conversationId": .string(id)])
          #expect(typing["ok"]?.bool == false)
          #expect(socket.bodies == [], "round \(round)")
        }
        _ = try await a.next("participant:left")
        for socket in sockets + [a] { socket.cut() }
      }
    }
  }

  @Test("typing and other events without a place in the order do not reach the removed either")
  func unordered() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      for round in 0..<30 {
        let bob = try await stack.person("bob")
        let id = try await stack.group(ann, [bob])
        let a = try await stack.joined(ann, id, gateway: round % 2)
        let sockets = [try await stack.joined(bob, id, gateway: 0), try await stack.joined(bob, id, gateway: 1)]
        let other = stack.client(ann.token)
        _ = try await other.post("/api/conversations/\(id)/typing", ["isTyping": true]).expect(204)
        for socket in sockets { _ = try await socket.next("typing") }
        try await remove(bob, by: ann, from: id)
        // Over HTTP, right behind the answer, on another connection; and by a socket.
        _ = try await other.post("/api/conversations/\(id)/typing", ["isTyping": false]).expect(204)
        _ = try await a.emit("typing", ["conversationId": .string(id)])
        _ = try await a.next("typing") { $0["isTyping"]?.bool == false }
        _ = try await stack.send("behind it", to: id, by: ann).expect(201)
        _ = try await a.next("message:new")
        for socket in sockets {
          _ = try await socket.next("participant:left")
          _ = try await socket.emit("leave", ["conversationId": .string(id)])
          #expect(!socket.events.contains { $0.name == "typing" }, "round \(round)")
          // Once, in the room of one's own; the conversation's room is not one's own any more.
          #expect(!socket.events.contains { $0.name == "participant:left" }, "round \(round)")
        }
        for socket in sockets + [a] { socket.cut() }
        other.close()
      }
    }
  }

  @Test("while others are sending all the time, nothing that was sent after the removal's answer arrives")
  func underLoad() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bobs = [try await stack.person("bob"), try await stack.person("bob"), try await stack.person("bob")]
      let id = try await stack.group(ann, bobs)
      var sockets: [SocketClient] = []
      for (index, bob) in bobs.enumerated() { sockets.append(try await stack.joined(bob, id, gateway: index % 2)) }
      let a = try await stack.joined(ann, id, gateway: 1)
      // Four connections that send without a pause; a body says how many removals had been answered when it was sent.
      let state = Removals()
      let loop = stack.loop
      let senders = (0..<4).map { _ in
        loop.start {
          let api = stack.client(ann.token)
          while !state.isDone {
            let body = "\(state.answered)"
            _ = try? await api.post("/api/messages", ["conversationId": .string(id), "body": .string(body)])
            state.sent += 1
          }
        }
      }
      for (index, bob) in bobs.enumerated() {
        let goal = state.sent + 40
        try await eventually("messages") { state.sent > goal }
        try await remove(bob, by: ann, from: id)
        state.answered = index + 1
      }
      let goal = state.sent + 40
      try await eventually("messages") { state.sent > goal }
      state.isDone = true
      for sender in senders { await sender.value }
      _ = try await stack.send("end", to: id, by: ann).expect(201)
      _ = try await a.next("message:new", within: .seconds(30)) { $0["body"]?.string == "end" }
      for (index, socket) in sockets.enumerated() {
        _ = try await socket.emit("leave", ["conversationId": .string(id)])
        let late = socket.bodies.filter { (Int($0) ?? 99) > index }
        #expect(late == [], "bob \(index) was removed and got \(late.count) later messages")
        #expect(socket.bodies.count > 0)
      }
    }
  }

  private final class Removals: @unchecked Sendable {
    var answered = 0
    var sent = 0
    var isDone = false
  }

  @Test("a user who is removed and added again gets everything from where the cursor was")
  func addedAgain() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let socket = try await stack.joined(bob, id, gateway: 1)
      for round in 0..<10 {
        try await remove(bob, by: ann, from: id)
        _ = try await stack.send("round \(round)", to: id, by: ann).expect(201)
        _ = try await ann.api.post("/api/conversations/\(id)/participants", ["userId": .string(bob.id)]).expect(200)
        // The removal is on its way to the gateway while the join comes by another way: it must not be undone by it
        // without a sign. A client that hears of its removal joins again.
        var left = 0
        var isIn = false
        while !isIn {
          let ack = try await socket.join(id, afterSeq: socket.seqs.last ?? 0)
          isIn = ack["ok"]?.bool == true
          left += 1
          #expect(left < 50)
        }
      }
      _ = try await stack.send("end", to: id, by: ann).expect(201)
      try await socket.wait("the last message", within: .seconds(10)) { socket.bodies.last == "end" }
      #expect(socket.seqs == Array(1...11))
    }
  }
}
