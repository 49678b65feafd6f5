import ChatKit
import HTTP
import JSON
import Kafka
import Networking
import Primitives
import TestSupport
import Testing

/// A server that is told of events, on the test's loop.
private final class Receiver: @unchecked Sendable {
  private var server: HTTPServer?
  /// By `webhook-id`.
  var bodies: [String: [UInt8]] = [:]
  var requests = 0

  init(loop: EventLoop) throws {
    server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { [unowned self] request, exchange in
      requests += 1
      bodies[request.headers["webhook-id"] ?? ""] = request.body
      exchange.respond(HTTPResponse(status: .noContent))
    }
  }

  var url: String { "http://127.0.0.1:\(server?.address.port ?? 0)/hook" }

  func close() async { await server?.close() }
}

/// An installation of a test's own with a role inbox, on the shared PostgreSQL and a Redis of its own.
private struct InboxInstallation: Sendable {
  let installation: Installation
  let database: String
  let stack: Stack

  static func start(_ name: String, _ options: [String] = [], on loop: EventLoop) async throws -> InboxInstallation {
    _ = try await TestServers.shared
    try await TestDatabase.sql("CREATE DATABASE \(name) TEMPLATE template0")
    var redisOptions = EmbeddedOptions()
    redisOptions.services = [.redis]
    redisOptions.isDurable = false
    let redis = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: redisOptions)
    var installation = Installation(
      postgres: try await TestDatabase.connectionString(to: name), redis: "unix://\(redis.redisSocket)",
      secrets: "\(try TemporaryFolder.make())/secrets")
    installation.options = options
    let api = try await installation.start("api")
    return InboxInstallation(
      installation: installation, database: name,
      stack: Stack(api: api, gateways: [try await installation.start("gateway")], loop: loop))
  }

  func makeAdmin(_ person: Person) async throws {
    try await sql("UPDATE users SET role = 'admin' WHERE id = '\(person.id)'")
  }

  @discardableResult
  func sql(_ text: String) async throws -> String {
    try await TestDatabase.sql(text, database: database).split(separator: "\n").joined(separator: ",")
  }

  func stop(_ others: [Chatd]) async throws {
    for chatd in [stack.api] + stack.gateways + others { try await chatd.process.stop() }
  }
}

@Suite("The inbox")
struct InboxTests {
  @Test("who is mentioned is alerted, who is not in the room gets inbox:update, and webhooks are an admin's to make")
  func walk() async throws {
    try await withLoop { loop in
      let receiver = try Receiver(loop: loop)
      let own = try await InboxInstallation.start("inbox_walk", ["--webhooks-allow-private"], on: loop)
      let stack = own.stack
      let inbox = try await own.installation.start("inbox")
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let eve = try await stack.person("eve")
      let room = try await stack.group(ann, [bob, eve])
      let away = try await stack.socket(bob)
      let present = try await stack.joined(eve, room)

      // Webhooks, as an administrator.
      let refused = try await ann.api.post("/api/webhooks", ["url": .string(receiver.url)])
      #expect(try ProblemAnswer(refused, 403).code == "forbidden")
      try await own.makeAdmin(ann)
      let made = try await ann.api.post(
        "/api/webhooks", ["url": .string(receiver.url), "events": ["message.created"]]
      ).expect(201)
      let webhook = try made.string("id")
      #expect(try made.string("secret").hasPrefix("whsec_"))
      #expect(made.headers["location"] == "/api/webhooks/\(webhook)")
      let bad = try await ann.api.post("/api/webhooks", ["url": "ftp://a.example"])
      #expect(try ProblemAnswer(bad, 400).field == "url")

      let body = "hello @\(bob.name)"
      let sent = try await stack.send(body, to: room, by: ann).expect(201)
      let alert = try await away.next("mention") { _ in true }
      #expect(alert["messageId"]?.string == sent["id"]?.string && alert["seq"]?.int == 1)
      let update = try await away.next("inbox:update") { _ in true }
      #expect(update["conversationId"]?.string == room && update["lastSeq"]?.int == 1)
      #expect(update["unread"]?.int == 1 && update["preview"]?["body"]?.string == body)
      _ = try await stack.send("more", to: room, by: ann).expect(201)
      let second = try await away.next("inbox:update") { $0["lastSeq"]?.int == 2 }
      #expect(second["unread"]?.int == 2)
      _ = try await present.next("message:new") { $0["seq"]?.int == 2 }
      // Her socket is in the room, and what it was told came over the same way as what it was not.
      _ = try await stack.send("@\(eve.name)", to: room, by: bob).expect(201)
      _ = try await present.next("mention") { _ in true }
      #expect(!present.events.contains { $0.name == "inbox:update" })

      try await eventually("the webhook") { receiver.bodies.count == 3 }
      let list = try await ann.api.get("/api/webhooks").expect(200)
      #expect(list["webhooks"]?.array?.count == 1 && !list.text.contains("whsec_"))
      try await eventually("no delivery left") {
        let answer = try await ann.api.get("/api/webhooks/\(webhook)/deliveries?state=pending").expect(200)
        return answer["deliveries"]?.array?.count == 0
      }
      try await ann.api.get("/api/webhooks/\(webhook)").expect(200)
      try await ann.api.post("/api/webhooks/\(webhook)/enable", [:]).expect(204)
      try await ann.api.request("DELETE", "/api/webhooks/\(webhook)").expect(204)
      try await ann.api.get("/api/webhooks/\(webhook)").expect(404)
      try await ann.api.request("DELETE", "/api/webhooks/\(webhook)").expect(404)

      // Devices.
      try await bob.api.request(
        "PUT", "/api/push/devices/phone", ["platform": "fcm", "token": "t"]
      ).expect(204)
      #expect(try await bob.api.get("/api/push/devices").expect(200)["devices"]?[0]?["id"]?.string == "phone")
      let strange = try await bob.api.request("PUT", "/api/push/devices/a%20b", ["platform": "fcm", "token": "t"])
      #expect(strange.status == 400)
      try await bob.api.request("DELETE", "/api/push/devices/phone").expect(204)
      #expect(try await bob.api.get("/api/push/devices").expect(200)["devices"]?.array?.count == 0)
      try await own.stop([inbox])
      await receiver.close()
    }
  }

