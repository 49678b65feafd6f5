import Curl
import HTTP
import JSON
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

/// A server that receives webhooks and answers what it is told to.
final class WebhookReceiver: @unchecked Sendable {
  struct Received {
    var id: String
    var timestamp: Int64
    var signature: String
    var path: String
    var body: [UInt8]
  }

  private var server: HTTPServer?
  var received: [Received] = []
  var answer: (Received) -> HTTPResponse = { _ in HTTPResponse(status: .noContent) }

  init(loop: EventLoop) throws {
    server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { [unowned self] request, exchange in
      let entry = Received(
        id: request.headers["webhook-id"] ?? "", timestamp: Int64(request.headers["webhook-timestamp"] ?? "") ?? 0,
        signature: request.headers["webhook-signature"] ?? "", path: request.path, body: request.body)
      received.append(entry)
      exchange.respond(answer(entry))
    }
  }

  var url: String { "http://127.0.0.1:\(server?.address.port ?? 0)" }

  func close() async { await server?.close() }
}

@Suite("Webhooks and push")
struct WebhookTests {
  private static var quick: WebhookSender.Settings {
    var settings = WebhookSender.Settings()
    settings.retry = RetrySchedule(first: .milliseconds(10), longest: .milliseconds(50))
    settings.interval = .milliseconds(20)
    settings.timeout = .seconds(5)
    return settings
  }

  private static func client(_ loop: EventLoop, _ addresses: CurlConfiguration.Addresses = .any) -> CurlClient {
    var configuration = CurlConfiguration()
    configuration.addresses = addresses
    return CurlClient(configuration: configuration, loop: loop)
  }

  /// The secret's bytes, as a receiver's library has them.
  private static func bytes(of secret: String) throws -> [UInt8] {
    #expect(secret.hasPrefix("whsec_"))
    return try #require(Base64.standard.decode(secret.dropFirst(6)))
  }

  @Test("the signature is that of Standard Webhooks")
  func signature() throws {
    // From the specification's reference libraries.
    let secret = try Self.bytes(of: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    #expect(
      WebhookSignature.signature(
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8),
        secret: secret) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
  }

