import CKafka
package import Primitives

/// A record as a consumer gets it.
package struct KafkaReceivedRecord: Sendable, Equatable {
  package let partition: KafkaPartition
  package let offset: Int64
  package let key: [UInt8]
  package let value: [UInt8]
  /// When it was made or appended, as the topic is configured; nil where the broker does not say.
  package let timestamp: Timestamp?

  /// Copies a message that librdkafka owns.
  init(_ message: UnsafePointer<rd_kafka_message_t>, of partition: KafkaPartition) {
    self.partition = partition
    offset = message.pointee.offset
    key = [UInt8](UnsafeRawBufferPointer(start: message.pointee.key, count: message.pointee.key_len))
    value = [UInt8](UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len))
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let milliseconds = rd_kafka_message_timestamp(message, &kind)
    timestamp =
      kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? nil : Timestamp(microseconds: milliseconds &* 1000)
  }
}
