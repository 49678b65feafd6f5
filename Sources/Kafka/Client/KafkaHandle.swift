import CKafka
import CLinux
import Glibc
import Networking

/// Owns one librdkafka client and serves its queues on a loop. On that loop only.
final class KafkaHandle: @unchecked Sendable {
  enum Kind {
    case producer
    case consumer
  }

  /// A client for the threads that block: it may be used from any of them.
  struct Client: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// Metadata, watermarks, offsets for times, and the end of clients.
  static let threads = WorkerThreads(name: "kafka", threads: 2, queueLimit: 1024)

  let loop: EventLoop
  let client: OpaquePointer
  /// What the client has to say.
  let queue: OpaquePointer
  /// Called on the loop; the event is destroyed afterwards.
  var onEvent: (OpaquePointer) -> Void = { _ in }
  /// Called after each round of events: other queues that wake us may have something.
  var onWake: () -> Void = {}
  /// librdkafka's log: syslog's level, text.
  var onLog: (_ level: Int, _ text: String) -> Void = { _, _ in }
  private let kind: Kind
  private let wakeUp: Int32
  private var watch: DescriptorWatch?
  private var isServing = false
  private(set) var isOpen = true
  /// Blocking calls under way; the client outlives them.
  private var calls = 0
  private let signal: LoopSignal
  /// Bears the last rebalances of a consumer that is being closed.
  private var closingQueue: OpaquePointer?

  /// Throws `KafkaError` for a setting that librdkafka refuses.
  init(_ kind: Kind, _ settings: [(String, String)], events: Int32, loop: EventLoop) throws(KafkaError) {
    let client = try ClientSettings(settings, events: events)
      .makeClient(kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER)
    self.kind = kind
    self.loop = loop
    self.client = client
    if kind == .consumer { rd_kafka_poll_set_consumer(client) }
    queue = kind == .producer ? rd_kafka_queue_get_main(client) : rd_kafka_queue_get_consumer(client)
    rd_kafka_set_log_queue(client, nil)
    wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    signal = LoopSignal(loop)
  }

  /// Begins to serve. From here on the loop keeps the handle, until `close`.
  func start() {
    loop.assertCurrent()
    let watch = DescriptorWatch(descriptor: wakeUp, loop: loop) { [self] _ in
      var count: UInt64 = 0
      _ = read(wakeUp, &count, 8)
      serve()
    }
    self.watch = watch
    loop.add(watch, .read)
    wakes(queue)
    serve()
  }

  /// Makes a queue wake us when it is no longer empty.
  func wakes(_ queue: OpaquePointer) {
    var one: UInt64 = 1
    rd_kafka_queue_io_event_enable(queue, wakeUp, &one, 8)
  }

  func wakesNoMore(_ queue: OpaquePointer) { rd_kafka_queue_io_event_enable(queue, -1, nil, 0) }

  /// Serves what is there; bounded, so that a full queue leaves others their turn.
  func serve() {
    // An event's handler may lead here again.
    guard isOpen, !isServing else { return }
    isServing = true
    defer { isServing = false }
    for _ in 0..<512 {
      guard isOpen, let event = next() else {
        if isOpen { onWake() }
        return
      }
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG { log(event) } else { onEvent(event) }
      rd_kafka_event_destroy(event)
    }
    // The descriptor tells of the first event only.
    loop.atTickEnd { [weak self] in self?.serve() }
  }

  private func next() -> OpaquePointer? {
    if let event = rd_kafka_queue_poll(queue, 0) { return event }
    guard let closingQueue else { return nil }
    if let event = rd_kafka_queue_poll(closingQueue, 0) { return event }
    if rd_kafka_consumer_closed(client) != 0 { signal.fire() }
    return nil
  }

  private func log(_ event: OpaquePointer) {
    var facility: UnsafePointer<CChar>?
    var text: UnsafePointer<CChar>?
    var level: Int32 = 6
    guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let text else { return }
    onLog(Int(level), String(cString: text))
  }

