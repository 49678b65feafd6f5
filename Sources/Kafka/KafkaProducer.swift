import CKafka
package import Networking

/// An idempotent producer (`acks=all`): what it reports delivered is on all replicas in sync, once. On its loop only.
///
/// librdkafka's queue is bounded. When it is full, records wait here until deliveries make room, so that back-pressure is
/// felt as time, not as an error.
package final class KafkaProducer: @unchecked Sendable {
  package struct Settings: Sendable {
    /// How long a record may take before it is reported as failed.
    package var timeout = Duration.seconds(10)
    /// Records in librdkafka's queue; what is more waits for room.
    package var queueLimit = 20_000
    /// How long a record waits for others to go with it.
    package var linger = Duration.zero

    package init() {}
  }

  /// The records of one `produce` call.
  private final class Delivery {
    var remaining: Int
    var failure: KafkaError?
    var continuation: UnsafeContinuation<Result<Void, KafkaError>, Never>?

    init(_ count: Int) { remaining = count }

    func reported(_ error: KafkaError?) {
      if let error, failure == nil { failure = error }
      remaining -= 1
      guard remaining == 0 else { return }
      continuation?.resume(returning: failure.map { .failure($0) } ?? .success(()))
      continuation = nil
    }
  }

  private struct Waiting {
    var record: KafkaRecord
    var delivery: Delivery
  }

  private let handle: KafkaHandle
  private let signal: LoopSignal
  private var topics: [String: OpaquePointer] = [:]
  private var waiting: [Waiting] = []
  private var waitingHead = 0
  private var isClosed = false
  /// Records given to librdkafka and not reported yet.
  package private(set) var inFlight = 0
  /// Told of errors that belong to no record: brokers that are away, a fatal error.
  package var onError: (KafkaError) -> Void = { _ in }
  /// librdkafka's log: syslog's level, text.
  package var onLog: (_ level: Int, _ text: String) -> Void {
    get { handle.onLog }
    set { handle.onLog = newValue }
  }
  /// After it nothing is delivered any more: make a new producer.
  package private(set) var fatalError: KafkaError?

  /// Connects in the background. Throws `KafkaError` for a configuration that cannot be.
  package init(
    _ configuration: KafkaConfiguration, loop: EventLoop, settings: Settings = Settings()
  ) throws(KafkaError) {
    handle = try KafkaHandle(
      .producer,
      configuration.settings([
        ("enable.idempotence", "true"), ("acks", "all"), ("linger.ms", "\(settings.linger.milliseconds)"),
        ("queue.buffering.max.messages", "\(settings.queueLimit)"), ("queue.buffering.max.kbytes", "65536"),
        ("message.timeout.ms", "\(max(1, settings.timeout.milliseconds))"), ("compression.type", "none"),
        // The choice of Java's clients, so that everybody's records of a key meet.
        ("partitioner", "murmur2_random"),
      ]), events: RD_KAFKA_EVENT_DR, loop: loop)
    signal = LoopSignal(loop)
    handle.onEvent = { [weak self] in self?.received($0) }
    // Not at an event: its records take their room until it is destroyed.
    handle.onWake = { [weak self] in self?.drain() }
    handle.start()
  }

  /// Records that wait for room.
  package var waitingCount: Int { waiting.count - waitingHead }

  /// Produces in order and returns when all are acknowledged. Throws the first failure; the others may have been
  /// delivered all the same.
  package func produce(_ records: [KafkaRecord]) async throws(KafkaError) {
    handle.loop.assertCurrent()
    guard !records.isEmpty else { return }
    if isClosed { throw .closed }
    if let fatalError { throw fatalError }
    let delivery = Delivery(records.count)
    let result = await withUnsafeContinuation { continuation in
      delivery.continuation = continuation
      for record in records { waiting.append(Waiting(record: record, delivery: delivery)) }
      drain()
    }
    try result.get()
  }

  /// Gives librdkafka what it takes.
  private func drain() {
    while waitingHead < waiting.count {
      let next = waiting[waitingHead]
      let code = hand(next)
      if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { break }
      waitingHead += 1
      if code == RD_KAFKA_RESP_ERR_NO_ERROR {
        inFlight += 1
      } else {
        next.delivery.reported(fatalError ?? KafkaError(code))
      }
    }
    if waitingHead == waiting.count {
      waiting.removeAll(keepingCapacity: true)
      waitingHead = 0
    } else if waitingHead > 4096 {
      waiting.removeFirst(waitingHead)
      waitingHead = 0
    }
  }

  private func hand(_ waiting: Waiting) -> rd_kafka_resp_err_t {
    guard let topic = topic(waiting.record.topic) else { return rd_kafka_last_error() }
    // Released when its delivery is reported.
    let opaque = Unmanaged.passRetained(waiting.delivery)
    // MSG_F_COPY: the bytes are librdkafka's own from here on.
    let outcome = waiting.record.value.withUnsafeBytes { value in
      waiting.record.key.withUnsafeBytes { key in
        rd_kafka_produce(
          topic, waiting.record.partition ?? -1, RD_KAFKA_MSG_F_COPY,
          UnsafeMutableRawPointer(mutating: value.baseAddress),
          value.count, key.count > 0 ? key.baseAddress : nil, key.count, opaque.toOpaque())
      }
    }
    guard outcome != 0 else { return RD_KAFKA_RESP_ERR_NO_ERROR }
    opaque.release()
    return rd_kafka_last_error()
  }

  private func topic(_ name: String) -> OpaquePointer? {
    if let topic = topics[name] { return topic }
    guard let topic = rd_kafka_topic_new(handle.client, name, nil) else { return nil }
    topics[name] = topic
    return topic
  }

  private func received(_ event: OpaquePointer) {
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_DR:
      while let message = rd_kafka_event_message_next(event) { delivered(message) }
      if inFlight + waitingCount == 0 { signal.fire() }
    case RD_KAFKA_EVENT_ERROR:
      let error = handle.error(of: event)
      if error.isFatal { fatalError = error }
      onError(error)
    default: break
    }
  }

  private func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {
    inFlight -= 1
    guard let opaque = message.pointee._private else { return }
    let delivery = Unmanaged<Delivery>.fromOpaque(opaque).takeRetainedValue()
    let code = message.pointee.err
    delivery.reported(code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : fatalError ?? KafkaError(code))
  }

  /// Waits up to `patience` for what is under way; the rest fails. Then ends the client.
  package func close(patience: Duration = .seconds(5)) async {
    guard !isClosed else { return }
    isClosed = true
    let deadline = handle.loop.now &+ patience.nanoseconds
    while inFlight + waitingCount > 0, handle.loop.now < deadline { await signal.wait(until: deadline) }
    let rest = waiting[waitingHead...]
    waiting = []
    waitingHead = 0
    for entry in rest { entry.delivery.reported(.closed) }
    if inFlight > 0 {
      rd_kafka_purge(handle.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
      while inFlight > 0 { await signal.wait(until: handle.loop.now &+ 100_000_000) }
    }
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    topics = [:]
    await handle.close()
  }
}
