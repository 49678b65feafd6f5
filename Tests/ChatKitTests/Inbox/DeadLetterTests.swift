import JSON
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("Dead letters")
struct DeadLetterTests {
  @Test(
    "a poison event is tried, then parked with what follows it; the others go on; replayed, all are done in order",
    arguments: InboxWorkerTests.kinds)
  func parking(_ kind: BusKind) async throws {
    try await InboxDomain.with(kind) { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let other = try await inbox.domain.group(ann)
      let effect = try await PoisonEffect.prepare(inbox)
      let worker = inbox.worker([MessageCounts(), effect])
      worker.start()
      let events = try await inbox.store(["a", "poison", "b"], in: room, by: ann)
      try await inbox.publish(events)
      try await inbox.publish(try await inbox.store(["x", "y"], in: other, by: ann))
      try await eventually("the others") { worker.counters.processed == 3 && worker.counters.parked == 2 }
      #expect(worker.counters.failed >= 3)
      await worker.stop()

      // Another process: the key is still parked, whatever the bus brings.
      let next = inbox.worker([MessageCounts(), effect])
      next.start()
      try await inbox.publish(events)
      try await inbox.publish(try await inbox.store(["c"], in: room, by: ann))
      try await eventually("the successor") { next.counters.parked == 1 }
      let letters = DeadLetters(pool: inbox.pool)
      let list = try await letters.list()
      #expect(list.map(\.seq) == [2, 3, 4])
      #expect(list.map(\.effect) == ["test", nil, nil] && list.map(\.error) == ["it is poison", nil, nil])
      #expect(list[0].attempts == 3 && list[0].eventId == events[1].id && list[0].key == room)
      let shown = try #require(try await letters.show(events[1].id))
      #expect(ReceivedEvent(payload: shown.payload ?? [])?.id == events[1].id)
      #expect(try await letters.keys().map(\.letters) == [3])
      #expect(try await PoisonEffect.bodies(inbox) == ["a"])

      // The topic tells the same.
      let topic = Recorder<String>()
      let reading = inbox.deadBus.subscribe(group: TestKafka.name("reader")) { payloads in
        for payload in payloads {
          let root = try JSONDocument(parsing: payload).root
          topic.elements.append(
            "\(root["eventId"]?.string ?? "") \(root["reason"]?.string ?? "") \(root["error"]?.string ?? "-")")
        }
      }
      try await eventually("the topic") { topic.elements.count >= 3 }
      await reading.close()
      #expect(topic.elements.prefix(2) == ["\(events[1].id) failed it is poison", "\(events[2].id) successor -"])

      // Still poison: it stays, with those behind it.
      #expect(try await letters.replay(key: room) == 3)
      try await eventually("the failed replay") { try await letters.list().first?.attempts == 4 }
      #expect(try await letters.list().map(\.seq) == [2, 3, 4])
      #expect(try await letters.list().allSatisfy { !$0.isReplaying })

      effect.isArmed = false
      #expect(try await letters.replay() == 3)
      try await eventually("the replay") { try await letters.list().isEmpty }
      try await inbox.publish(try await inbox.store(["d"], in: room, by: ann))
      try await eventually("the key is free") { try await inbox.counted() == 7 }
      await next.stop()
      #expect(try await PoisonEffect.bodies(inbox) == ["a", "poison", "b", "c", "d"])
      #expect(try await inbox.differencesOfCounts() == 0)
    }
  }

  @Test("what is dropped is gone for ever, and what was behind it goes on when it is replayed")
  func dropping() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let effect = try await PoisonEffect.prepare(inbox)
      let worker = inbox.worker([effect])
      worker.start()
      let events = try await inbox.store(["poison 1", "poison 2", "a", "b"], in: room, by: ann)
      try await inbox.publish(events)
      try await eventually("the parking") { worker.counters.parked == 4 }
      let letters = DeadLetters(pool: inbox.pool)
      // Not the first: it goes when nothing is before it.
      #expect(try await letters.drop(event: events[1].id))
      #expect(try await letters.list().map(\.isDropped) == [false, true, false, false])
      #expect(try await letters.drop(event: events[0].id))
      #expect(try await letters.list().map(\.seq) == [3, 4])
      #expect(try await !letters.drop(event: events[0].id))
      try await letters.replay(key: room)
      try await eventually("the replay") { try await letters.list().isEmpty }
      // Brought again, it is known.
      try await inbox.publish(events)
      try await eventually("the repetition") { worker.counters.repeated == 4 }
      #expect(try await PoisonEffect.bodies(inbox) == ["a", "b"])
      let more = try await inbox.store(["poison 3", "c"], in: room, by: ann)
      try await inbox.publish(more)
      try await eventually("the parking") { try await letters.list().count == 2 }
      #expect(try await letters.drop(key: room) == 2)
      try await inbox.publish(try await inbox.store(["e"], in: room, by: ann))
      try await eventually("the next") { try await PoisonEffect.bodies(inbox) == ["a", "b", "e"] }
      await worker.stop()
    }
  }

  @Test("what is no event is parked by itself and holds up nobody")
  func unreadable() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let worker = inbox.worker()
      let events = try await inbox.store(["a", "b"], in: room, by: ann)
      let strange = Array("\u{7b}nonsense".utf8)
      let later = Array(
        "{\"id\":\"\(UUID.v7())\",\"type\":\"of.tomorrow\",\"v\":9,\"conversationId\":\"\(room)\",\"data\":{}}".utf8)
      let lacking = Event(kind: .messageCreated, at: .now(), conversationId: .v7(), seq: 1, data: Array("{}".utf8))
      let payloads = [
        events[0].busEvent.payload, strange, later, lacking.busEvent.payload, events[1].busEvent.payload,
      ]
      try await worker.consume(payloads)
      try await worker.consume(payloads)
      #expect(worker.counters.processed == 2 && worker.counters.parked == 2)
      let found = try await DeadLetters(pool: inbox.pool).list()
      #expect(found.map(\.type) == ["unreadable", "message.created"])
      #expect(found.allSatisfy { $0.effect == "decoding" })
    }
  }

  @Test("a zero byte, which PostgreSQL does not take, is the event's own fault")
  func blame() async throws {
    try await InboxDomain.with { inbox in
      let ann = try await inbox.domain.user("ann")
      let room = try await inbox.domain.group(ann)
      let effect = try await PoisonEffect.prepare(inbox)
      var event = try #require(try await inbox.store(["a"], in: room, by: ann).first)
      event.data = Array(String(decoding: event.data, as: UTF8.self).replacing("\"a\"", with: "\"a\\u0000b\"").utf8)
      let worker = inbox.worker([effect])
      try await worker.consume([event.busEvent.payload])
      let letter = try #require(try await DeadLetters(pool: inbox.pool).list().first)
      #expect(letter.effect == "test" && letter.error?.contains("22021") == true)
    }
  }
}
