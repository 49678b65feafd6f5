/// One partition that is a consumer's. On its loop only.
final class PartitionWork: @unchecked Sendable {
  let partition: KafkaPartition
  /// Where librdkafka puts its records. Ours to destroy, when the partition goes.
  let queue: OpaquePointer
  /// The offset behind the last record taken; what is below it is a repetition.
  var next: Int64 = -1
  /// A batch is in the handler, or waits to be given to it again.
  var isRunning = false
  /// When the handler was called; `max` when it is not in a call.
  var since = UInt64.max
  var task: Task<Void, Never>?
  var isPaused = false
  /// It goes: nothing more is begun.
  var isEnding = false
  /// It is another's, and the queue may be gone.
  var isGone = false

  init(_ partition: KafkaPartition, _ queue: OpaquePointer) {
    self.partition = partition
    self.queue = queue
  }

  var mayContinue: Bool { !isEnding && !isPaused && !isGone }
  var mayRun: Bool { !isRunning && mayContinue }
}
