import JSON
import Networking
import TestSupport
import Testing

@Suite("Resuming a conversation")
struct ResumeTests {
  @Test("by afterSeq, on another gateway too: what was missed and then what follows, without a gap")
  func resume() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let first = try await stack.joined(bob, id, gateway: 0)
      for index in 1...5 { _ = try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      try await first.wait("five") { first.seqs.count == 5 }
      first.cut()
      for index in 6...250 { _ = try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      for gateway in [1, 0] {
        let again = try await stack.socket(bob, gateway: gateway)
        let ack = try await again.join(id, afterSeq: 5)
        #expect(ack["ok"]?.bool == true)
        #expect(ack["reset"] == nil)
        #expect(ack["replayed"]?.int == 245)
        #expect(ack["lastSeq"]?.int == 250)
        // What was missed comes before the answer.
        #expect(again.seqs == Array(6...250))
        again.cut()
      }
    }
  }

  @Test("while messages keep coming, many times over: no gap, no repetition")
  func resumeUnderLoad() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let loop = stack.loop
      let isDone = Flag()
      let senders = (0..<3).map { _ in
        loop.start {
          let api = stack.client(ann.token)
          while !isDone.value {
            _ = try? await api.post("/api/messages", ["conversationId": .string(id), "body": "x"])
          }
        }
      }
      var cursor = 0
      for round in 0..<40 {
        let socket = try await stack.socket(bob, gateway: round % 2)
        let ack = try await socket.join(id, afterSeq: cursor)
        #expect(ack["ok"]?.bool == true)
        #expect(ack["reset"] == nil)
        let goal = (ack["lastSeq"]?.int ?? 0) + 5
        try await socket.wait("live messages") { (socket.seqs.last ?? 0) >= goal }
        let seqs = socket.seqs
        #expect(seqs == Array((cursor + 1)...(seqs.last ?? 0)), "round \(round)")
        cursor = seqs.last ?? cursor
        socket.cut()
      }
      isDone.value = true
      for sender in senders { await sender.value }
      #expect(cursor > 200)
    }
  }

  private final class Flag: @unchecked Sendable { var value = false }

  @Test("a socket that joins again is sent nothing twice; after leaving, the rest again, and then the new ones")
  func rejoin() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await stack.joined(ann, id)
      for index in 1...4 { _ = try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      try await socket.wait("four") { socket.seqs.count == 4 }
      // What a connection has been sent may still be on its way when the client speaks of what it has read.
      #expect(try await socket.join(id, afterSeq: 2)["replayed"]?.int == 0)
      _ = try await socket.emit("leave", ["conversationId": .string(id)])
      #expect(try await socket.join(id, afterSeq: 2)["replayed"]?.int == 2)
      _ = try await stack.send("m5", to: id, by: ann).expect(201)
      try await socket.wait("the fifth") { socket.seqs.last == 5 }
      #expect(socket.seqs == [1, 2, 3, 4, 3, 4, 5])
    }
  }

  @Test("who asks for what cannot be gets reset, and follows from there")
  func reset() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      _ = try await stack.send("m1", to: id, by: ann).expect(201)
      for seq in [2, 1000, Int.max] {
        let socket = try await stack.socket(ann)
        let ack = try await socket.join(id, afterSeq: seq)
        #expect(ack["ok"]?.bool == true)
        #expect(ack["reset"]?.bool == true, "afterSeq \(seq)")
        #expect(socket.seqs == [])
        let last = try #require(ack["lastSeq"]?.int)
        _ = try await stack.send("next", to: id, by: ann).expect(201)
        try await socket.wait("the next") { socket.seqs.count == 1 }
        #expect(socket.seqs == [last + 1])
        socket.cut()
      }
    }
  }

  @Test("more than is sent again at once is a reset")
  func tooFar() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      // As many rows as the server would have made, in one statement.
      try await TestDatabase.sql(
        """
        SELECT count(*) FROM generate_series(1, 11) AS g (n), LATERAL (SELECT send_messages(
          array_agg('\(id)'::uuid), array_agg('\(ann.id)'::uuid), array_agg(gen_random_uuid()),
          array_agg(gen_random_uuid()), array_agg(null::text), array_agg(''::bytea), array_agg('text'::text),
          array_agg('old ' || n || '-' || i), array_agg(null::uuid), now()) FROM generate_series(1, 500) AS i) AS s
        """, database: "integration")
      let last = try await ann.api.get("/api/conversations/\(id)").expect(200).int("lastSeq")
      #expect(last == 5500)
      let socket = try await stack.socket(ann)
      let all = try await socket.join(id, afterSeq: 0)
      #expect(all["reset"]?.bool == true)
      #expect(all["lastSeq"]?.int == last)
      let other = try await stack.socket(ann, gateway: 1)
      let most = try await other.join(id, afterSeq: 500)
      #expect(most["reset"] == nil)
      #expect(most["replayed"]?.int == 5000)
      #expect(other.seqs == Array(501...5500))
    }
  }
}
