package import Kafka
package import Networking
import Primitives

/// The bus on Kafka, for production: one topic, keyed by conversation, so that a conversation stays in one partition and in
/// order; consumer groups are Kafka's own.
///
/// What `publish` has acknowledged is on all replicas in sync (`acks=all`, idempotent). A client that reports a fatal error
/// is replaced by a new one at the next publish. On its loop only.
package final class KafkaBus: EventBus, @unchecked Sendable {
  package struct Settings: Sendable {
    package var topic = "chat.events"
    /// Of a topic that `prepare` makes; one that is there keeps its own.
    package var partitions = 8
    /// Copies of each partition, of a topic that `prepare` makes; nil is the brokers' default.
    package var replication: Int?
    /// How long an event may take before `publish` gives up: it waits in the outbox then.
    package var timeout = Duration.seconds(5)
    /// Of the members of groups.
    package var consumer = KafkaConsumer.Settings()

    package init() {}
  }

  private let configuration: KafkaConfiguration
  private let loop: EventLoop
  private let settings: Settings
  private var producer: KafkaProducer?
  /// For those who ask how it is.
  private var observer: KafkaAdmin?
  private var isClosed = false
  /// Told of errors that no call throws: brokers that are away, a handler that is stuck.
  package var report: @Sendable (KafkaError) -> Void = { _ in }

  /// Connects at the first `publish` and `subscribe`.
  package init(_ configuration: KafkaConfiguration, loop: EventLoop, settings: Settings = Settings()) {
    self.configuration = configuration
    self.loop = loop
    self.settings = settings
  }

  /// Makes the topic when it is not there. Once a process is enough; several at once do no harm.
  package func prepare() async throws {
    let admin = try KafkaAdmin(configuration, loop: loop)
    do {
      try await prepare(admin)
      await admin.close()
    } catch {
      await admin.close()
      throw error
    }
  }

  private func prepare(_ admin: KafkaAdmin) async throws(KafkaError) {
    let found = try await admin.metadata(of: settings.topic).topics[settings.topic]
    guard let error = found?.error else { return }
    guard error.isUnknownTopic else { throw error }
    let topic = KafkaNewTopic(
      settings.topic, partitions: settings.partitions, replication: settings.replication,
      // What is older has long been consumed; and the store has all of it.
      configuration: ["retention.ms": TopicContract.retention])
    if let error = try await admin.createTopics([topic])[settings.topic], !error.isTopicThere { throw error }
  }

  package func publish(_ events: [BusEvent]) async throws {
    let topic = settings.topic
    do throws(KafkaError) {
      try await currentProducer().produce(
        events.map { KafkaRecord(topic: topic, key: Array($0.key.description.utf8), value: $0.payload) })
    } catch {
      throw BusError("cannot publish to \(topic): \(error)")
    }
  }

  private func currentProducer() throws(KafkaError) -> KafkaProducer {
    if isClosed { throw .closed }
    if let producer {
      guard producer.fatalError != nil else { return producer }
      self.producer = nil
      loop.start { await producer.close(patience: .zero) }
    }
    var settings = KafkaProducer.Settings()
    settings.timeout = self.settings.timeout
    let producer = try KafkaProducer(configuration, loop: loop, settings: settings)
    producer.onError = report
    self.producer = producer
    return producer
  }

  package func subscribe(
    group: String, handler: @escaping @Sendable ([[UInt8]]) async throws -> Void
  ) -> any BusSubscription {
    let subscription = KafkaSubscription(
      configuration, topic: settings.topic, group: group, settings: settings.consumer, loop: loop, report: report,
      handler: handler)
    subscription.start()
    return subscription
  }

  package func check() async throws {
    do throws(KafkaError) {
      let found = try await admin().metadata(of: settings.topic).topics[settings.topic]
      if let error = found?.error { throw error }
    } catch {
      throw BusError("\(error)")
    }
  }

  package func backlog(of group: String) async throws -> Int? {
    let lags = try await admin().lag(of: group, in: settings.topic)
    return Int(clamping: lags.values.reduce(0) { $0 &+ $1.records })
  }

  private func admin() throws(KafkaError) -> KafkaAdmin {
    if isClosed { throw .closed }
    if let observer { return observer }
    // Who asks is not patient.
    let admin = try KafkaAdmin(configuration, loop: loop, timeout: .seconds(2))
    observer = admin
    return admin
  }

  /// Gives what is being published a moment, and ends the producer. Subscriptions are closed by their owners.
  package func close() async {
    isClosed = true
    await producer?.close(patience: .seconds(1))
    producer = nil
    await observer?.close()
    observer = nil
  }
}
