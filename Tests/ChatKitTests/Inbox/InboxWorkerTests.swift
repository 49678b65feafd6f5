import Networking
import Postgres
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

@Suite("The inbox worker")
struct InboxWorkerTests {
  static let kinds: [BusKind] = TestKafka.isThere ? [.redis, .kafka] : [.redis]

  @Test(
    "messages are counted by the hour and mentions are found, once, however often the bus brings them", arguments: kinds
  )
  func effects(_ kind: BusKind) async throws {
    try await InboxDomain.with(kind) { inbox in
      let ann = try await inbox.domain.user("ann")
      let bob = try await inbox.domain.user("Bob")
      _ = try await inbox.domain.user("eve")
      let room = try await inbox.domain.group(ann, [bob])
      let events = try await inbox.store(
        ["one", "hello @bob", "@ann and @bob, @eve is not here", "`@bob` is code", "mail bob@bob.example"], in: room,
        by: ann)
      let worker = inbox.worker()
      worker.start()
      try await inbox.publish(events)
      try await inbox.publish(events)
      try await eventually("all twice") { worker.counters.processed + worker.counters.repeated >= 10 }
      await worker.stop()
      #expect(worker.counters.processed == 5 && worker.counters.repeated == 5)
      #expect(try await inbox.counted() == 5)
      #expect(try await inbox.differencesOfCounts() == 0)
      #expect(try await inbox.mentions() == ["Bob 2", "Bob 3"])
      #expect(try await inbox.domain.count("SELECT count(*) FROM processed_events") == 5)
    }
  }

