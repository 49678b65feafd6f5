import CKafka
package import Primitives

/// A record to be produced.
package struct KafkaRecord: Sendable {
  package var topic: String
  /// Records of one key go to one partition.
  package var key: [UInt8]
  package var value: [UInt8]

  package init(topic: String, key: [UInt8], value: [UInt8]) {
    self.topic = topic
    self.key = key
    self.value = value
  }
}

/// A topic's partition.
package struct KafkaPartition: Hashable, Sendable, CustomStringConvertible {
  package var topic: String
  package var partition: Int32

  package init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  package var description: String { "\(topic)/\(partition)" }
}

/// A record as a consumer gets it.
package struct KafkaReceivedRecord: Sendable {
  package let partition: KafkaPartition
  package let offset: Int64
  package let key: [UInt8]
  package let value: [UInt8]
  /// When it was made or appended, as the topic is configured; nil where the broker does not say.
  package let timestamp: Timestamp?

  init(_ message: UnsafePointer<rd_kafka_message_t>) {
    partition = KafkaPartition(String(cString: rd_kafka_topic_name(message.pointee.rkt)), message.pointee.partition)
    offset = message.pointee.offset
    key = [UInt8](UnsafeRawBufferPointer(start: message.pointee.key, count: message.pointee.key_len))
    value = [UInt8](UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len))
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let milliseconds = rd_kafka_message_timestamp(message, &kind)
    timestamp =
      kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : Timestamp(microseconds: milliseconds &* 1000)
  }
}
