import JSON
import Networking
import TestSupport
import Testing

@Suite("Messages over HTTP")
struct MessageTests {
  @Test("messages get the seqs 1, 2, 3, and the whole message is answered")
  func send() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      for seq in 1...3 {
        let answer = try await stack.send("message \(seq) \"\\\n\u{1F40E}", to: id, by: ann).expect(201)
        #expect(try answer.int("seq") == seq)
        #expect(try answer.string("body") == "message \(seq) \"\\\n\u{1F40E}")
        #expect(try answer.string("conversationId") == id)
        #expect(try answer.string("senderId") == ann.id)
        #expect(try answer.string("type") == "text")
        #expect(try answer.string("createdAt").hasSuffix("Z"))
        #expect(answer.headers["idempotency-replayed"] == nil)
      }
      #expect(try await ann.api.get("/api/conversations/\(id)").expect(200).int("lastSeq") == 3)
    }
  }

  @Test("the same key with the same body is answered with the same message; with another body it is refused")
  func idempotency() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let other = try await stack.group(ann, [bob])
      let first = try await stack.send("once", to: id, by: ann, key: "key-1").expect(201)
      let again = try await stack.send("once", to: id, by: ann, key: "key-1").expect(201)
      #expect(again.body == first.body)
      #expect(again.headers["idempotency-replayed"] == "true")
      for (body, conversation) in [("twice", id), ("once", other)] {
        let refused = try await stack.send(body, to: conversation, by: ann, key: "key-1")
        #expect(try ProblemAnswer(refused, 422).code == "idempotency_key_reused")
      }
      // A key is its user's.
      let his = try await stack.send("once", to: id, by: bob, key: "key-1").expect(201)
      #expect(try his.int("seq") == 2)
      // As a field of the body, as sockets send it.
      let field = try await ann.api.post(
        "/api/messages", ["conversationId": .string(id), "body": "once", "idempotencyKey": "key-1"]
      ).expect(201)
      #expect(field.body == first.body)
      #expect(try await ann.api.get("/api/conversations/\(id)").expect(200).int("lastSeq") == 2)
      #expect(try await ann.api.get("/api/conversations/\(other)").expect(200).int("lastSeq") == 0)
    }
  }

  @Test("duplicates that come at once, also through another process, are one message")
  func concurrentDuplicates() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      for round in 0..<10 {
        // Half of them through a gateway, which has a batch writer of its own.
        let sockets = [try await stack.socket(ann, gateway: 0), try await stack.socket(ann, gateway: 1)]
        let seqs = try await withThrowingTaskGroup(of: Int.self) { group in
          for index in 0..<12 {
            let loop = stack.loop
            group.addTask {
              try await loop.submit {
                if index % 2 == 0 {
                  return try await stack.client(ann.token).post(
                    "/api/messages", ["conversationId": .string(id), "body": "same"],
                    headers: ["Idempotency-Key": "round-\(round)"]
                  ).expect(201).int("seq")
                }
                let ack = try await sockets[index / 2 % 2].emit(
                  "message:send",
                  ["conversationId": .string(id), "body": "same", "idempotencyKey": .string("round-\(round)")])
                return try #require(ack["message"]?["seq"]?.int, "\(JSONLiteral(ack))")
              }
            }
          }
          return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(seqs == [round + 1])
        for socket in sockets { socket.cut() }
      }
    }
  }

  @Test("one key for two conversations at once: one message, and the other is refused")
  func oneKeyTwoConversations() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let rooms = [try await stack.group(ann), try await stack.group(ann)]
      for round in 0..<20 {
        // One through the API, one through a gateway: two writers, each with its own conversation's lock.
        let socket = try await stack.socket(ann)
        let loop = stack.loop
        async let one = loop.submit {
          try await stack.send("a", to: rooms[0], by: ann, key: "k\(round)").status
        }
        async let two = loop.submit {
          let ack = try await socket.emit(
            "message:send",
            ["conversationId": .string(rooms[1]), "body": "a", "idempotencyKey": .string("k\(round)")])
          return ack["ok"]?.bool == true ? 201 : ack["error"]?["code"]?.string == "idempotency_key_reused" ? 422 : 0
        }
        let statuses = try await [one, two]
        #expect(statuses.sorted() == [201, 422])
        socket.cut()
      }
    }
  }

  @Test(
    "what breaks a rule is refused with the field's name",
    arguments: [
      (#"{"body":"x"}"#, 400, "conversationId"),
      (#"{"conversationId":"nonsense","body":"x"}"#, 400, "conversationId"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000"}"#, 400, "body"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":""}"#, 400, "body"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"a\u0000b"}"#, 400, "body"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":{"x":1}}"#, 400, "body"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"x","type":"poem"}"#, 400, "type"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"x","type":"system"}"#, 400, "type"),
      (#"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"x","replyTo":"y"}"#, 400, "replyTo"),
      (
        #"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"x","idempotencyKey":""}"#, 400,
        "Idempotency-Key"
      ),
      (
        #"{"conversationId":"018f0000-0000-7000-8000-000000000000","body":"x","idempotencyKey":"a b"}"#, 400,
        "Idempotency-Key"
      ),
    ])
  func rules(body: String, status: Int, field: String) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let problem = try ProblemAnswer(
        try await ann.api.request("POST", "/api/messages", bytes: Array(body.utf8)), status)
      #expect(problem.field == field)
    }
  }

  @Test("a body of exactly the limit is taken, one byte more is too large")
  func bodyLimit() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let most = String(repeating: "ä", count: 8 << 10)
      #expect(try await stack.send(most, to: id, by: ann).expect(201).string("body") == most)
      let problem = try ProblemAnswer(try await stack.send(most + "x", to: id, by: ann), 413)
      #expect(problem.code == "too_large")
      #expect(problem.field == "body")
      let long = try await stack.send("x", to: id, by: ann, key: String(repeating: "k", count: 256))
      #expect(try ProblemAnswer(long, 400).field == "Idempotency-Key")
      #expect(try await stack.send("x", to: id, by: ann, key: String(repeating: "k", count: 255)).status == 201)
    }
  }

  @Test("history is read with cursors in both directions, completely and without repetition")
  func history() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      for index in 1...25 { _ = try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      let path = "/api/conversations/\(id)/messages"
      func seqs(_ answer: Answer) -> [Int] { answer["messages"]?.array?.compactMap { $0["seq"]?.int } ?? [] }

      let newest = try await ann.api.get("\(path)?limit=10").expect(200)
      #expect(seqs(newest) == Array(16...25))
      #expect(newest["newer"] == nil)
      var older = newest["older"]?.string
      var read: [[Int]] = []
      while let cursor = older, read.count < 10 {
        let page = try await ann.api.get("\(path)?limit=10&cursor=\(cursor)").expect(200)
        read.append(seqs(page))
        older = page["older"]?.string
      }
      #expect(read == [Array(6...15), Array(1...5)])

      var forward: [Int] = []
      var page = try await ann.api.get("\(path)?limit=7&afterSeq=0").expect(200)
      while forward.count < 100 {
        forward += seqs(page)
        guard let newer = page["newer"]?.string else { break }
        page = try await ann.api.get("\(path)?limit=7&cursor=\(newer)").expect(200)
      }
      #expect(forward == Array(1...25))
      #expect(seqs(try await ann.api.get("\(path)?beforeSeq=4").expect(200)) == [1, 2, 3])
      #expect(seqs(try await ann.api.get("\(path)?afterSeq=25").expect(200)) == [])
      #expect(seqs(try await ann.api.get("\(path)?afterSeq=9223372036854775807").expect(200)) == [])
    }
  }

  @Test("an empty conversation has an empty page without cursors")
  func emptyHistory() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let page = try await ann.api.get("/api/conversations/\(id)/messages").expect(200)
      #expect(page["messages"]?.count == 0)
      #expect(page["older"] == nil)
      #expect(page["newer"] == nil)
    }
  }

  @Test(
    "a page that cannot be is refused with the parameter's name",
    arguments: [
      ("limit=0", "limit"), ("limit=201", "limit"), ("limit=ten", "limit"), ("limit=", "limit"), ("cursor=x", "cursor"),
      ("cursor=YQ", "cursor"), ("afterSeq=-1", "afterSeq"), ("afterSeq=1e3", "afterSeq"),
      ("afterSeq=9223372036854775808", "afterSeq"), ("beforeSeq=a", "beforeSeq"),
    ])
  func badPage(query: String, field: String) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let answer = try await ann.api.get("/api/conversations/\(id)/messages?\(query)")
      #expect(try ProblemAnswer(answer, 400).field == field)
    }
  }

  @Test("many who send at once into one conversation get seqs without a gap")
  func concurrentSeqs() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let seqs = try await withThrowingTaskGroup(of: [Int].self) { group in
        for sender in 0..<10 {
          let loop = stack.loop
          group.addTask {
            try await loop.submit {
              let api = stack.client(ann.token)
              var mine: [Int] = []
              for index in 0..<20 {
                mine.append(
                  try await api.post(
                    "/api/messages", ["conversationId": .string(id), "body": .string("\(sender)-\(index)")]
                  ).expect(201).int("seq"))
              }
              // What one sends one after the other is in that order.
              #expect(mine == mine.sorted())
              return mine
            }
          }
        }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(seqs.sorted() == Array(1...200))
    }
  }
}