  @Test("a webhook gets the events it wants, signed, and again with the same id and body until it takes them")
  func delivery() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let receiver = try WebhookReceiver(loop: inbox.loop)
      let service = WebhookService(pool: inbox.pool)
      let (webhook, secret) = try await service.create(
        url: "\(receiver.url)/all", events: [], in: Workspace.main, by: ann.id)
      _ = try await service.create(
        url: "\(receiver.url)/none", events: ["message.deleted"], in: Workspace.main, by: ann.id)
      let key = try Self.bytes(of: secret)
      // Twice refused, once redirected.
      receiver.answer = { [unowned receiver] entry in
        switch receiver.received.count(where: { $0.id == entry.id }) {
        case 1: HTTPResponse(status: .serviceUnavailable)
        case 2: HTTPResponse(status: HTTPStatus(302), headers: ["location": "\(receiver.url)/elsewhere"])
        default: HTTPResponse(status: .noContent)
        }
      }
      let events = try await inbox.store(["one", "two \"quoted\""], in: room, by: ann)
      try await inbox.worker([WebhookFanout()]).consume(events.map(\.busEvent.payload))
      let client = Self.client(inbox.loop)
      let sender = WebhookSender(pool: inbox.pool, client: client, loop: inbox.loop, settings: Self.quick)
      sender.start()
      try await eventually("both") { sender.counters.delivered == 2 }
      await sender.stop()
      #expect(receiver.received.count == 6 && receiver.received.allSatisfy { $0.path == "/all" })
      for event in events {
        let tries = receiver.received.filter { $0.id == event.id.description }
        #expect(tries.count == 3 && Set(tries.map(\.body)).count == 1)
        for entry in tries {
          #expect(
            entry.signature
              == WebhookSignature.signature(
                id: entry.id, timestamp: entry.timestamp, body: entry.body, secret: key))
          #expect(abs(entry.timestamp - Timestamp.now().seconds) < 60)
        }
        let body = try JSONDocument(parsing: try #require(tries.first).body).root
        #expect(body["type"]?.string == "message.created" && body["seq"]?.int64 == event.seq)
        #expect(body["data"]?.rawBytes == event.data)
      }
      let after = try await service.webhook(webhook.id, in: Workspace.main)
      #expect(after.failingSince == nil && after.lastError == nil && after.state == .active)
      #expect(try await service.deliveries(of: webhook.id, in: Workspace.main, limit: 10).isEmpty)
      client.close()
      await receiver.close()
    }
  }

  @Test("a sender that was stopped, or died, in the middle is followed by another that goes on")
  func takeover() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let receiver = try WebhookReceiver(loop: inbox.loop)
      let service = WebhookService(pool: inbox.pool)
      _ = try await service.create(url: receiver.url, events: ["*"], in: Workspace.main, by: ann.id)
      let events = try await inbox.store((1...30).map { "\($0)" }, in: room, by: ann)
      try await inbox.worker([WebhookFanout()]).consume(events.map(\.busEvent.payload))
      // One died with what it had claimed: its lease is over.
      _ = try await inbox.pool.query(
        "UPDATE webhook_deliveries SET attempts = 1, next_attempt_at = now() - interval '1 second' WHERE event_id = $1",
        events[0].id)
      let client = Self.client(inbox.loop)
      let first = WebhookSender(pool: inbox.pool, client: client, loop: inbox.loop, settings: Self.quick)
      first.start()
      try await eventually("some") { receiver.received.count >= 5 }
      await first.stop()
      let second = WebhookSender(pool: inbox.pool, client: client, loop: inbox.loop, settings: Self.quick)
      second.start()
      try await eventually("all") {
        try await inbox.domain.count("SELECT count(*) FROM webhook_deliveries") == 0
      }
      await second.stop()
      #expect(Set(receiver.received.map(\.id)) == Set(events.map(\.id.description)))
      client.close()
      await receiver.close()
    }
  }

  @Test("what fails too often is parked, and a webhook that fails for too long disabled, until somebody enables it")
  func disabling() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let receiver = try WebhookReceiver(loop: inbox.loop)
      receiver.answer = { _ in HTTPResponse(status: .internalServerError) }
      let service = WebhookService(pool: inbox.pool)
      let (webhook, _) = try await service.create(url: receiver.url, events: [], in: Workspace.main, by: ann.id)
      let worker = inbox.worker([WebhookFanout()])
      try await worker.consume(try await inbox.store(["one"], in: room, by: ann).map(\.busEvent.payload))
      let client = Self.client(inbox.loop)
      var settings = Self.quick
      settings.attempts = 3
      let sender = WebhookSender(pool: inbox.pool, client: client, loop: inbox.loop, settings: settings)
      sender.start()
      try await eventually("the parking") { sender.counters.parked == 1 }
      var parked = try await service.deliveries(of: webhook.id, in: Workspace.main, isParked: true, limit: 10)
      #expect(parked.map(\.attempts) == [3] && parked[0].lastStatus == 500)
      #expect(try await service.webhook(webhook.id, in: Workspace.main).state == .active)
      #expect(try await service.webhook(webhook.id, in: Workspace.main).failingSince != nil)
      // It has been failing for four days.
      _ = try await inbox.pool.query("UPDATE webhooks SET failing_since = now() - interval '4 days'")
      try await worker.consume(try await inbox.store(["two"], in: room, by: ann).map(\.busEvent.payload))
      try await eventually("the end of patience") { sender.counters.disabled == 1 }
      #expect(try await service.webhook(webhook.id, in: Workspace.main).state == .disabled)
      // Nothing is queued for it any more.
      try await worker.consume(try await inbox.store(["three"], in: room, by: ann).map(\.busEvent.payload))
      parked = try await service.deliveries(of: webhook.id, in: Workspace.main, limit: 10)
      #expect(parked.count == 2 && parked.allSatisfy(\.isParked))
      receiver.answer = { _ in HTTPResponse(status: .ok) }
      try await service.enable(webhook.id, in: Workspace.main)
      try await eventually("both") { sender.counters.delivered == 2 }
      // 410 says it for good.
      receiver.answer = { _ in HTTPResponse(status: .gone) }
      try await worker.consume(try await inbox.store(["four"], in: room, by: ann).map(\.busEvent.payload))
      try await eventually("the farewell") {
        try await service.webhook(webhook.id, in: Workspace.main).state == .disabled
      }
      await sender.stop()
      client.close()
      await receiver.close()
    }
  }

  @Test("this machine and its neighbours are no address of a webhook", arguments: ["127.0.0.1", "localhost", "[::1]"])
  func addresses(_ host: String) async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let receiver = try WebhookReceiver(loop: inbox.loop)
      let service = WebhookService(pool: inbox.pool)
      let url = receiver.url.replacing("127.0.0.1", with: host)
      let (webhook, _) = try await service.create(url: url, events: [], in: Workspace.main, by: ann.id)
      try await inbox.worker([WebhookFanout()]).consume(
        try await inbox.store(["one"], in: room, by: ann).map(\.busEvent.payload))
      let client = Self.client(inbox.loop, .publicOnly)
      let sender = WebhookSender(pool: inbox.pool, client: client, loop: inbox.loop, settings: Self.quick)
      sender.start()
      try await eventually("the refusal") { sender.counters.parked == 1 }
      await sender.stop()
      let parked = try await service.deliveries(of: webhook.id, in: Workspace.main, isParked: true, limit: 10)
      #expect(parked.count == 1 && parked[0].lastError?.contains("not a public address") == true)
      #expect(receiver.received.isEmpty)
      client.close()
      await receiver.close()
    }
  }

  @Test("what is no URL of a web server is refused, and so are kinds of events that cannot be, and too many webhooks")
  func refusals() async throws {
    try await InboxDomain.with { inbox in
      let service = WebhookService(pool: inbox.pool)
      for url in ["", "ftp://a.example", "https://", "https://user@a.example", "https://a b", "file:///etc/passwd"] {
        await #expect(throws: ChatError.self) {
          try await service.create(url: url, events: [], in: Workspace.main, by: .v7())
        }
      }
      for event in ["", "Message", "a b"] {
        await #expect(throws: ChatError.self) {
          try await service.create(url: "https://a.example", events: [event], in: Workspace.main, by: .v7())
        }
      }
      for _ in 0..<WebhookService.limit {
        _ = try await service.create(url: "https://a.example", events: [], in: Workspace.main, by: .v7())
      }
      let error = await #expect(throws: ChatError.self) {
        try await service.create(url: "https://a.example", events: [], in: Workspace.main, by: .v7())
      }
      #expect(error?.code == .conflict)
      await #expect(throws: ChatError.self) { try await service.webhook(.v7(), in: Workspace.main) }
    }
  }

  /// Says of some that they are online.
  private final class Present: PresenceLookup, @unchecked Sendable {
    var users = Set<UUID>()

    func online(among users: [UUID]) async throws -> Set<UUID> { self.users.intersection(users) }
  }

  @Test("push is for members who are offline, have a device and have not muted; devices that are gone are forgotten")
  func push() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let offline = try await inbox.domain.user("offline")
      let online = try await inbox.domain.user("online")
      let muted = try await inbox.domain.user("muted")
      let bare = try await inbox.domain.user("bare")
      let room = try await inbox.domain.group(ann, [offline, online, muted, bare])
      _ = try await inbox.pool.query(
        "UPDATE participants SET muted_until = now() + interval '1 day' WHERE user_id = $1", muted.id)
      let devices = PushDevices(pool: inbox.pool)
      for user in [ann, offline, online, muted] {
        try await devices.put("phone", platform: "fcm", token: "token of \(user.username)", of: user.id)
      }
      try await devices.put("tablet", platform: "apns", token: "old", of: offline.id)
      let receiver = try WebhookReceiver(loop: inbox.loop)
      receiver.answer = { [unowned receiver] entry in
        receiver.received.count == 1
          ? HTTPResponse(status: .badGateway) : HTTPResponse(status: .ok, json: Array(#"{"gone": ["tablet"]}"#.utf8))
      }
      let presence = Present()
      presence.users = [online.id]
      let client = Self.client(inbox.loop)
      let secret = Array("secret".utf8)
      var settings = PushSender.Settings()
      settings.retry = RetrySchedule(first: .milliseconds(10), longest: .milliseconds(20))
      settings.interval = .milliseconds(20)
      let sender = PushSender(
        pool: inbox.pool, provider: WebhookPushProvider(client: client, url: receiver.url, secret: secret),
        presence: presence, loop: inbox.loop, settings: settings)
      let worker = inbox.worker([Mentions(), PushFanout()])
      let events = try await inbox.store(["hello @offline"], in: room, by: ann)
      try await worker.consume(events.map(\.busEvent.payload))
      sender.start()
      try await eventually("the end of the queue") {
        try await inbox.domain.count("SELECT count(*) FROM push_queue") == 0
      }
      await sender.stop()
      #expect(sender.counters.pushed == 1 && sender.counters.online == 1 && sender.counters.failed == 1)
      #expect(receiver.received.count == 2)
      let last = try #require(receiver.received.last)
      #expect(
        last.signature
          == WebhookSignature.signature(id: last.id, timestamp: last.timestamp, body: last.body, secret: secret))
      let body = try JSONDocument(parsing: last.body).root
      #expect(body["userId"]?.uuid == offline.id && body["kind"]?.string == "mention")
      #expect(body["message"]?["preview"]?.string == "hello @offline" && body["seq"]?.int64 == 1)
      #expect(body["devices"]?.array?.compactMap { $0["token"]?.string } == ["token of offline", "old"])
      #expect(try await devices.list(of: offline.id).map(\.id) == ["phone"])
      client.close()
      await receiver.close()
    }
  }

  @Test("in a large conversation only those who are mentioned are pushed to, and each once for a message")
  func large() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      var others: [User] = []
      for index in 0..<6 { others.append(try await inbox.domain.user("user\(index)")) }
      let room = try await inbox.domain.group(ann, others)
      let devices = PushDevices(pool: inbox.pool)
      for user in others { try await devices.put("phone", platform: "fcm", token: user.username, of: user.id) }
      let worker = inbox.worker([Mentions(), PushFanout(members: 5)])
      let payloads = try await inbox.store(["hello", "hello @user3"], in: room, by: ann).map(\.busEvent.payload)
      try await worker.consume(payloads)
      try await worker.consume(payloads)
      let queued = try await inbox.pool.query("SELECT user_id, seq FROM push_queue").decode((UUID, Int64).self)
      #expect(queued.count == 1 && queued.first.map { $0.0 == others[3].id && $0.1 == 2 } == true)
    }
  }
}
