import CKafka

/// Owns a list of topics' partitions with their offsets.
struct PartitionList: ~Copyable {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(capacity: Int = 0) { pointer = rd_kafka_topic_partition_list_new(Int32(capacity)) }

  init(_ partitions: some Collection<KafkaPartition>) {
    self.init(capacity: partitions.count)
    for partition in partitions { append(partition) }
  }

  init(_ offsets: [KafkaPartition: Int64]) {
    self.init(capacity: offsets.count)
    for (partition, offset) in offsets { append(partition, offset: offset) }
  }

  deinit { rd_kafka_topic_partition_list_destroy(pointer) }

  func append(_ partition: KafkaPartition, offset: Int64? = nil) {
    let entry = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)
    if let offset { entry?.pointee.offset = offset }
  }

  /// An entry of a list, copied.
  struct Entry {
    var partition: KafkaPartition
    var offset: Int64
    var error: KafkaError?
  }

  var entries: [Entry] { Self.entries(pointer) }

  static func entries(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [Entry] {
    guard let list, list.pointee.cnt > 0 else { return [] }
    return UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt)).map { element in
      Entry(
        partition: KafkaPartition(CText.string(element.topic), element.partition), offset: element.offset,
        error: KafkaError(failing: element.err))
    }
  }
}