  /// An ERROR event's error. A fatal one names its cause.
  func error(of event: OpaquePointer) -> KafkaError {
    let code = rd_kafka_event_error(event)
    let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
    guard rd_kafka_event_error_is_fatal(event) != 0 || code == RD_KAFKA_RESP_ERR__FATAL else {
      return KafkaError(code, reason.map { $0 + Self.advice(code, $0) })
    }
    var text = [CChar](repeating: 0, count: 512)
    let cause = rd_kafka_fatal_error(client, &text, text.count)
    return KafkaError(cause, CText.string(text), isRetriable: false, isFatal: true)
  }

  /// librdkafka before 2.6.1 says the nonce of SCRAM (RFC 5802, section 3) twice. Kafka 4 refuses that as a wrong password,
  /// which is what the operator would look for in vain.
  static let hasBrokenSCRAM = rd_kafka_version() < 0x0206_0100

  private static func advice(_ code: rd_kafka_resp_err_t, _ reason: String) -> String {
    guard code == RD_KAFKA_RESP_ERR__AUTHENTICATION, reason.contains("SCRAM"), hasBrokenSCRAM else { return "" }
    return """
      ; librdkafka \(String(cString: rd_kafka_version_str())) cannot authenticate by SCRAM with Kafka 4, whatever the \
      password (it takes 2.6.1): use PLAIN over TLS, or a certificate
      """
  }

  // MARK: What blocks

  /// Runs `body`, which may block and must end by itself, on a worker thread.
  func blocking<Result: Sendable>(
    _ body: @escaping @Sendable (OpaquePointer) throws(KafkaError) -> Result
  ) async throws(KafkaError) -> Result {
    loop.assertCurrent()
    guard isOpen else { throw .closed }
    calls += 1
    defer {
      calls -= 1
      signal.fire()
    }
    let client = Client(pointer: client)
    do {
      return try await Self.threads.run { try body(client.pointer) }
    } catch let error as KafkaError {
      throw error
    } catch {
      throw KafkaError(RD_KAFKA_RESP_ERR__QUEUE_FULL, "\(error)", isRetriable: true)
    }
  }

  // MARK: The end

  /// Leaves the group: its last rebalance comes through `onEvent`. Returns when that is done, or after `patience`.
  func leaveGroup(patience: Duration) async -> KafkaError? {
    guard isOpen, closingQueue == nil, let closingQueue = rd_kafka_queue_new(client) else { return nil }
    self.closingQueue = closingQueue
    wakes(closingQueue)
    let error = KafkaError(taking: rd_kafka_consumer_close_queue(client, closingQueue))
    let deadline = loop.now &+ patience.nanoseconds
    while rd_kafka_consumer_closed(client) == 0, loop.now < deadline {
      serve()
      // The queue tells of the end too; the short wait is for what it might not tell.
      await signal.wait(until: min(deadline, loop.now &+ 50_000_000))
    }
    return error
  }

  /// Destroys the client, which takes as long as its requests under way; returns when that is done.
  func close() async {
    loop.assertCurrent()
    guard isOpen else { return }
    isOpen = false
    wakesNoMore(queue)
    if let closingQueue { wakesNoMore(closingQueue) }
    if let watch { loop.remove(watch) }
    watch = nil
    onEvent = { _ in }
    onWake = {}
    while calls > 0 { await signal.wait(until: .max) }
    let flags = kind == .consumer ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0
    nonisolated(unsafe) let (client, queues) = (client, [queue, closingQueue].compactMap { $0 })
    let descriptor = wakeUp
    _ = try? await Self.threads.run {
      for queue in queues { rd_kafka_queue_destroy(queue) }
      rd_kafka_destroy_flags(client, flags)
      // Not before: queues that are nobody's any more may still write to it.
      Glibc.close(descriptor)
    }
  }
}
