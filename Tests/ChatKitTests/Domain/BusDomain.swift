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
  /// Kafka's groups are its own, not a topic's.
  let group = TestKafka.name("group")
  /// As if all records had been deleted.
  let forgetEverything: () async throws -> Void
  private let close: () async -> Void

  private init(
    _ loop: EventLoop, _ bus: any EventBus, forgetEverything: @escaping () async throws -> Void,
    close: @escaping () async -> Void
  ) {
    self.loop = loop
    self.bus = bus
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
    let bus = RedisStreamBus(redis: redis, configuration: configuration, loop: loop, settings: Domain.busSettings)
    return BusDomain(loop, bus) {
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
    return BusDomain(loop, bus) {
      let admin = try KafkaAdmin(configuration, loop: loop)
      let partitions = try await admin.partitions(of: topic)
      let outcomes = try await admin.deleteRecords(
        before: Dictionary(uniqueKeysWithValues: partitions.map { ($0, -1) }))
      await admin.close()
      for outcome in outcomes.values { _ = try outcome.get() }
    } close: {
      await bus.close()
    }
  }
}
