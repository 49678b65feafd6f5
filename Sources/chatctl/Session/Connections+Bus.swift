import ChatKit
import Kafka
import Redis

/// The bus, for those who look at it from outside.
extension Connections {
  /// How far the bus's groups are. Throws `CommandError`, `EmbeddedError`, `KafkaError`.
  func lagSource() async throws -> any LagSource {
    if isKafka { return KafkaLagSource(try kafka(), known: ["gateway", InboxWorker.group]) }
    return RedisLagSource(try await redis(), partitions: options.bus.partitions)
  }
}

extension Connections {
  /// The bus's topics. Throws `CommandError`, `EmbeddedError`, `KafkaError`.
  func topicStore() async throws -> any TopicStore {
    if isKafka { return KafkaTopics(try kafka()) }
    return RedisTopics(try await redis(), partitions: options.bus.partitions)
  }

  /// Whether anybody says where PostgreSQL is; for what is nice to know and not needed.
  var hasPostgres: Bool { options.postgres.url != nil || options.embedded != nil }
}

extension Connections {
  /// Looks for single events. Throws `CommandError`, `EmbeddedError`, `KafkaError`.
  func busProbe() async throws -> any BusProbe {
    if isKafka { return KafkaProbe(try kafka(), topic: options.bus.topic) }
    return RedisProbe(try await redis(), topic: options.bus.topic, partitions: options.bus.partitions)
  }

  /// What publishes; the caller closes it.
  func bus() async throws -> any EventBus {
    if isKafka { return KafkaBus(try kafkaConfiguration(), loop: loop, settings: KafkaBus.Settings(options)) }
    return RedisStreamBus(
      redis: try await redis(), configuration: try await redisConfiguration(), loop: loop,
      settings: RedisStreamBus.Settings(options.bus))
  }
}
