import Kafka
import Networking
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

enum BusKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case redis
  case kafka

  var testDescription: String { rawValue }
}

/// A bus of a test's own, and what can be done to it. On its loop.
final class BusDomain: @unchecked Sendable {
  let loop: EventLoop
  let bus: any EventBus
  let topic: String
  let partitions: Int
  let lagSource: any LagSource
  /// Nil on Kafka.
  let redis: RedisClient?
  /// Removes the first records of a partition, `count` of them.
  let trim: (_ partition: Int, _ count: Int) async throws -> Void
  /// Kafka's groups are its own, not a topic's.
  let group = TestKafka.name("group")
  /// As if all records had been deleted.
  let forgetEverything: () async throws -> Void
  private let close: () async -> Void

  private init(
    _ loop: EventLoop, _ bus: any EventBus, topic: String, partitions: Int, _ lagSource: any LagSource,
    redis: RedisClient? = nil, trim: @escaping (_ partition: Int, _ count: Int) async throws -> Void,
    forgetEverything: @escaping () async throws -> Void, close: @escaping () async -> Void
  ) {
    self.loop = loop
    self.bus = bus
    self.topic = topic
    self.partitions = partitions
    self.lagSource = lagSource
    self.redis = redis
    self.trim = trim
    self.forgetEverything = forgetEverything
    self.close = close
  }

  static func with<Result: Sendable>(
    _ kind: BusKind, _ body: @escaping @Sendable (BusDomain) async throws -> Result
  ) async throws -> Result {
    switch kind {
    case .redis:
      let redis = try await TestRedis.make()
      return try await run(body) { loop in onRedis(redis.configuration, loop) }
    case .kafka:
      let configuration = try await TestKafka.shared
      return try await run(body) { loop in try await onKafka(configuration, loop) }
    }
  }

  private static func run<Result: Sendable>(
    _ body: @escaping @Sendable (BusDomain) async throws -> Result,
    on make: @escaping @Sendable (EventLoop) async throws -> BusDomain
  ) async throws -> Result {
    try await withLoop { loop in
      let domain = try await make(loop)
      do {
        let result = try await body(domain)
        await domain.close()
        return result
      } catch {
        await domain.close()
        throw error
      }
    }
  }

  private static func onRedis(_ configuration: RedisConfiguration, _ loop: EventLoop) -> BusDomain {
    let redis = RedisClient(configuration, loop: loop)
    let settings = Domain.busSettings
    let bus = RedisStreamBus(redis: redis, configuration: configuration, loop: loop, settings: settings)
    let source = RedisLagSource(redis, partitions: settings.partitions)
    return BusDomain(
      loop, bus, topic: settings.topic, partitions: settings.partitions, source, redis: redis,
      trim: { partition, count in
        let key = "\(settings.topic):\(partition)"
        let length = try await redis.xlen(key)
        _ = try await redis.send("XTRIM", key, "MAXLEN", length - count)
      }
    ) {
      _ = try await redis.send("FLUSHDB")
    } close: {
      redis.close()
    }
  }

  private static func onKafka(_ configuration: KafkaConfiguration, _ loop: EventLoop) async throws -> BusDomain {
    var settings = KafkaBus.Settings()
    settings.topic = TestKafka.name("chat.events")
    settings.partitions = 4
    settings.timeout = .seconds(60)
    settings.consumer.patience = .milliseconds(600)
    let bus = KafkaBus(configuration, loop: loop, settings: settings)
    try await bus.prepare()
    let topic = settings.topic
    let admin = try KafkaAdmin(configuration, loop: loop, timeout: .seconds(60))
    return BusDomain(
      loop, bus, topic: topic, partitions: settings.partitions, KafkaLagSource(admin),
      trim: { partition, count in
        let place = KafkaPartition(topic, Int32(partition))
        let low = try await admin.watermarks(of: [place])[place]?.low ?? 0
        _ = try await admin.deleteRecords(before: [place: low + Int64(count)])[place]?.get()
      }
    ) {
      let partitions = try await admin.partitions(of: topic)
      let outcomes = try await admin.deleteRecords(
        before: Dictionary(uniqueKeysWithValues: partitions.map { ($0, -1) }))
      for outcome in outcomes.values { _ = try outcome.get() }
    } close: {
      await admin.close()
      await bus.close()
    }
  }
}
