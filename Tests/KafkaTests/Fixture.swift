import Kafka
import Networking
import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips, and says so, where there is no Kafka.
  static var kafka: Self { .enabled(if: TestKafka.isThere, "no Kafka: see TestKafka") }
}

/// A loop, an administrator and a topic on the shared Kafka. On that loop.
final class Fixture: @unchecked Sendable {
  let loop: EventLoop
  let configuration: KafkaConfiguration
  let admin: KafkaAdmin
  let topic: String
  let group: String

  init(_ loop: EventLoop, _ configuration: KafkaConfiguration) throws {
    self.loop = loop
    self.configuration = configuration
    admin = try KafkaAdmin(configuration, loop: loop, timeout: .seconds(60))
    topic = TestKafka.name("topic")
    group = TestKafka.name("group")
  }

  static func with(
    partitions: Int = 1, on configuration: KafkaConfiguration? = nil,
    _ body: @escaping @Sendable (Fixture) async throws -> Void
  ) async throws {
    var brokers = configuration
    if brokers == nil { brokers = try await TestKafka.shared }
    let found = try #require(brokers)
    try await withLoop { loop in
      let fixture = try Fixture(loop, found)
      do {
        try await fixture.make(partitions)
        try await body(fixture)
        await fixture.admin.close()
      } catch {
        await fixture.admin.close()
        throw error
      }
    }
  }

  private func make(_ partitions: Int) async throws {
    let failures = try await admin.createTopics([KafkaNewTopic(topic, partitions: partitions)])
    if let failure = failures[topic] { throw failure }
    try await eventually("the topic with its leaders") {
      let found = try? await admin.metadata(of: topic).topics[topic]
      return found?.error == nil && found?.partitions.count == partitions
        && found?.partitions.allSatisfy { $0.leader != nil } == true
    }
  }

  func producer(_ settings: KafkaProducer.Settings = .init()) throws -> KafkaProducer {
    try KafkaProducer(configuration, loop: loop, settings: settings)
  }

  func record(_ key: String, _ value: String, partition: Int32? = nil) -> KafkaRecord {
    KafkaRecord(topic: topic, key: Array(key.utf8), value: Array(value.utf8), partition: partition)
  }

  /// Produces with a producer of its own.
  func produce(_ records: [KafkaRecord]) async throws {
    let producer = try producer()
    let outcome: Result<Void, KafkaError>
    do throws(KafkaError) {
      outcome = .success(try await producer.produce(records))
    } catch {
      outcome = .failure(error)
    }
    await producer.close()
    try outcome.get()
  }

  func consumer(
    _ settings: KafkaConsumer.Settings = .init(), _ handler: @escaping KafkaConsumer.Handler
  ) throws -> KafkaConsumer {
    try KafkaConsumer(configuration, group: group, topics: [topic], loop: loop, settings: settings, handler: handler)
  }

  var partition: KafkaPartition { KafkaPartition(topic, 0) }
}

/// What happened elsewhere. On one loop.
final class Seen: @unchecked Sendable {
  var records: [KafkaReceivedRecord] = []
  var errors: [KafkaError] = []
  var assignments: [[KafkaPartition]] = []
  var count = 0
  var flag = false

  var values: [String] { records.map { String(decoding: $0.value, as: UTF8.self) } }
}
