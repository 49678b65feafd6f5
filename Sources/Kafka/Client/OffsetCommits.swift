import CKafka
import Networking

/// Commits offsets of a consumer, one request at a time. On its loop only.
///
/// Offsets gather for a moment, or until `flushing`: it spares the broker, and what is done twice when a member dies is as
/// little. A partition that is given back has its commit answered first (`KafkaConsumer.revoke`): one that met the group's
/// next generation would cost the member its whole assignment.
final class OffsetCommits {
  private let handle: KafkaHandle
  /// Fired when a request is answered.
  private let signal: LoopSignal
  /// To be committed.
  private var dirty: [KafkaPartition: Int64] = [:]
  private var underWay: [KafkaPartition: Int64] = [:]
  private var isWaiting = false
  private var isFlushing = false
  private var timer: LoopTimer?
  var onError: (KafkaError) -> Void = { _ in }

  init(_ handle: KafkaHandle, _ signal: LoopSignal) {
    self.handle = handle
    self.signal = signal
  }

  func add(_ partition: KafkaPartition, _ offset: Int64) {
    dirty[partition] = offset
    if isFlushing { send() } else { sendSoon() }
  }

  /// Sends what has gathered at once, and what comes while `body` runs.
  func flushing(_ body: () async -> Void) async {
    isFlushing = true
    send()
    await body()
    isFlushing = false
  }

  private func sendSoon() {
    guard timer?.isArmed != true else { return }
    let timer = timer ?? handle.loop.timer { [weak self] in self?.send() }
    self.timer = timer
    timer.arm(after: .milliseconds(100))
  }

  /// True as long as an offset of it is not committed.
  func isPending(_ partition: KafkaPartition) -> Bool { dirty[partition] != nil || underWay[partition] != nil }

  /// The partition is another's; what it has under way may still be answered.
  func forget(_ partition: KafkaPartition) {
    dirty[partition] = nil
    underWay[partition] = nil
  }

  private func send() {
    guard !isWaiting, !dirty.isEmpty, handle.isOpen else { return }
    let list = PartitionList(dirty)
    let code = rd_kafka_commit_queue(handle.client, list.pointer, handle.queue, nil, nil)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { return onError(KafkaError(code)) }
    isWaiting = true
    underWay = dirty
    dirty = [:]
  }

  func answered(_ event: OpaquePointer) {
    guard isWaiting else { return }
    isWaiting = false
    let sent = underWay
    underWay = [:]
    let overall = KafkaError(failing: rd_kafka_event_error(event), rd_kafka_event_error_string(event))
    var errors: [KafkaPartition: KafkaError] = [:]
    for entry in PartitionList.entries(rd_kafka_event_topic_partition_list(event)) {
      errors[entry.partition] = entry.error
    }
    var isToRepeat = false
    for (partition, offset) in sent {
      guard let error = errors[partition] ?? overall else { continue }
      if error.isRetriable {
        // A later offset stands for this one too.
        if dirty[partition] == nil { dirty[partition] = offset }
        isToRepeat = true
      } else {
        // The group has gone on without us, and whoever has the partition now does it again.
        onError(error)
      }
    }
    signal.fire()
    guard !dirty.isEmpty else { return }
    if isFlushing, !isToRepeat { send() } else { sendSoon() }
  }
}
