import CKafka
import CLinux
import Glibc
import Networking

/// Owns one librdkafka client and serves its queue on a loop.
final class KafkaHandle: @unchecked Sendable {
  enum Kind {
    case producer
    case consumer
  }

  let loop: EventLoop
  let client: OpaquePointer
  /// What the client has to say.
  let queue: OpaquePointer
  /// Called on the loop; the event is destroyed afterwards.
  var onEvent: (OpaquePointer) -> Void = { _ in }
  /// librdkafka's log: syslog's level, text.
  var onLog: (_ level: Int, _ text: String) -> Void = { _, _ in }
  private let wakeUp: Int32
  private var watch: DescriptorWatch?
  private(set) var isOpen = true

  /// Throws `KafkaError` for a setting that librdkafka refuses.
  init(_ kind: Kind, _ settings: [(String, String)], events: Int32, loop: EventLoop) throws(KafkaError) {
    self.loop = loop
    guard let configuration = rd_kafka_conf_new() else { throw KafkaError(configuration: "out of memory") }
    var text = [CChar](repeating: 0, count: 512)
    for (name, value) in settings
    where rd_kafka_conf_set(configuration, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(configuration: Self.string(text))
    }
    rd_kafka_conf_set_events(configuration, events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
    guard let client = rd_kafka_new(type, configuration, &text, text.count) else {
      // Only when it succeeds does the client own the configuration.
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(configuration: Self.string(text))
    }
    self.client = client
    if kind == .consumer { rd_kafka_poll_set_consumer(client) }
    queue = kind == .producer ? rd_kafka_queue_get_main(client) : rd_kafka_queue_get_consumer(client)
    rd_kafka_set_log_queue(client, nil)
    wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
  }

  /// Begins to serve.
  func start() {
    loop.assertCurrent()
    let watch = DescriptorWatch(descriptor: wakeUp, loop: loop) { [unowned self] _ in
      var count: UInt64 = 0
      _ = read(wakeUp, &count, 8)
      serve()
    }
    self.watch = watch
    loop.add(watch, .read)
    var one: UInt64 = 1
    rd_kafka_queue_io_event_enable(queue, wakeUp, &one, 8)
    serve()
  }

  /// Serves what is there; bounded, so that a full queue leaves others their turn.
  private func serve() {
    for _ in 0..<512 {
      guard isOpen, let event = rd_kafka_queue_poll(queue, 0) else { return }
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_LOG { log(event) } else { onEvent(event) }
      rd_kafka_event_destroy(event)
    }
    // The descriptor tells of the first event only.
    loop.atTickEnd { [weak self] in self?.serve() }
  }

  private func log(_ event: OpaquePointer) {
    var facility: UnsafePointer<CChar>?
    var text: UnsafePointer<CChar>?
    var level: Int32 = 6
    guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let text else { return }
    onLog(Int(level), String(cString: text))
  }

  /// Destroys the client, which takes as long as its requests under way; returns when that is done.
  func close() async {
    loop.assertCurrent()
    guard isOpen else { return }
    isOpen = false
    rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
    if let watch { loop.remove(watch) }
    watch = nil
    onEvent = { _ in }
    Glibc.close(wakeUp)
    nonisolated(unsafe) let (client, queue) = (client, queue)
    _ = try? await WorkerThreads.blocking.run {
      rd_kafka_queue_destroy(queue)
      rd_kafka_destroy(client)
    }
  }

  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// An ERROR event's error. A fatal one names its cause.
  func error(of event: OpaquePointer) -> KafkaError {
    let code = rd_kafka_event_error(event)
    let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
    guard rd_kafka_event_error_is_fatal(event) != 0 || code == RD_KAFKA_RESP_ERR__FATAL else {
      return KafkaError(code, reason)
    }
    var text = [CChar](repeating: 0, count: 512)
    let cause = rd_kafka_fatal_error(client, &text, text.count)
    return KafkaError(cause, Self.string(text), isRetriable: false, isFatal: true)
  }
}
