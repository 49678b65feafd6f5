import CKafka
import Networking

/// Reading without being a member of a group: what stands at an offset.
extension KafkaAdmin {
  /// Of each partition, the first records from an offset on, `limit` at most; fewer where the partition ends, none where the
  /// offset is no longer, or not yet, there. Nothing is committed.
  /// - Throws: `isUnknownTopic`, and when a partition has not answered within the request's time.
  package func records(
    from offsets: [KafkaPartition: Int64], limit: Int = 1
  ) async throws(KafkaError) -> [KafkaPartition: [KafkaReceivedRecord]] {
    guard !offsets.isEmpty, limit > 0 else { return [:] }
    // librdkafka waits for a topic that is not there as if it might come.
    for topic in Set(offsets.keys.map(\.topic)) { _ = try await partitions(of: topic) }
    let milliseconds = Int(max(1, timeout.milliseconds))
    return try await reader().blocking { client throws(KafkaError) in
      try RecordReading(client, limit).run(offsets, within: milliseconds)
    }
  }

  /// Where Java's clients, and ours, put records of a key, among so many partitions (murmur2).
  package static func partition(ofKey key: some Sequence<UInt8>, of count: Int) -> Int32 {
    let bytes = Array(key)
    return bytes.withUnsafeBytes {
      rd_kafka_msg_partitioner_murmur2(nil, $0.baseAddress, $0.count, Int32(clamping: max(1, count)), nil, nil)
    }
  }
}

/// One reading of some partitions, on the thread that blocks for it.
private final class RecordReading {
  private let client: OpaquePointer
  private let queue: OpaquePointer?
  private let limit: Int
  private var topics: [String: OpaquePointer] = [:]
  /// Partitions that are being fetched.
  private var open: Set<KafkaPartition> = []
  private var found: [KafkaPartition: [KafkaReceivedRecord]] = [:]

  init(_ client: OpaquePointer, _ limit: Int) {
    self.client = client
    self.limit = limit
    queue = rd_kafka_queue_new(client)
  }

  deinit {
    for partition in open { stop(partition) }
    for topic in topics.values { rd_kafka_topic_destroy(topic) }
    if let queue { rd_kafka_queue_destroy(queue) }
  }

  func run(
    _ offsets: [KafkaPartition: Int64], within milliseconds: Int
  ) throws(KafkaError) -> [KafkaPartition: [KafkaReceivedRecord]] {
    for (partition, offset) in offsets {
      guard let topic = topics[partition.topic] ?? rd_kafka_topic_new(client, partition.topic, nil) else {
        throw KafkaError(rd_kafka_last_error())
      }
      topics[partition.topic] = topic
      guard rd_kafka_consume_start_queue(topic, partition.partition, offset, queue) == 0 else {
        throw KafkaError(rd_kafka_last_error())
      }
      open.insert(partition)
      found[partition] = []
    }
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(milliseconds)
    while !open.isEmpty {
      let left = clock.now.duration(to: deadline).milliseconds
      guard left > 0 else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT) }
      guard let message = rd_kafka_consume_queue(queue, Int32(clamping: min(left, 500))) else { continue }
      defer { rd_kafka_message_destroy(message) }
      try take(message)
    }
    return found
  }

  private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>) throws(KafkaError) {
    let name = message.pointee.rkt.map { CText.string(rd_kafka_topic_name($0)) } ?? ""
    let partition = KafkaPartition(name, message.pointee.partition)
    guard open.contains(partition) else { return }
    switch message.pointee.err {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      found[partition, default: []].append(KafkaReceivedRecord(message, of: partition))
      if found[partition, default: []].count >= limit { finish(partition) }
    // The end, or an offset that is not there: there is no more.
    case RD_KAFKA_RESP_ERR__PARTITION_EOF, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
      RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      finish(partition)
    default:
      let error = KafkaError(message.pointee.err)
      // Others pass, within the time.
      if !error.isRetriable { throw error }
    }
  }

  private func finish(_ partition: KafkaPartition) {
    stop(partition)
    open.remove(partition)
  }

  private func stop(_ partition: KafkaPartition) {
    if let topic = topics[partition.topic] { rd_kafka_consume_stop(topic, partition.partition) }
  }
}
