import CKafka

/// Owns a list of topics' partitions with their offsets.
struct PartitionList: ~Copyable {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(capacity: Int = 0) { pointer = rd_kafka_topic_partition_list_new(Int32(capacity)) }

  /// A copy of a list that somebody else owns.
  init(copying list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
    pointer = rd_kafka_topic_partition_list_copy(list)
  }

  deinit { rd_kafka_topic_partition_list_destroy(pointer) }

  func append(_ partition: KafkaPartition, offset: Int64? = nil) {
    let entry = rd_kafka_topic_partition_list_add(pointer, partition.topic, partition.partition)
    if let offset { entry?.pointee.offset = offset }
  }

  var partitions: [KafkaPartition] { Self.partitions(pointer) }

  static func partitions(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) -> [KafkaPartition] {
    (0..<Int(list.pointee.cnt)).map {
      KafkaPartition(String(cString: list.pointee.elems[$0].topic), list.pointee.elems[$0].partition)
    }
  }
}
