import CKafka

/// A cluster's brokers and topics, as one broker sees them.
package struct KafkaMetadata: Sendable {
  package struct Broker: Sendable {
    package var id: Int32
    package var host: String
    package var port: Int32
  }

  package struct Partition: Sendable {
    package var id: Int32
    /// The broker that leads it; nil while there is none.
    package var leader: Int32?
    package var replicas: [Int32]
    /// Those that have all that is acknowledged.
    package var inSync: [Int32]
    package var error: KafkaError?
  }

  package struct Topic: Sendable {
    package var name: String
    package var partitions: [Partition]
    /// `isUnknownTopic` for one that is not there.
    package var error: KafkaError?
  }

  package var brokers: [Broker]
  package var topics: [String: Topic]

  init(_ metadata: rd_kafka_metadata) {
    brokers = UnsafeBufferPointer(start: metadata.brokers, count: Int(metadata.broker_cnt)).map {
      Broker(id: $0.id, host: CText.string($0.host), port: $0.port)
    }
    topics = [:]
    for topic in UnsafeBufferPointer(start: metadata.topics, count: Int(metadata.topic_cnt)) {
      let name = CText.string(topic.topic)
      let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt)).map {
        Partition(
          id: $0.id, leader: $0.leader < 0 ? nil : $0.leader,
          replicas: Array(UnsafeBufferPointer(start: $0.replicas, count: Int($0.replica_cnt))),
          inSync: Array(UnsafeBufferPointer(start: $0.isrs, count: Int($0.isr_cnt))), error: KafkaError(failing: $0.err)
        )
      }
      topics[name] = Topic(
        name: name, partitions: partitions.sorted { $0.id < $1.id }, error: KafkaError(failing: topic.err))
    }
  }
}