  @Test("after few events some time is left for others to gather, after many it is not")
  func gathering() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let payloads = try await inbox.store((1...5).map { "\($0)" }, in: room, by: ann).map(\.busEvent.payload)
      var settings = InboxWorker.Settings()
      settings.gather = .milliseconds(300)
      settings.many = 4
      let worker = InboxWorker(
        pool: inbox.pool, bus: inbox.bus, deadBus: inbox.deadBus, updates: nil, effects: [], loop: inbox.loop,
        settings: settings)
      let clock = ContinuousClock()
      let few = try await clock.measure { try await worker.consume(Array(payloads.prefix(1))) }
      #expect(few >= .milliseconds(290) && worker.counters.processed == 1)
      settings.gather = .seconds(3600)
      let other = InboxWorker(
        pool: inbox.pool, bus: inbox.bus, deadBus: inbox.deadBus, updates: nil, effects: [], loop: inbox.loop,
        settings: settings)
      try await other.consume(Array(payloads.suffix(4)))
      #expect(other.counters.processed == 4)
    }
  }

  @Test("an event that was done and not acknowledged is done once, by whoever gets it next")
  func redelivery() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let payloads = try await inbox.store((1...20).map { "\($0)" }, in: room, by: ann).map(\.busEvent.payload)
      // As if the first had been killed between the commit and the acknowledgement, each time a little further.
      for count in [1, 7, 20] { try await inbox.worker().consume(Array(payloads.prefix(count))) }
      let (one, two) = (inbox.worker(), inbox.worker())
      async let first: Void = one.consume(payloads)
      async let second: Void = two.consume(payloads)
      _ = try await (first, second)
      #expect(try await inbox.counted() == 20)
      #expect(try await inbox.differencesOfCounts() == 0)
    }
  }

  @Test(
    "what overtakes is put in order, what the bus has lost is read from the store, and what comes late does nothing")
  func gaps() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let bob = try await inbox.domain.user("bob")
      let room = try await inbox.domain.group(ann, [bob])
      let effect = try await PoisonEffect.prepare(inbox)
      let events = try await inbox.store((1...1300).map { $0 % 100 == 0 ? "@bob \($0)" : "\($0)" }, in: room, by: ann)
      let worker = inbox.worker([MessageCounts(), Mentions(), effect])
      let payloads = events.map(\.busEvent.payload)
      // 2 before 1; then nothing until the last; then all of them.
      try await worker.consume([payloads[1], payloads[0]])
      try await worker.consume([payloads[1299]])
      #expect(worker.counters.processed == 3 && worker.counters.caughtUp == 1297)
      try await worker.consume(payloads)
      #expect(worker.counters.processed == 3)
      #expect(try await inbox.counted() == 1300)
      let bodies = try payloads.map { try InboxEvent(try #require(ReceivedEvent(payload: $0))).posted?.body }
      #expect(try await PoisonEffect.bodies(inbox) == bodies)
      #expect(try await inbox.mentions().count == 13)
      await worker.stop()
    }
  }

  @Test("an edit says anew who is mentioned, a deletion takes it back, from the bus and from the store")
  func changes() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let bob = try await inbox.domain.user("bob")
      let eve = try await inbox.domain.user("eve")
      let room = try await inbox.domain.group(ann, [bob, eve])
      let created = try await inbox.store(["@bob", "@bob and @eve"], in: room, by: ann)
      let store = MessageStore(pool: inbox.pool)
      var first = try #require(try await store.message(of: room, at: 1))
      var second = try #require(try await store.message(of: room, at: 2))
      first.body = "@eve instead"
      second.body = ""
      second.deletedAt = .now()
      let entries = [
        LogEntry(seq: 3, change: .updated, message: first, actorId: ann.id, at: .now()),
        LogEntry(seq: 4, change: .deleted, message: second, actorId: ann.id, at: .now()),
      ]
      let events = created + entries.map { Event.entry(.v7(), $0, epoch: 0) }
      let payloads = events.map(\.busEvent.payload)
      let worker = inbox.worker()
      try await worker.consume(Array(payloads.prefix(2)))
      #expect(try await inbox.mentions() == ["bob 1", "bob 2", "eve 2"])
      try await worker.consume(payloads)
      #expect(try await inbox.mentions() == ["eve 1"])
      #expect(try await inbox.counted() == 2)
      // The same in one batch, and from the store.
      for table in ["mentions", "message_counts", "inbox_positions", "processed_events"] {
        _ = try await inbox.pool.run(PostgresStatement(unchecked: "DELETE FROM \(table)"), PostgresParameters())
      }
      try await inbox.worker().consume(payloads)
      #expect(try await inbox.mentions() == ["eve 1"])
    }
  }

  @Test("a Redis that comes back empty costs nothing: the store is compared with what was done")
  func amnesia() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let rooms = [try await inbox.domain.group(ann), try await inbox.domain.group(ann)]
      let worker = inbox.worker(patience: .milliseconds(100))
      worker.start()
      for room in rooms { try await inbox.publish(try await inbox.store(["a", "b"], in: room, by: ann)) }
      try await eventually("the first") { try await inbox.counted() == 4 }
      for room in rooms { try await inbox.publish(try await inbox.store(["c", "d"], in: room, by: ann)) }
      _ = try await inbox.domain.redis.send("FLUSHDB")
      worker.compareSoon()
      try await eventually("the lost ones") { try await inbox.counted() == 8 }
      await worker.stop()
      #expect(try await inbox.differencesOfCounts() == 0)
    }
  }

  @Test("a store that is away parks nothing")
  func unavailable() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let payloads = try await inbox.store(["a"], in: room, by: ann).map(\.busEvent.payload)
      let pool = Domain.pool("host=/nonexistent", size: 1, inbox.loop)
      let worker = InboxWorker(
        pool: pool, bus: inbox.bus, deadBus: inbox.deadBus, updates: nil, effects: [MessageCounts()], loop: inbox.loop)
      let consuming = inbox.loop.start { (try? await worker.consume(payloads)) == nil }
      await pool.close()
      #expect(await consuming.value)
      #expect(worker.counters.parked == 0 && worker.counters.failed == 0)
    }
  }

  @Test("records are kept for the slowest group, up to a limit, and trimmed once it has acknowledged them")
  func trimming() async throws {
    let redis = try await TestRedis.make()
    try await withLoop { loop in
      let client = RedisClient(redis.configuration, loop: loop)
      var settings = RedisStreamBus.Settings()
      settings.partitions = 1
      settings.retention = 200
      settings.limit = 3000
      settings.lease = .milliseconds(600)
      let bus = RedisStreamBus(redis: client, configuration: redis.configuration, loop: loop, settings: settings)
      let key = UUID.v7()
      func publish(_ count: Int) async throws {
        for _ in 0..<(count / 100) {
          try await bus.publish((0..<100).map { _ in BusEvent(id: .v7(), key: key, payload: [1, 2, 3]) })
        }
      }
      func length() async throws -> Int { try await client.xlen("chat.events:0") }
      // One group is quick, one has read a part and acknowledged nothing of it.
      let quick = Recorder<Int>()
      let first = bus.subscribe(group: "quick") { quick.elements.append($0.count) }
      _ = try await client.xgroupCreate("chat.events:0", group: "slow", from: .beginning)
      try await publish(1000)
      _ = try await client.xreadgroup(group: "slow", consumer: "member", streams: ["chat.events:0"], count: 500)
      try await publish(1000)
      try await eventually("the quick one") { quick.elements.reduce(0, +) == 2000 }
      try await publish(100)
      #expect(try await length() == 2100)
      // It catches up: acknowledges what it has, reads and acknowledges the rest.
      let slow = Recorder<Int>()
      let second = bus.subscribe(group: "slow") { slow.elements.append($0.count) }
      try await eventually("the slow one, all of it") { slow.elements.reduce(0, +) == 2100 }
      try await eventually("the trimming") {
        try await publish(100)
        return try await length() < 800
      }
      await second.close()
      // Nobody holds a stream for ever.
      try await publish(5000)
      #expect(try await length() < 3400)
      await first.close()
      client.close()
    }
  }

  @Test(
    "a mention is a name outside of code",
    arguments: [
      ("@ann", ["ann"]), ("hi @Ann, @bob.", ["ann", "bob"]), ("@ann @ann", ["ann"]), ("a@ann.example", []),
      ("`@ann`", []), ("``a ` @ann`` @bob", ["bob"]), ("```\n@ann\n```\n@bob", ["bob"]), ("```\n@ann", []),
      ("` @ann", ["ann"]), ("(@ann-marie)", ["ann-marie"]), ("@ann-", ["ann"]), ("@an", []), ("é@ann", []),
      ("@@ann", ["ann"]), ("@", []),
    ])
  func mentionText(_ body: String, _ names: [String]) { #expect(MentionText.names(in: body) == names) }

  @Test("at most fifty are mentioned")
  func mentionLimit() {
    #expect(MentionText.names(in: (100..<200).map { "@user\($0)" }.joined(separator: " ")).count == 50)
  }
}