  @Test("kill -9 of the workers at any point: counts, mentions and deliveries are exactly those of the messages")
  func kills() async throws { try await checkKills("inbox_kills") }

  @Test("the same on Kafka", .enabled(if: TestKafka.isThere, "no Kafka: see TestKafka"))
  func killsOnKafka() async throws {
    let brokers = try await TestKafka.shared.brokers.flatMap { ["--kafka", $0] }
    try await checkKills(
      "inbox_kills_kafka", ["--bus", "kafka", "--bus-topic", TestKafka.name("inbox-kills")] + brokers)
  }

  private func checkKills(_ name: String, _ bus: [String] = []) async throws {
    try await withLoop { loop in
      let receiver = try Receiver(loop: loop)
      let own = try await InboxInstallation.start(name, ["--webhooks-allow-private"] + bus, on: loop)
      let stack = own.stack
      var workers = [try await own.installation.start("inbox"), try await own.installation.start("inbox")]
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      try await own.makeAdmin(ann)
      try await ann.api.post("/api/webhooks", ["url": .string(receiver.url)]).expect(201)
      var rooms: [String] = []
      for _ in 0..<4 { rooms.append(try await stack.group(ann, [bob])) }
      var kills = 0
      var total = 0
      let generator = loop.start { [rooms] in
        for number in 0..<600 {
          let text = number.isMultiple(of: 5) ? "@\(bob.name) \(number)" : "\(number)"
          _ = try? await stack.send(text, to: rooms[number % rooms.count], by: ann)
        }
      }
      var isSending = true
      let watch = loop.start { await generator.value }
      while isSending {
        let index = kills % 2
        try await workers[index].process.killNow()
        kills += 1
        workers[index] = try await workers[index].startAgain()
        total = Int(try await own.sql("SELECT count(*) FROM messages")) ?? 0
        isSending = total < 600
        if kills > 60 { break }
      }
      await watch.value
      #expect(kills >= 2)
      try await eventually(within: .seconds(90), "all counted") {
        try await own.sql("SELECT coalesce(sum(messages), 0) FROM message_counts") == "600"
      }
      try await eventually(within: .seconds(90), "all delivered") {
        try await own.sql("SELECT count(*) FROM webhook_deliveries") == "0"
      }
      let differences = try await own.sql(
        """
        SELECT count(*) FROM (SELECT conversation_id, date_trunc('hour', created_at, 'UTC') AS hour, count(*) AS n
          FROM messages GROUP BY 1, 2) AS m
        FULL JOIN message_counts c USING (conversation_id, hour) WHERE m.n IS DISTINCT FROM c.messages
        """)
      #expect(differences == "0")
      let mentions = try await own.sql(
        """
        SELECT count(*) FROM (SELECT conversation_id, seq FROM messages WHERE body LIKE '@%') AS m
        FULL JOIN mentions n USING (conversation_id, seq) WHERE m.seq IS NULL OR n.seq IS NULL
        """)
      #expect(mentions == "0")
      #expect(try await own.sql("SELECT count(*) FROM dead_letters") == "0")
      // A delivery may be repeated; its id is the same.
      var told: [String: Int] = [:]
      for body in receiver.bodies.values {
        let root = try JSONDocument(parsing: body).root
        guard root["type"]?.string == "message.created" else { continue }
        told["\(root["conversationId"]?.string ?? "") \(root["seq"]?.int ?? 0)", default: 0] += 1
      }
      #expect(told.count == 600 && told.values.allSatisfy { $0 == 1 })
      try await own.stop(workers)
      await receiver.close()
    }
  }
}
