import CKafka
package import Networking

/// Administration of a Kafka cluster. On its loop only.
///
/// A call that fails as a whole throws; what fails for one topic, group or partition among several is in the answer.
package final class KafkaAdmin: @unchecked Sendable {
  let handle: KafkaHandle
  /// How long a request may take.
  let timeout: Duration
  private let configuration: KafkaConfiguration
  /// Clients that know a group without being in it, by its name.
  private var observers: [String: KafkaHandle] = [:]
  /// Asks all brokers for their groups; see `groups`.
  private var openLister: KafkaHandle?
  /// Reads records; see `records(from:limit:)`.
  private var openReader: KafkaHandle?
  private var requests: [UInt: (OpaquePointer?) -> Void] = [:]
  private var nextRequest: UInt = 0
  /// Told of errors that belong to no request: brokers that are away.
  package var onError: (KafkaError) -> Void = { _ in }

  /// Connects in the background. Throws `KafkaError` for a configuration that cannot be.
  package init(
    _ configuration: KafkaConfiguration, loop: EventLoop, timeout: Duration = .seconds(15)
  ) throws(KafkaError) {
    self.timeout = timeout
    self.configuration = configuration
    handle = try KafkaHandle(.producer, configuration.settings([]), events: 0, loop: loop)
    handle.onEvent = { [weak self] in self?.received($0) }
    handle.start()
  }

  /// Ends the client; requests under way fail.
  package func close() async {
    let open = requests
    requests = [:]
    for finish in open.values { finish(nil) }
    let others = Array(observers.values) + [openReader, openLister].compactMap { $0 }
    observers = [:]
    openLister = nil
    openReader = nil
    for other in others { await other.close() }
    await handle.close()
  }

  /// A client of `group` that never joins it, to ask for what it has committed. Kept until `close`: those who ask, ask again.
  func observer(of group: String) throws(KafkaError) -> KafkaHandle {
    guard handle.isOpen else { throw .closed }
    if let observer = observers[group] { return observer }
    let observer = try KafkaHandle(
      .consumer, configuration.settings([("group.id", group), ("enable.auto.commit", "false")]), events: 0,
      loop: handle.loop)
    observer.onEvent = { [weak self] in self?.received($0) }
    observer.start()
    observers[group] = observer
    return observer
  }

  func lister() throws(KafkaError) -> KafkaHandle {
    guard handle.isOpen else { throw .closed }
    if let openLister { return openLister }
    let lister = try KafkaHandle(.producer, configuration.settings([]), events: 0, loop: handle.loop)
    lister.onEvent = { [weak self] in self?.received($0) }
    lister.start()
    openLister = lister
    return lister
  }

  /// The next one knows which brokers there are now.
  func forgetLister() async {
    let lister = openLister
    openLister = nil
    await lister?.close()
  }

  /// A client that reads partitions from wherever it is told to. It has a group's name, for librdkafka wants one, and never
  /// joins or commits.
  func reader() throws(KafkaError) -> KafkaHandle {
    guard handle.isOpen else { throw .closed }
    if let openReader { return openReader }
    let reader = try KafkaHandle(
      .consumer,
      configuration.settings([
        ("group.id", "chatd-reader"), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", "error"), ("enable.partition.eof", "true"), ("queued.min.messages", "1"),
        ("fetch.wait.max.ms", "100"), ("fetch.error.backoff.ms", "100"),
      ]), events: 0, loop: handle.loop)
    reader.onEvent = { [weak self] in self?.received($0) }
    reader.start()
    openReader = reader
    return reader
  }

  private func received(_ event: OpaquePointer) {
    if rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR { return onError(handle.error(of: event)) }
    // The request's number is what librdkafka carries for us.
    requests.removeValue(forKey: UInt(bitPattern: rd_kafka_event_opaque(event)))?(event)
  }

  /// Sends a request and reads its answer. What a broker cannot answer yet, for it is just beginning to lead or to
  /// coordinate, is asked again.
  /// - Parameter observer: the client that asks, where the usual one cannot.
  func request<Answer: Sendable>(
    _ operation: rd_kafka_admin_op_t, validatesOnly: Bool = false, by observer: KafkaHandle? = nil,
    _ send: (_ client: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) -> Void,
    _ read: @escaping (_ event: OpaquePointer) throws(KafkaError) -> Answer
  ) async throws(KafkaError) -> Answer {
    handle.loop.assertCurrent()
    let deadline = handle.loop.now &+ timeout.nanoseconds
    while true {
      do throws(KafkaError) {
        return try await requestOnce(operation, validatesOnly, observer ?? handle, send, read)
      } catch {
        guard error.isTransitional, handle.loop.now < deadline, handle.isOpen else { throw error }
        try? await handle.loop.sleep(for: .milliseconds(100))
      }
    }
  }

  private func requestOnce<Answer: Sendable>(
    _ operation: rd_kafka_admin_op_t, _ validatesOnly: Bool, _ handle: KafkaHandle,
    _ send: (_ client: OpaquePointer, _ options: OpaquePointer, _ queue: OpaquePointer) -> Void,
    _ read: @escaping (_ event: OpaquePointer) throws(KafkaError) -> Answer
  ) async throws(KafkaError) -> Answer {
    guard handle.isOpen else { throw .closed }
    guard let options = rd_kafka_AdminOptions_new(handle.client, operation) else {
      throw KafkaError(invalid: "librdkafka does not know the request")
    }
    defer { rd_kafka_AdminOptions_destroy(options) }
    let milliseconds = Int32(clamping: max(1, timeout.milliseconds))
    rd_kafka_AdminOptions_set_request_timeout(options, milliseconds, nil, 0)
    // Not every request has it; then it answers when it is accepted.
    rd_kafka_AdminOptions_set_operation_timeout(options, milliseconds, nil, 0)
    if validatesOnly { rd_kafka_AdminOptions_set_validate_only(options, 1, nil, 0) }
    nextRequest += 1
    let number = nextRequest
    rd_kafka_AdminOptions_set_opaque(options, UnsafeMutableRawPointer(bitPattern: number))
    let result: Result<Answer, KafkaError> = await withUnsafeContinuation { continuation in
      requests[number] = { event in
        guard let event else { return continuation.resume(returning: .failure(.closed)) }
        if let error = KafkaError(failing: rd_kafka_event_error(event), rd_kafka_event_error_string(event)) {
          return continuation.resume(returning: .failure(error))
        }
        do throws(KafkaError) {
          continuation.resume(returning: .success(try read(event)))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
      send(handle.client, options, handle.queue)
    }
    return try result.get()
  }

  /// Failures by topic, of a request about several.
  static func failures(_ topics: UnsafeMutablePointer<OpaquePointer?>?, _ count: Int) -> [String: KafkaError] {
    var failures: [String: KafkaError] = [:]
    for index in 0..<count {
      let topic = topics?[index]
      let error = KafkaError(failing: rd_kafka_topic_result_error(topic), rd_kafka_topic_result_error_string(topic))
      if let error { failures[CText.string(rd_kafka_topic_result_name(topic))] = error }
    }
    return failures
  }
}
