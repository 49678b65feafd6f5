import CKafka

/// A topic to be made.
package struct KafkaNewTopic: Sendable {
  package var name: String
  package var partitions: Int
  /// Replicas of each partition; nil is the broker's default.
  package var replication: Int?
  /// Settings of its own: `retention.ms` and the like.
  package var configuration: [String: String]

  package init(_ name: String, partitions: Int, replication: Int? = nil, configuration: [String: String] = [:]) {
    self.name = name
    self.partitions = partitions
    self.replication = replication
    self.configuration = configuration
  }
}

extension KafkaAdmin {
  /// Makes topics. Returns the failures by name, `isTopicThere` among them.
  /// - Parameter validatesOnly: ask whether it could be done, and do nothing.
  package func createTopics(
    _ topics: [KafkaNewTopic], validatesOnly: Bool = false
  ) async throws(KafkaError) -> [String: KafkaError] {
    var list: [OpaquePointer?] = []
    defer { rd_kafka_NewTopic_destroy_array(&list, list.count) }
    for topic in topics {
      var text = [CChar](repeating: 0, count: 256)
      guard
        let new = rd_kafka_NewTopic_new(
          topic.name, Int32(clamping: topic.partitions), Int32(clamping: topic.replication ?? -1), &text, text.count)
      else { throw KafkaError(invalid: CText.string(text)) }
      list.append(new)
      for (name, value) in topic.configuration { rd_kafka_NewTopic_set_config(new, name, value) }
    }
    return try await request(RD_KAFKA_ADMIN_OP_CREATETOPICS, validatesOnly: validatesOnly) { client, options, queue in
      rd_kafka_CreateTopics(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let topics = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
      return Self.failures(topics, count)
    }
  }

  /// Raises the number of a topic's partitions to `total`. Keys move to other partitions by it, silently.
  package func createPartitions(
    of topic: String, total: Int, validatesOnly: Bool = false
  ) async throws(KafkaError) {
    var text = [CChar](repeating: 0, count: 256)
    guard let new = rd_kafka_NewPartitions_new(topic, max(0, total), &text, text.count) else {
      throw KafkaError(invalid: CText.string(text))
    }
    var list: [OpaquePointer?] = [new]
    defer { rd_kafka_NewPartitions_destroy_array(&list, list.count) }
    let failures = try await request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, validatesOnly: validatesOnly) {
      client, options, queue in
      rd_kafka_CreatePartitions(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let topics = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count)
      return Self.failures(topics, count)
    }
    if let error = failures[topic] { throw error }
  }

  /// Deletes topics with all that is in them. Returns the failures by name.
  package func deleteTopics(_ names: [String]) async throws(KafkaError) -> [String: KafkaError] {
    var list = names.map { rd_kafka_DeleteTopic_new($0) }
    defer { rd_kafka_DeleteTopic_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_DELETETOPICS) { client, options, queue in
      rd_kafka_DeleteTopics(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let topics = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count)
      return Self.failures(topics, count)
    }
  }

  /// Deletes the records below each offset; -1 stands for all there are. Returns the partitions' new first offsets, or
  /// what failed.
  package func deleteRecords(
    before offsets: [KafkaPartition: Int64]
  ) async throws(KafkaError) -> [KafkaPartition: Result<Int64, KafkaError>] {
    let before = PartitionList(offsets)
    var list: [OpaquePointer?] = [rd_kafka_DeleteRecords_new(before.pointer)]
    defer { rd_kafka_DeleteRecords_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_DELETERECORDS) { client, options, queue in
      rd_kafka_DeleteRecords(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      Self.outcomes(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)))
    }
  }

  static func outcomes(
    _ list: UnsafePointer<rd_kafka_topic_partition_list_t>?
  ) -> [KafkaPartition: Result<Int64, KafkaError>] {
    var outcomes: [KafkaPartition: Result<Int64, KafkaError>] = [:]
    for entry in PartitionList.entries(list) {
      outcomes[entry.partition] = entry.error.map { .failure($0) } ?? .success(entry.offset)
    }
    return outcomes
  }
}
