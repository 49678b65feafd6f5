/// A record to be produced.
package struct KafkaRecord: Sendable {
  package var topic: String
  /// Records of one key go to one partition, chosen as Java's clients do (murmur2); an empty key to any.
  package var key: [UInt8]
  package var value: [UInt8]
  /// Where it goes whatever its key is.
  package var partition: Int32?

  package init(topic: String, key: [UInt8], value: [UInt8], partition: Int32? = nil) {
    self.topic = topic
    self.key = key
    self.value = value
    self.partition = partition
  }
}
