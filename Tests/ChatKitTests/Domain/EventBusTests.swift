import ChatKit
import Networking
import Primitives
import TestSupport
import Testing

/// What every bus promises, on each of them.
@Suite("The event bus")
struct EventBusTests {
  /// Where there is no Kafka, the suite is that of Redis, and says so.
  private static let kinds: [BusKind] = TestKafka.isThere ? [.redis, .kafka] : [.redis]

  private static func event(_ key: UUID, _ n: Int) -> BusEvent {
    BusEvent(id: .v7(), key: key, payload: Array("\(key) \(n)".utf8))
  }

  private static func text(_ payload: [UInt8]) -> String { String(decoding: payload, as: UTF8.self) }

  @Test("a key's events arrive in their order, those published before the group was made too", arguments: kinds)
  func order(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let keys = (0..<10).map { _ in UUID.v7() }
      try await domain.bus.publish((0..<50).flatMap { n in keys.map { Self.event($0, n) } })
      let seen = Recorder<String>()
      let subscription = domain.bus.subscribe(group: domain.group) { seen.elements += $0.map(Self.text) }
      try await domain.bus.publish((50..<100).flatMap { n in keys.map { Self.event($0, n) } })
      try await eventually("all events") { seen.elements.count >= 1000 }
      await subscription.close()
      #expect(seen.elements.count == 1000)
      for key in keys {
        let ofKey = seen.elements.filter { $0.hasPrefix("\(key)") }
        #expect(ofKey == (0..<100).map { "\(key) \($0)" })
      }
    }
  }

  @Test("a handler that throws gets the same events again, and nothing behind them first", arguments: kinds)
  func redelivery(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let key = UUID.v7()
      let attempts = Recorder<[String]>()
      let seen = Recorder<String>()
      let subscription = domain.bus.subscribe(group: domain.group) { payloads in
        attempts.elements.append(payloads.map(Self.text))
        if attempts.elements.count <= 3 { throw TestFailure("not yet") }
        seen.elements += payloads.map(Self.text)
      }
      for n in 0..<20 { try await domain.bus.publish([Self.event(key, n)]) }
      try await eventually("all events") { seen.elements.count >= 20 }
      await subscription.close()
      #expect(attempts.elements.prefix(4).allSatisfy { $0.first == "\(key) 0" })
      #expect(seen.elements == (0..<20).map { "\(key) \($0)" })
    }
  }

  @Test("two members share the work, and one takes over all of it when the other leaves", arguments: kinds)
  func sharing(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let keys = (0..<40).map { _ in UUID.v7() }
      let first = Recorder<String>()
      let second = Recorder<String>()
      let one = domain.bus.subscribe(group: domain.group) { first.elements += $0.map(Self.text) }
      let two = domain.bus.subscribe(group: domain.group) { second.elements += $0.map(Self.text) }
      var round = 0
      try await eventually("both get some") {
        try await domain.bus.publish(keys.map { Self.event($0, round) })
        round += 1
        return !first.elements.isEmpty && !second.elements.isEmpty
      }
      let before = round
      await two.close()
      for _ in 0..<5 {
        try await domain.bus.publish(keys.map { Self.event($0, round) })
        round += 1
      }
      let wanted = Set(keys.flatMap { key in (0..<round).map { "\(key) \($0)" } })
      try await eventually("all events") { Set(first.elements + second.elements) == wanted }
      await one.close()
      #expect(Set(first.elements.filter { line in line.hasSuffix(" \(before + 4)") }).count == 40)
      // Each once: a partition changes hands only when nothing of it is under way.
      for key in keys {
        let numbers = (first.elements + second.elements).filter { $0.hasPrefix("\(key)") }
        #expect(numbers.count == round)
      }
    }
  }

  @Test("what a member had read and not finished when it died goes to the next", arguments: kinds)
  func takeover(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let key = UUID.v7()
      let stuck = Recorder<Int>()
      let dying = domain.bus.subscribe(group: domain.group) { payloads in
        stuck.elements.append(payloads.count)
        // Never ends: as good as dead, but for its leases, which end by themselves.
        try await domain.loop.sleep(for: .seconds(3600))
      }
      try await domain.bus.publish((0..<10).map { Self.event(key, $0) })
      try await eventually("the first has them") { !stuck.elements.isEmpty }
      let seen = Recorder<String>()
      let next = domain.bus.subscribe(group: domain.group) { seen.elements += $0.map(Self.text) }
      try await eventually("the next has them") { seen.elements.count >= 10 }
      #expect(seen.elements == (0..<10).map { "\(key) \($0)" })
      await next.close()
      await dying.close()
    }
  }

  @Test("a bus that has forgotten everything goes on with what comes", arguments: kinds)
  func amnesia(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let key = UUID.v7()
      let seen = Recorder<String>()
      let subscription = domain.bus.subscribe(group: domain.group) { seen.elements += $0.map(Self.text) }
      try await domain.bus.publish([Self.event(key, 0)])
      try await eventually("the first") { seen.elements.count == 1 }
      try await domain.forgetEverything()
      try await domain.bus.publish([Self.event(key, 1)])
      try await eventually("the second") { seen.elements.count == 2 }
      await subscription.close()
      #expect(seen.elements == ["\(key) 0", "\(key) 1"])
    }
  }
}
