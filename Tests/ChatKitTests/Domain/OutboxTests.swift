import ChatKit
import JSON
import Networking
import Postgres
import Primitives
import Redis
import TestSupport
import Testing

@Suite("The outbox")
struct OutboxTests {
  @Test("what is stored is published at once and its row deleted")
  func publishes() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let room = try await domain.group(ann)
      let seen = Recorder<ReceivedEvent>()
      let subscription = domain.bus.subscribe(group: "g") { seen.elements += $0.compactMap(ReceivedEvent.init) }
      let writer = domain.writer(publishes: true)
      for n in 1...5 {
        _ = try await writer.write(MessageDraft(conversationId: room, senderId: ann.id, body: "\(n)"))
      }
      try await eventually("all events") { seen.elements.count >= 5 }
      try await eventually("an empty outbox") { try await domain.count("SELECT count(*) FROM outbox") == 0 }
      await subscription.close()
      #expect(seen.elements.map(\.seq) == [1, 2, 3, 4, 5])
      #expect(seen.elements.map { $0.data.value?["body"]?.string } == ["1", "2", "3", "4", "5"])
    }
  }

  @Test("rows that are acknowledged soon after one another are deleted together")
  func gathers() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let room = try await domain.group(ann)
      let publisher = OutboxPublisher(
        bus: domain.bus, pool: domain.pool, loop: domain.loop, gather: .milliseconds(700))
      let writer = MessageWriter(store: Domain.pool(domain.database, size: 1, domain.loop), loop: domain.loop) {
        publisher.publish($0.map(\.event.busEvent))
      }
      for n in 1...3 {
        _ = try await writer.write(MessageDraft(conversationId: room, senderId: ann.id, body: "\(n)"))
      }
      try await eventually("an empty outbox") { publisher.isIdle }
      #expect(publisher.counters.published == 3)
      #expect(try await domain.count("SELECT count(*) FROM outbox") == 0)
      // A row says which transaction wrote it.
      #expect(try await domain.count("SELECT count(DISTINCT xmin::text) FROM search_queue") == 1)
      #expect(try await domain.count("SELECT count(*) FROM search_queue") == 3)
    }
  }

  @Test("the relay publishes what was left behind, as its writer would have, in the order of the commits")
  func relays() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let bob = try await domain.user("bob")
      let room = try await domain.group(ann, [bob])
      let writer = domain.writer()
      let expected = Recorder<String>()
      let recording = MessageWriter(store: Domain.pool(domain.database, size: 1, domain.loop), loop: domain.loop) {
        // Traces and times of hops are not in the outbox.
        expected.elements += $0.map { stored in
          var event = stored.event
          event.hops = nil
          return String(decoding: event.busEvent.payload, as: UTF8.self)
        }
      }
      _ = writer
      _ = try await recording.write(
        MessageDraft(conversationId: room, senderId: ann.id, senderName: "ann", body: "one \"two\" \u{1F600}"))
      _ = try await recording.write(
        MessageDraft(conversationId: room, senderId: bob.id, senderName: "bob", body: "three", replyTo: .v7()))
      let silent = OutboxPublisher(bus: NoBus(), pool: domain.pool, loop: domain.loop)
      _ = try await ConversationService(pool: domain.pool, publisher: silent).remove(bob.id, from: room, by: ann)
      _ = try await recording.write(
        MessageDraft(conversationId: room, senderId: ann.id, senderName: "ann", body: "four"))
      // The relay knows today's epoch only, which makes receivers ask once more than they would have had to.
      expected.elements = expected.elements.map { $0.replacing("\"epoch\":0", with: "\"epoch\":1") }

      let seen = Recorder<String>()
      let subscription = domain.bus.subscribe(group: "g") { payloads in
        seen.elements += payloads.map { String(decoding: $0, as: UTF8.self) }
      }
      var settings = OutboxRelay.Settings()
      settings.age = .seconds(3600)
      let patient = OutboxRelay(bus: domain.bus, pool: domain.pool, loop: domain.loop, settings: settings)
      #expect(try await patient.round() == 0, "young rows are still their writer's")
      settings.age = .zero
      let relay = OutboxRelay(bus: domain.bus, pool: domain.pool, loop: domain.loop, settings: settings)
      #expect(try await relay.round() == 4)
      #expect(try await relay.round() == 0)
      try await eventually("all events") { seen.elements.count >= 4 }
      await subscription.close()
      #expect([seen.elements[0], seen.elements[1], seen.elements[3]] == expected.elements)
      #expect(seen.elements[2].contains("participant.changed"))
    }
  }

  @Test("a relay whose bus is away keeps the rows")
  func keeps() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let room = try await domain.group(ann)
      _ = try await domain.writer().write(MessageDraft(conversationId: room, senderId: ann.id, body: "x"))
      var settings = OutboxRelay.Settings()
      settings.age = .zero
      let relay = OutboxRelay(bus: NoBus(), pool: domain.pool, loop: domain.loop, settings: settings)
      await #expect(throws: BusError.self) { try await relay.round() }
      #expect(try await domain.count("SELECT count(*) FROM outbox") == 1)
    }
  }
}

/// A bus that takes nothing.
private final class NoBus: EventBus {
  func publish(_ events: [BusEvent]) async throws { throw BusError("no bus") }

  func subscribe(
    group: String, handler: @escaping @Sendable ([[UInt8]]) async throws -> Void
  ) -> any BusSubscription { NoSubscription() }

  private final class NoSubscription: BusSubscription {
    func close() async {}
  }
}
