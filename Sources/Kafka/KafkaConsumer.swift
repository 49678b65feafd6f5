import CKafka
package import Networking

/// A member of a consumer group. On its loop only.
///
/// Each partition's records go to the handler in their order, a batch at a time; partitions go side by side. When the
/// handler has returned, the offset behind the batch is committed; when it throws it is given the same batch again, after
/// a pause. A partition that is taken away, by a rebalance or by `close`, first finishes the batch in the handler and has
/// its commit answered; if it was lost already, what it had is dropped, for its new owner has it too.
package final class KafkaConsumer: @unchecked Sendable {
  package typealias Handler = @Sendable ([KafkaReceivedRecord]) async throws -> Void

  /// One partition that is ours.
  private final class Work: @unchecked Sendable {
    let partition: KafkaPartition
    var buffer: [KafkaReceivedRecord] = []
    var isRunning = false
    /// It goes, or is gone: nothing more is begun.
    var isEnding = false
    var isPaused = false

    init(_ partition: KafkaPartition) { self.partition = partition }
  }

  private let handle: KafkaHandle
  private let handler: Handler
  private let batch: Int
  private var work: [KafkaPartition: Work] = [:]
  /// Commits that the broker has not answered.
  private var commits = 0
  private var isClosing = false
  private var isRevoking = false
  private var deferredRebalances: [PendingRebalance] = []
  package var onError: (KafkaError) -> Void = { _ in }
  package var onLog: (_ level: Int, _ text: String) -> Void {
    get { handle.onLog }
    set { handle.onLog = newValue }
  }
  /// The partitions that are this member's, after each change.
  package var onAssignment: ([KafkaPartition]) -> Void = { _ in }

  /// Records that a partition may hold before it is paused; half of it resumes.
  private static let bufferLimit = 4096

  /// Joins `group` in the background and consumes `topics` from its committed offsets, or from the beginning.
  /// - Parameter batch: the most records that the handler is given at once.
  package init(
    _ configuration: KafkaConfiguration, group: String, topics: [String], loop: EventLoop, batch: Int = 512,
    handler: @escaping Handler
  ) throws(KafkaError) {
    let settings = configuration.settings([
      ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
      ("auto.offset.reset", "earliest"), ("partition.assignment.strategy", "cooperative-sticky"),
      ("session.timeout.ms", "10000"), ("heartbeat.interval.ms", "2000"), ("max.poll.interval.ms", "300000"),
      ("fetch.wait.max.ms", "100"), ("queued.max.messages.kbytes", "16384"), ("enable.partition.eof", "false"),
    ])
    self.handler = handler
    self.batch = batch
    handle = try KafkaHandle(
      .consumer, settings, events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_OFFSET_COMMIT,
      loop: loop)
    handle.onEvent = { [unowned self] in received($0) }
    let list = PartitionList(capacity: topics.count)
    for topic in topics { list.append(KafkaPartition(topic, -1)) }
    let code = rd_kafka_subscribe(handle.client, list.pointer)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code) }
    handle.start()
  }

  package var partitions: [KafkaPartition] { Array(work.keys) }

  // MARK: Events

  private func received(_ event: OpaquePointer) {
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_FETCH:
      while let message = rd_kafka_event_message_next(event) { fetched(message) }
    case RD_KAFKA_EVENT_REBALANCE:
      guard let list = rd_kafka_event_topic_partition_list(event) else { return }
      rebalance(PendingRebalance(rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, list))
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      if commits > 0 { commits -= 1 }
      let code = rd_kafka_event_error(event)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR, code != RD_KAFKA_RESP_ERR__NO_OFFSET { onError(KafkaError(code)) }
    case RD_KAFKA_EVENT_ERROR: onError(handle.error(of: event))
    default: break
    }
  }

  private func fetched(_ message: UnsafePointer<rd_kafka_message_t>) {
    guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
      return onError(KafkaError(message.pointee.err))
    }
    let record = KafkaReceivedRecord(message)
    guard let work = work[record.partition], !work.isEnding else { return }
    work.buffer.append(record)
    if work.buffer.count >= Self.bufferLimit, !work.isPaused {
      work.isPaused = true
      let list = PartitionList(capacity: 1)
      list.append(work.partition)
      rd_kafka_pause_partitions(handle.client, list.pointer)
    }
    run(work)
  }

  // MARK: Work

  private func run(_ work: Work) {
    guard !work.isRunning else { return }
    work.isRunning = true
    handle.loop.start { [self] in
      while !work.isEnding, !work.buffer.isEmpty { await runBatch(work) }
      work.isRunning = false
    }
  }

  private func runBatch(_ work: Work) async {
    let records = Array(work.buffer.prefix(batch))
    work.buffer.removeFirst(records.count)
    resumeIfDrained(work)
    var failures = 0
    while true {
      do {
        try await handler(records)
        break
      } catch {
        // The batch is another's when it ends here: its offset is not committed.
        if work.isEnding { return }
        failures += 1
        try? await handle.loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        if work.isEnding { return }
      }
    }
    if let last = records.last { commit(work.partition, last.offset + 1) }
  }

  private func resumeIfDrained(_ work: Work) {
    guard work.isPaused, work.buffer.count <= Self.bufferLimit / 2 else { return }
    work.isPaused = false
    let list = PartitionList(capacity: 1)
    list.append(work.partition)
    rd_kafka_resume_partitions(handle.client, list.pointer)
  }

  private func commit(_ partition: KafkaPartition, _ offset: Int64) {
    guard handle.isOpen else { return }
    let list = PartitionList(capacity: 1)
    list.append(partition, offset: offset)
    if rd_kafka_commit_queue(handle.client, list.pointer, handle.queue, nil, nil) == RD_KAFKA_RESP_ERR_NO_ERROR {
      commits += 1
    }
  }

  // MARK: Rebalance

  /// A change of the assignment that librdkafka waits for us to carry out.
  private struct PendingRebalance {
    var assigns: Bool
    var partitions: [KafkaPartition]

    init(_ assigns: Bool, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
      self.assigns = assigns
      partitions = PartitionList.partitions(list)
    }
  }

  /// One after the other: a revocation takes as long as the handler does.
  private func rebalance(_ change: PendingRebalance) {
    deferredRebalances.append(change)
    guard !isRevoking else { return }
    isRevoking = true
    handle.loop.start { [self] in
      while !deferredRebalances.isEmpty {
        let next = deferredRebalances.removeFirst()
        if next.assigns { assign(next.partitions) } else { await revoke(next.partitions) }
        onAssignment(Array(work.keys))
      }
      isRevoking = false
    }
  }

  private func assign(_ partitions: [KafkaPartition]) {
    for partition in partitions { work[partition] = Work(partition) }
    let list = PartitionList(capacity: partitions.count)
    for partition in partitions { list.append(partition) }
    if let error = KafkaError(taking: rd_kafka_incremental_assign(handle.client, list.pointer)) { onError(error) }
  }

  private func revoke(_ partitions: [KafkaPartition]) async {
    let isLost = rd_kafka_assignment_lost(handle.client) != 0
    let going = partitions.compactMap { work.removeValue(forKey: $0) }
    for work in going {
      work.isEnding = true
      work.buffer = []
    }
    // A lost one is another's already: nothing of ours counts there any more.
    if !isLost { await finish(going) }
    let list = PartitionList(capacity: partitions.count)
    for partition in partitions { list.append(partition) }
    if let error = KafkaError(taking: rd_kafka_incremental_unassign(handle.client, list.pointer)) { onError(error) }
  }

  /// Waits for the batches in the handler and for the commits, up to a limit that is far below the group's patience.
  private func finish(_ going: [Work]) async {
    let deadline = handle.loop.now &+ Duration.seconds(20).nanoseconds
    while going.contains(where: \.isRunning) || commits > 0, handle.loop.now < deadline {
      try? await handle.loop.sleep(for: .milliseconds(2))
    }
  }

  // MARK: The end

  /// Finishes what is in the handler, commits it, leaves the group, and ends the client.
  package func close() async {
    guard !isClosing else { return }
    isClosing = true
    // librdkafka revokes everything through the queue that is served here.
    if let error = KafkaError(taking: rd_kafka_consumer_close_queue(handle.client, handle.queue)) { onError(error) }
    let deadline = handle.loop.now &+ Duration.seconds(30).nanoseconds
    while rd_kafka_consumer_closed(handle.client) == 0, handle.loop.now < deadline {
      try? await handle.loop.sleep(for: .milliseconds(2))
    }
    await handle.close()
  }
}
