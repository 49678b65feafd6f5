import Kafka
import Networking

/// One member of a group on Kafka. A consumer that reports a fatal error is replaced by a new one.
final class KafkaSubscription: BusSubscription, @unchecked Sendable {
  private let configuration: KafkaConfiguration
  private let topic: String
  private let group: String
  private let settings: KafkaConsumer.Settings
  private let loop: EventLoop
  private let report: @Sendable (KafkaError) -> Void
  private let handler: @Sendable ([[UInt8]]) async throws -> Void
  private var consumer: KafkaConsumer?
  private var isClosed = false

  init(
    _ configuration: KafkaConfiguration, topic: String, group: String, settings: KafkaConsumer.Settings,
    loop: EventLoop, report: @escaping @Sendable (KafkaError) -> Void,
    handler: @escaping @Sendable ([[UInt8]]) async throws -> Void
  ) {
    self.configuration = configuration
    self.topic = topic
    self.group = group
    self.settings = settings
    self.loop = loop
    self.report = report
    self.handler = handler
  }

  func start() {
    guard !isClosed else { return }
    let handler = handler
    do throws(KafkaError) {
      let consumer = try KafkaConsumer(configuration, group: group, topics: [topic], loop: loop, settings: settings) {
        try await handler($0.map(\.value))
      }
      consumer.onError = { [weak self] in self?.failed($0) }
      self.consumer = consumer
    } catch {
      report(error)
      startAgain()
    }
  }

  private func failed(_ error: KafkaError) {
    report(error)
    guard error.isFatal, let consumer else { return }
    self.consumer = nil
    loop.start { [self] in
      await consumer.close()
      startAgain()
    }
  }

  private func startAgain() {
    loop.schedule(after: .seconds(1)) { [weak self] in self?.start() }
  }

  func close() async {
    isClosed = true
    await consumer?.close()
    consumer = nil
  }
}
