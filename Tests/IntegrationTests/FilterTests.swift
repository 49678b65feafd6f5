import ChatKit
import Glibc
import HTTP
import JSON
import Networking
import Primitives
import TestSupport
import Testing

/// A server that says what is to become of messages, on the test's loop.
private final class Judge: @unchecked Sendable {
  private var server: HTTPServer?
  private let loop: EventLoop
  /// What it was asked, in the order in which it was.
  var asked: [JSONDocument] = []
  var forged = 0
  /// What it answers to a body, and after how long.
  var answer: (String) -> (status: Int, json: String, delay: Duration) = { _ in (200, #"{"action":"allow"}"#, .zero) }
  static let secret = "judge and jury"

  init(loop: EventLoop) throws {
    self.loop = loop
    server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { [unowned self] request, exchange in
      guard isOurs(request), let document = try? JSONDocument(parsing: request.body) else {
        forged += 1
        return exchange.respond(HTTPResponse(status: .badRequest))
      }
      asked.append(document)
      let (status, json, delay) = answer(document.root["message"]?["body"]?.string ?? "")
      loop.start {
        if delay > .zero { try? await loop.sleep(for: delay) }
        exchange.respond(HTTPResponse(status: HTTPStatus(UInt16(status)), json: Array(json.utf8)))
      }
    }
  }

  private func isOurs(_ request: HTTPRequest) -> Bool {
    guard let id = request.headers["webhook-id"],
      let time = request.headers["webhook-timestamp"].flatMap({ Int64($0) })
    else { return false }
    return request.headers["webhook-signature"]
      == WebhookSignature.signature(id: id, timestamp: time, body: request.body, secret: Array(Self.secret.utf8))
  }

  var url: String { "http://127.0.0.1:\(server?.address.port ?? 0)/judge" }

  func close() async { await server?.close() }
}

/// One chatd with everything, on a database and a Redis of its own.
@Suite("The filter")
struct FilterTests {
  private func withFilter(
    _ options: [String], _ body: @escaping @Sendable (Stack, String) async throws -> Void
  ) async throws {
    try await withOwnChatd(["--encryption-mode", "conversation"] + options) { stack, _, database in
      try await body(stack, database)
    }
  }

  private func administrator(_ stack: Stack, _ database: String) async throws -> Person {
    let person = try await stack.person("root")
    try await TestDatabase.sql("UPDATE users SET role = 'admin' WHERE id = '\(person.id)'", database: database)
    return person
  }

  private func secret() throws -> String {
    let path = "\(try TemporaryFolder.make())/secret"
    try FileText.write(Judge.secret, to: path)
    return path
  }

  @Test(
    "words are refused or masked in messages and edits, over HTTP, in batches and over the socket; SIGHUP reads them again"
  )
  func words() async throws {
    let file = "\(try TemporaryFolder.make())/words"
    try FileText.write("# not here\nblast\ndarn = mask\n", to: file)
    try await withFilter(["--filter-words", file]) { stack, _ in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let socket = try await stack.joined(bob, id)
      let refused = try await stack.send("Oh BLAST!", to: id, by: ann)
      #expect(try ProblemAnswer(refused, 422).code == "content_refused")
      #expect(refused["field"]?.string == "body")
      let masked = try await stack.send("Darn it", to: id, by: ann, key: "k1").expect(201)
      #expect(try masked.string("body") == "**** it" && masked.int("seq") == 1)
      #expect(try await socket.next("message:new")["body"]?.string == "**** it")
      let repeated = try await stack.send("Darn it", to: id, by: ann, key: "k1").expect(201)
      #expect(repeated.headers["idempotency-replayed"] == "true")
      #expect(try repeated.string("body") == "**** it" && repeated.string("id") == masked.string("id"))

      let ack = try await socket.emit("message:send", ["conversationId": .string(id), "body": "blast"])
      #expect(ack["error"]?["code"]?.string == "content_refused")
      let batch = try await bob.api.post(
        "/api/messages/batch",
        [
          "messages": [
            ["conversationId": .string(id), "body": "one"], ["conversationId": .string(id), "body": "blast"],
            ["conversationId": .string(id), "body": "darn"],
          ]
        ]
      ).expect(200)
      let results = batch["results"]?.array.map { Array($0) } ?? []
      #expect(results.map { $0["status"]?.int } == [201, 422, 201])
      #expect(results.map { $0["message"]?["seq"]?.int } == [2, nil, 3])
      #expect(results.last?["message"]?["body"]?.string == "****")

      let path = "/api/messages/\(try masked.string("id"))"
      #expect(try ProblemAnswer(try await ann.api.patch(path, ["body": "blast"]), 422).code == "content_refused")
      #expect(try await ann.api.patch(path, ["body": "a darn edit"]).expect(200).string("body") == "a **** edit")
      #expect(try await socket.next("message:updated")["body"]?.string == "a **** edit")
      // Who may not edit is not told what the filter has against it.
      #expect(try ProblemAnswer(try await bob.api.patch(path, ["body": "blast"]), 403).code == "forbidden")
      let history = try await bob.api.get("/api/conversations/\(id)/messages").expect(200)
      #expect(!history.text.lowercased().contains("darn") && !history.text.lowercased().contains("blast"))

      // What the server says in a file's place is what was said before, until it can be read.
      try FileText.write("c++\n", to: file)
      stack.api.process.signal(SIGHUP)
      _ = try await stack.api.process.waitForLine(containing: "the words of the filter cannot be used")
      #expect(try await stack.send("blast", to: id, by: ann).status == 422)
      try FileText.write("gosh\n", to: file)
      stack.api.process.signal(SIGHUP)
      try await eventually("the new words") { try await stack.send("gosh", to: id, by: ann).status == 422 }
      try await stack.send("blast", to: id, by: ann).expect(201)
    }
  }

  @Test("a workspace has words of its own, and may be without the server's; each administrator sets their own")
  func workspaces() async throws {
    let file = "\(try TemporaryFolder.make())/words"
    try FileText.write("blast\n", to: file)
    try await withFilter(["--filter-words", file]) { stack, database in
      let root = try await administrator(stack, database)
      let made = try await root.api.post("/api/workspaces", ["name": "other"]).expect(201)
      #expect(made["filter"]?.bool == true)
      let boss = try await stack.person("boss", in: "other")
      try await TestDatabase.sql("UPDATE users SET role = 'admin' WHERE id = '\(boss.id)'", database: database)
      let eve = try await stack.person("eve", in: "other")
      let there = try await stack.group(boss, [eve])
      let here = try await stack.group(root)
      let path = "/api/moderation/words"
      #expect(try ProblemAnswer(try await eve.api.get(path), 403).code == "forbidden")
      let wrong = try await boss.api.request("PUT", path, ["words": ["fine", "c++"]])
      #expect(try ProblemAnswer(wrong, 400).field == "words[1]")
      let tooMany: JSONLiteral = ["words": .array(Array(repeating: "", count: 1001))]
      for body in [[:], tooMany] as [JSONLiteral] {
        #expect(try ProblemAnswer(try await boss.api.request("PUT", path, body), 400).field == "words")
      }
      let set = try await boss.api.request("PUT", path, ["words": ["competitor", "oh dear = mask"]])
      #expect(set.status == 204)
      #expect(
        try await boss.api.get(path).expect(200)["words"]?.array.map { $0.map(\.string) } == [
          "competitor", "oh dear = mask",
        ])
      #expect(try await root.api.get(path).expect(200)["words"]?.count == 0)
      try await eventually(within: .seconds(20), "the workspace's words") {
        try await stack.send("our Competitor", to: there, by: eve).status == 422
      }
      #expect(try await stack.send("oh dear", to: there, by: eve).expect(201).string("body") == "** ****")
      #expect(try await stack.send("blast", to: there, by: eve).status == 422)
      try await stack.send("competitor", to: here, by: root).expect(201)
      let changed = try await root.api.patch(
        "/api/workspaces/\(try made.string("id"))", ["filter": false]
      ).expect(200)
      #expect(changed["filter"]?.bool == false)
      try await eventually(within: .seconds(20), "the server's filter not to be for it") {
        try await stack.send("blast", to: there, by: eve).status == 201
      }
      #expect(try await stack.send("competitor", to: there, by: eve).status == 422)
      #expect(try await stack.send("blast", to: here, by: root).status == 422)
      let audited = try await TestDatabase.sql(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log", database: database)
      #expect(audited.contains("words.changed workspace.changed"))
    }
  }

  @Test(
    "a webhook refuses with its reason or masks, sees what is to be encrypted, and is passed over when it is late or wrong"
  )
  func webhook() async throws {
    try await withLoop { judging in
      let judge = try Judge(loop: judging)
      let secret = try secret()
      try await withFilter([
        "--filter-url", judge.url, "--filter-secret-file", secret, "--filter-allow-private", "--filter-timeout",
        "400ms",
      ]) { stack, database in
        let ann = try await stack.person("ann")
        let bob = try await stack.person("bob")
        let id = try await ann.api.post(
          "/api/conversations",
          ["type": "group", "title": "t", "encrypted": true, "participants": [.string(bob.id)]]
        ).expect(201).string("id")
        let socket = try await stack.joined(bob, id)
        func rule(_ answer: @escaping @Sendable (String) -> (status: Int, json: String, delay: Duration)) async throws {
          try await judging.submit { judge.answer = answer }
        }
        try await rule { body in
          switch body {
          case "bad": (200, #"{"action":"refuse","reason":"be\u0000 kind"}"#, .zero)
          case "phone 555": (200, #"{"action":"mask","body":"phone …"}"#, .zero)
          case "slow": (200, #"{"action":"refuse"}"#, .seconds(3))
          case "first": (200, #"{"action":"allow"}"#, .milliseconds(250))
          case "broken": (500, "{}", .zero)
          case "empty": (200, #"{"action":"mask","body":""}"#, .zero)
          default: (200, #"{"action":"allow"}"#, .zero)
          }
        }
        let refused = try await stack.send("bad", to: id, by: ann)
        #expect(try ProblemAnswer(refused, 422).code == "content_refused")
        #expect(refused["detail"]?.string == "This message is not allowed here: be kind")
        let masked = try await stack.send("phone 555", to: id, by: ann).expect(201)
        #expect(try masked.string("body") == "phone …")
        #expect(try await socket.next("message:new")["body"]?.string == "phone …")
        // Sealed is what the webhook made of it.
        let stored = try await TestDatabase.sql(
          "SELECT count(*) FROM messages WHERE body IS NULL AND key_version = 1", database: database)
        #expect(stored.trimmed == "1")
        let edit = try await ann.api.patch("/api/messages/\(try masked.string("id"))", ["body": "bad"])
        #expect(try ProblemAnswer(edit, 422).code == "content_refused")
        let asked = try await judging.submit { judge.asked.last?.root }
        let maskedID = try masked.string("id")
        #expect(asked?["kind"]?.string == "edit" && asked?["message"]?["id"]?.string == maskedID)
        #expect(asked?["message"]?["senderId"]?.string == ann.id && asked?["message"]?["conversationId"]?.string == id)

        // What one says while the webhook thinks is stored in its order.
        let both = ["first", "second"].map { body in
          stack.loop.start {
            try? await socket.emit("message:send", ["conversationId": .string(id), "body": .string(body)])
          }
        }
        var seqs: [Int?] = []
        for task in both { seqs.append(await task.value?["message"]?["seq"]?.int) }
        #expect(seqs == [2, 3])

        for (body, seq) in [("slow", 4), ("broken", 5), ("empty", 6)] {
          #expect(try await stack.send(body, to: id, by: ann).expect(201).int("seq") == seq)
        }
        // After several failures in a row nobody waits for it.
        for _ in 0..<2 { try await stack.send("broken", to: id, by: ann).expect(201) }
        let before = try await judging.submit { judge.asked.count }
        try await stack.send("bad", to: id, by: ann).expect(201)
        #expect(try await judging.submit { judge.asked.count } == before)
        try await eventually(within: .seconds(20), "the webhook to be asked again") {
          try await stack.send("bad", to: id, by: ann).status == 422
        }
        #expect(try await judging.submit { judge.forged } == 0)
      }
      await judge.close()
    }
  }

  @Test("a private address is refused unless it is allowed, and a webhook without a secret ends the start")
  func addresses() async throws {
    try await withLoop { judging in
      let judge = try Judge(loop: judging)
      judge.answer = { _ in (200, #"{"action":"refuse"}"#, .zero) }
      try await withFilter(["--filter-url", judge.url, "--filter-secret-file", try secret()]) { stack, _ in
        let ann = try await stack.person("ann")
        let id = try await stack.group(ann)
        try await stack.send("hello", to: id, by: ann).expect(201)
        #expect(try await judging.submit { judge.asked.count } == 0)
      }
      await judge.close()
    }
    let result = try await TestProcess.run(
      "chatd", ["all", "--embedded", "\(try TemporaryFolder.make())/data", "--filter-url", "https://filter.example/"])
    #expect(result.exit == .code(65) && result.output.contains("filter.secretFile"), "\(result.output)")
  }
}

extension String {
  fileprivate var trimmed: String { String(filter { !$0.isWhitespace }) }
}
