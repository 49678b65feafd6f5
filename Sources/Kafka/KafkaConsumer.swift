import CKafka
package import Networking

/// A member of a consumer group. On its loop only.
///
/// Each partition's records go to the handler in their order, a batch at a time; partitions go side by side. When the
/// handler has returned, the offset behind the batch is committed; when it throws it is given the same batch again, after
/// a pause. A partition that is taken away, by a rebalance or by `close`, first finishes the batch in the handler and has
/// its commit answered; if it was lost already, what it had is dropped, for its new owner has it too.
///
/// A handler that does not return within `Settings.patience` keeps nobody waiting: the member leaves the group, so that
/// others go on with its partitions from what was committed, and joins again when the handler has returned.
package final class KafkaConsumer: @unchecked Sendable {
  package typealias Handler = @Sendable ([KafkaReceivedRecord]) async throws -> Void

  package struct Settings: Sendable {
    /// Where a group begins that has committed nothing, or whose offset is no longer there.
    package enum Start: String, Sendable {
      case earliest
      case latest
    }

    /// The most records that the handler is given at once.
    package var batch = 512
    package var start = Start.earliest
    /// How long the handler may take for a batch.
    package var patience = Duration.seconds(30)
    /// How long the group waits for a member that says nothing, for it has died. Kafka's own least value is 6 s.
    package var session = Duration.seconds(6)

    package init() {}
  }

  private let handle: KafkaHandle
  private let handler: Handler
  private let settings: Settings
  private let topics: [String]
  /// Fired when a batch is done or a commit is answered.
  private let signal: LoopSignal
  private var work: [KafkaPartition: PartitionWork] = [:]
  /// Taken away while in the handler, past patience; their successors wait for them.
  private var lingering: [PartitionWork] = []
  private let commits: OffsetCommits
  private var rebalances: [Rebalance] = []
  private var isRebalancing = false
  private var isClosing = false
  /// Left the group because the handler is stuck.
  private var hasSteppedAside = false
  private var watchdog: LoopTimer?
  /// How often the assignment was lost to others before it was given back: what was in hand then is done twice.
  package private(set) var losses = 0
  /// Told of errors that belong to no request: brokers that are away, a topic that is not there, a stuck handler.
  package var onError: (KafkaError) -> Void = { _ in }
  /// librdkafka's log: syslog's level, text.
  package var onLog: (_ level: Int, _ text: String) -> Void {
    get { handle.onLog }
    set { handle.onLog = newValue }
  }
  /// The partitions that are this member's, after each change.
  package var onAssignment: ([KafkaPartition]) -> Void = { _ in }

  /// Joins `group` in the background and consumes `topics` from its committed offsets.
  package init(
    _ configuration: KafkaConfiguration, group: String, topics: [String], loop: EventLoop,
    settings: Settings = Settings(), handler: @escaping Handler
  ) throws(KafkaError) {
    self.handler = handler
    self.settings = settings
    self.topics = topics
    let session = max(1000, settings.session.milliseconds)
    handle = try KafkaHandle(
      .consumer,
      configuration.settings([
        ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
        ("auto.offset.reset", settings.start.rawValue),
        // Not cooperative-sticky: see `rebalance`.
        ("partition.assignment.strategy", "range"), ("session.timeout.ms", "\(session)"),
        // By its heartbeat a member learns of a rebalance, for which all others wait.
        ("heartbeat.interval.ms", "\(min(500, session / 3))"),
        // A loop that hangs; a handler that does is found by the watchdog. The group waits as long in a rebalance.
        ("max.poll.interval.ms", "\(max(60_000, 2 * session, 2 * settings.patience.milliseconds))"),
        ("fetch.wait.max.ms", "250"),
        ("fetch.error.backoff.ms", "100"), ("queued.min.messages", "5000"), ("queued.max.messages.kbytes", "4096"),
      ]), events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_OFFSET_COMMIT, loop: loop)
    signal = LoopSignal(loop)
    commits = OffsetCommits(handle, signal)
    handle.onEvent = { [weak self] in self?.received($0) }
    handle.onWake = { [weak self] in self?.look() }
    commits.onError = { [weak self] in self?.onError($0) }
    let code = subscribe()
    handle.start()
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
      loop.start { [handle] in await handle.close() }
      throw KafkaError(code)
    }
    watch()
  }

  private func subscribe() -> rd_kafka_resp_err_t {
    let list = PartitionList(topics.map { KafkaPartition($0, -1) })
    return rd_kafka_subscribe(handle.client, list.pointer)
  }

  /// What is assigned to this member now.
  package var partitions: [KafkaPartition] { Array(work.keys) }

  // MARK: Pause and resume

  /// Gives the handler no more of these partitions, after the batch that it has. They stay this member's; after a
  /// rebalance, which `onAssignment` tells of, nothing is paused any more.
  package func pause(_ partitions: [KafkaPartition]) {
    let paused = partitions.compactMap { work[$0] }
    for work in paused { work.isPaused = true }
    let list = PartitionList(paused.map(\.partition))
    rd_kafka_pause_partitions(handle.client, list.pointer)
  }

  package func resume(_ partitions: [KafkaPartition]) {
    let resumed = partitions.compactMap { work[$0] }.filter(\.isPaused)
    let list = PartitionList(resumed.map(\.partition))
    rd_kafka_resume_partitions(handle.client, list.pointer)
    for work in resumed {
      work.isPaused = false
      run(work)
    }
  }

  // MARK: Events

  private func received(_ event: OpaquePointer) {
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      let isAssignment = rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
      let partitions = PartitionList.entries(rd_kafka_event_topic_partition_list(event)).map(\.partition)
      rebalance(Rebalance(assigns: isAssignment, partitions: partitions))
    case RD_KAFKA_EVENT_OFFSET_COMMIT: commits.answered(event)
    case RD_KAFKA_EVENT_FETCH:
      // Records come through their partition's queue; what comes here is an error of one.
      while let message = rd_kafka_event_message_next(event) {
        if let error = KafkaError(failing: message.pointee.err) { onError(error) }
      }
    case RD_KAFKA_EVENT_ERROR: onError(handle.error(of: event))
    default: break
    }
  }

  /// Something has come, into some queue.
  private func look() {
    for work in work.values { run(work) }
  }

  // MARK: Work

  private func run(_ work: PartitionWork) {
    guard work.mayRun, !lingering.contains(where: { $0.partition == work.partition }), let first = take(work) else {
      return
    }
    work.isRunning = true
    work.task = handle.loop.start { [self] in
      var records = first
      while true {
        await handle(records, work)
        if !work.mayContinue { break }
        guard let next = take(work) else { break }
        records = next
      }
      work.isRunning = false
      work.task = nil
      if let index = lingering.firstIndex(where: { $0 === work }) {
        lingering.remove(at: index)
        if lingering.isEmpty { comeBack() }
        look()
      }
      signal.fire()
    }
  }

  /// The next records of a partition, at most a batch; nil when there are none.
  private func take(_ work: PartitionWork) -> [KafkaReceivedRecord]? {
    var records: [KafkaReceivedRecord] = []
    while records.count < settings.batch, let event = rd_kafka_queue_poll(work.queue, 0) {
      while let message = rd_kafka_event_message_next(event) {
        if let error = KafkaError(failing: message.pointee.err) {
          onError(error)
        } else if message.pointee.offset >= work.next || work.next < 0 {
          records.append(KafkaReceivedRecord(message, of: work.partition))
          work.next = message.pointee.offset + 1
        }
      }
      rd_kafka_event_destroy(event)
    }
    return records.isEmpty ? nil : records
  }

  private func handle(_ records: [KafkaReceivedRecord], _ work: PartitionWork) async {
    var failures = 0
    while true {
      do {
        work.since = handle.loop.now
        try await handler(records)
        work.since = .max
        break
      } catch {
        work.since = .max
        // The batch is another's when it ends here: its offset is not committed.
        if work.isEnding { return }
        failures += 1
        try? await handle.loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        if work.isEnding { return }
      }
    }
    // Too late: the partition is another's.
    guard !work.isGone, let last = records.last else { return }
    commits.add(work.partition, last.offset + 1)
  }

  // MARK: A stuck handler

  /// Looks after the handlers, and keeps librdkafka from believing that nobody polls a topic in which nothing happens.
  private func watch() {
    let period = min(max(settings.patience.nanoseconds / 4, 20_000_000), 5_000_000_000)
    watchdog = handle.loop.timer { [weak self] in
      guard let self, !isClosing else { return }
      handle.serve()
      // One whose partition has gone, too: it may have come back, and waits behind the stuck batch.
      if !hasSteppedAside, work.values.contains(where: isOverdue) || lingering.contains(where: isOverdue) {
        stepAside()
      }
      watchdog?.arm(at: handle.loop.now &+ period)
    }
    watchdog?.arm(at: handle.loop.now &+ period)
  }

  private func isOverdue(_ work: PartitionWork) -> Bool {
    work.isRunning && work.since < handle.loop.now && handle.loop.now - work.since > settings.patience.nanoseconds
  }

  private func stepAside() {
    hasSteppedAside = true
    onError(
      KafkaError(
        RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED,
        "a handler has not returned within \(settings.patience); the member leaves its group until it has",
        isRetriable: true))
    rd_kafka_unsubscribe(handle.client)
  }

  private func comeBack() {
    guard hasSteppedAside, !isClosing, handle.isOpen else { return }
    hasSteppedAside = false
    let code = subscribe()
    if let error = KafkaError(failing: code) { onError(error) }
  }

  // MARK: Rebalance

  /// A change of the assignment that librdkafka waits for us to carry out.
  private struct Rebalance {
    var assigns: Bool
    var partitions: [KafkaPartition]
  }

  /// One after the other: a revocation takes as long as the handler does.
  ///
  /// The protocol is the eager one: before a member joins anew it gives back all that it has, so between JoinGroup and its
  /// answer it has nothing to commit. A cooperative member has, and its commit waits behind JoinGroup on the same
  /// connection: when the broker reads it, it is of a generation that has ended. librdkafka 2.0 answers ILLEGAL_GENERATION
  /// by forgetting the new generation too, so that SyncGroup fails, and by giving up the whole assignment as lost.
  private func rebalance(_ change: Rebalance) {
    rebalances.append(change)
    guard !isRebalancing else { return }
    isRebalancing = true
    handle.loop.start { [self] in
      while !rebalances.isEmpty {
        let next = rebalances.removeFirst()
        if next.assigns { assign(next.partitions) } else { await revoke(next.partitions) }
        onAssignment(partitions)
      }
      isRebalancing = false
    }
  }

  private func assign(_ partitions: [KafkaPartition]) {
    for partition in partitions {
      guard let queue = rd_kafka_queue_get_partition(handle.client, partition.topic, partition.partition) else {
        continue
      }
      // Records stay in it until they are taken, and before any of them comes.
      rd_kafka_queue_forward(queue, nil)
      handle.wakes(queue)
      work[partition] = PartitionWork(partition, queue)
    }
    let list = PartitionList(partitions)
    if let error = KafkaError(failing: rd_kafka_assign(handle.client, list.pointer)) { onError(error) }
  }

  private func revoke(_ partitions: [KafkaPartition]) async {
    let isLost = rd_kafka_assignment_lost(handle.client) != 0
    let going = partitions.compactMap { work.removeValue(forKey: $0) }
    for work in going { work.isEnding = true }
    // A lost one is another's already: nothing of ours counts there any more.
    if isLost { losses += 1 } else { await commits.flushing { await finish(going) } }
    let paused = PartitionList(going.filter(\.isPaused).map(\.partition))
    rd_kafka_resume_partitions(handle.client, paused.pointer)
    for work in going {
      work.isGone = true
      commits.forget(work.partition)
      if work.isRunning { lingering.append(work) }
      handle.wakesNoMore(work.queue)
    }
    if let error = KafkaError(failing: rd_kafka_assign(handle.client, nil)) { onError(error) }
    // Only now: as long as it is assigned, the partition's records have to go somewhere.
    for work in going { rd_kafka_queue_destroy(work.queue) }
    if lingering.isEmpty { comeBack() }
  }

  /// Waits for the batches in the handler and for the commits, as long as there is patience.
  private func finish(_ going: [PartitionWork]) async {
    let deadline = handle.loop.now &+ settings.patience.nanoseconds
    while handle.loop.now < deadline {
      let isUnderWay = going.contains { $0.isRunning && !isOverdue($0) }
      let isCommitting = going.contains { commits.isPending($0.partition) }
      guard isUnderWay || isCommitting else { return }
      await signal.wait(until: min(deadline, handle.loop.now &+ 50_000_000))
    }
  }

  // MARK: The end

  /// Finishes what is in the handler, commits it, leaves the group, and ends the client. A handler that is still not done
  /// when patience has run out is cancelled.
  package func close() async {
    guard !isClosing else { return }
    isClosing = true
    watchdog?.cancel()
    for work in work.values { work.isEnding = true }
    if let error = await handle.leaveGroup(patience: settings.patience + settings.session) { onError(error) }
    // What was not taken from us in time.
    for work in work.values {
      work.isGone = true
      handle.wakesNoMore(work.queue)
      rd_kafka_queue_destroy(work.queue)
      if work.isRunning { lingering.append(work) }
    }
    work = [:]
    for work in lingering { work.task?.cancel() }
    let deadline = handle.loop.now &+ Duration.seconds(1).nanoseconds
    while !lingering.isEmpty, handle.loop.now < deadline { await signal.wait(until: deadline) }
    await handle.close()
  }
}
