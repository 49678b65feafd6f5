import Kafka
import Networking
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

/// Lag on each of the buses, against what their subscribers do.
@Suite("Lag of the bus", .serialized)
struct LagSourceTests {
  private static let kinds: [BusKind] = TestKafka.isThere ? [.redis, .kafka] : [.redis]

  /// On a Kafka that all tests share, at once, on two cores perhaps.
  private static let patience = Duration.seconds(150)

  private static func event(_ key: UUID, _ n: Int) -> BusEvent {
    BusEvent(id: .v7(), key: key, payload: Array("\(key) \(n)".utf8))
  }

  @Test("what waits is counted, with the time of the first; a member makes it nothing", arguments: kinds)
  func lag(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let source = domain.lagSource
      let key = UUID.v7()
      let seen = Recorder<Int>()
      let first = domain.bus.subscribe(group: domain.group) { seen.elements.append($0.count) }
      try await domain.bus.publish((0..<10).map { Self.event(key, $0) })
      try await eventually(within: Self.patience, "all is done, and somebody is there") {
        let samples = try await source.sample([domain.group], topic: domain.topic)
        let waiting = samples.compactMap(\.messages).reduce(0, +)
        return waiting == 0 && seen.elements.reduce(0, +) == 10 && samples.count == domain.partitions
          && samples.allSatisfy { $0.owner != nil && $0.state == .stable }
      }
      await first.close()

      let before = Timestamp.now()
      try await domain.bus.publish((10..<25).map { Self.event(key, $0) })
      let samples = try await source.sample([domain.group], topic: domain.topic)
      #expect(samples.count == domain.partitions)
      let behind = try #require(samples.first { $0.messages != 0 })
      #expect(behind.messages == 15 && behind.lost == 0 && behind.owner == nil && behind.state == .empty)
      #expect(behind.done == 10 && behind.arrived == 25)
      // The bus keeps whole milliseconds.
      let oldest = try #require(behind.oldest)
      #expect(oldest.microseconds >= before.microseconds - 1000 && oldest <= .now())
      #expect(samples.filter { $0.messages == 0 }.allSatisfy { $0.oldest == nil })
      let reports = try await source.reports([domain.group], topics: [domain.topic])
      #expect(reports.map(\.sample.partition) == Array(0..<domain.partitions))
      #expect(reports.map(\.verdict).max() == .critical)
      #expect(try await source.sample(["never-was"], topic: domain.topic).isEmpty)
      #expect(try await source.sample(nil, topic: domain.topic).contains { $0.group == domain.group })

      let second = domain.bus.subscribe(group: domain.group) { seen.elements.append($0.count) }
      try await eventually(within: Self.patience, "nothing waits") {
        try await source.sample([domain.group], topic: domain.topic).allSatisfy { $0.messages == 0 && $0.owner != nil }
      }
      await second.close()
    }
  }

  @Test("a group is set back and forth, by plan first; one with members is refused", arguments: kinds)
  func moving(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let source = domain.lagSource
      let key = UUID.v7()
      let seen = Recorder<String>()
      let handler: @Sendable ([[UInt8]]) async throws -> Void = { payloads in
        seen.elements += payloads.map { String(decoding: $0, as: UTF8.self) }
      }
      try await domain.bus.publish((0..<6).map { Self.event(key, $0) })
      try await domain.loop.sleep(for: .milliseconds(20))
      let between = Timestamp.now()
      try await domain.loop.sleep(for: .milliseconds(20))
      try await domain.bus.publish((6..<10).map { Self.event(key, $0) })
      let first = domain.bus.subscribe(group: domain.group, handler: handler)
      try await eventually(within: Self.patience, "all, committed") {
        let samples = try await source.sample([domain.group], topic: domain.topic)
        return seen.elements.count == 10 && !samples.isEmpty
          && samples.allSatisfy { $0.messages == 0 && $0.owner != nil }
      }
      let active = await #expect(throws: LagError.self) {
        try await source.plan(moving: domain.group, topic: domain.topic, to: .earliest, partitions: nil)
      }
      #expect(active?.code == .groupIsActive)
      await first.close()

      // The partition in which they are; a plan changes nothing.
      let plan = try await source.plan(moving: domain.group, topic: domain.topic, to: .time(between), partitions: nil)
      let move = try #require(plan.first { $0.repeated ?? 0 > 0 })
      #expect(move.repeated == 4 && move.skipped == 0)
      #expect(try await source.sample([domain.group], topic: domain.topic).allSatisfy { $0.messages == 0 })
      try await source.execute([move], group: domain.group, topic: domain.topic)
      let waiting = try await source.sample([domain.group], topic: domain.topic).filter { $0.messages != 0 }
      #expect(waiting.map(\.partition) == [move.partition])

      seen.elements = []
      let second = domain.bus.subscribe(group: domain.group, handler: handler)
      try await eventually(within: Self.patience, "the four again") { seen.elements.count == 4 }
      #expect(seen.elements == (6..<10).map { "\(key) \($0)" })
      await second.close()

      let back = try await source.plan(
        moving: domain.group, topic: domain.topic, to: .earliest, partitions: [move.partition])
      #expect(back.count == 1 && back[0].repeated == 10)
      try await source.execute(back, group: domain.group, topic: domain.topic)
      let forth = try await source.plan(
        moving: domain.group, topic: domain.topic, to: .latest, partitions: [move.partition])
      #expect(forth.first?.skipped == 10 && forth.first?.repeated == 0)
      let third = try #require(try await source.position(2, of: move.partition, in: domain))
      let exact = try await source.plan(
        moving: domain.group, topic: domain.topic, to: .position(third), partitions: [move.partition])
      #expect(exact.first?.to == third && exact.first?.skipped == 2)

      for (target, partitions, code) in [
        (.position("soon"), nil, .invalidPosition), (.latest, [99], .noSuchPartition),
      ] as [(PositionTarget, [Int]?, LagError.Code)] {
        let error = await #expect(throws: LagError.self) {
          try await source.plan(moving: domain.group, topic: domain.topic, to: target, partitions: partitions)
        }
        #expect(error?.code == code)
      }
      let unknown = await #expect(throws: LagError.self) {
        try await source.plan(moving: "never-was", topic: domain.topic, to: .earliest, partitions: nil)
      }
      #expect(unknown?.code == .noSuchGroup)
    }
  }

  @Test("what was deleted before it was done is lost, and critical", arguments: kinds)
  func loss(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { domain in
      let source = domain.lagSource
      let key = UUID.v7()
      let seen = Recorder<Int>()
      let subscription = domain.bus.subscribe(group: domain.group) { seen.elements.append($0.count) }
      try await domain.bus.publish([Self.event(key, 0)])
      try await eventually(within: Self.patience, "committed") {
        let samples = try await source.sample([domain.group], topic: domain.topic)
        return seen.elements.count == 1 && samples.contains { $0.done == 1 } && samples.allSatisfy { $0.messages == 0 }
      }
      await subscription.close()
      try await domain.bus.publish((1..<8).map { Self.event(key, $0) })
      let behind = try #require(
        try await source.sample([domain.group], topic: domain.topic).first { $0.messages == 7 })
      try await domain.trim(behind.partition, 5)
      let report = try #require(
        try await source.reports([domain.group], topics: [domain.topic]).first { $0.sample.lost > 0 })
      #expect(report.sample.partition == behind.partition && report.sample.lost == 4)
      #expect(report.sample.messages == 3 && report.verdict == .critical)
    }
  }
}

extension LagSource {
  /// The place of the nth record of a partition.
  fileprivate func position(_ n: Int, of partition: Int, in domain: BusDomain) async throws -> String? {
    guard let redis = domain.redis else { return "\(n)" }
    return try await redis.xrange("\(domain.topic):\(partition)", count: n + 1).last?.id.description
  }
}
