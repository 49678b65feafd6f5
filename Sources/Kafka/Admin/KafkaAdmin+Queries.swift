import CKafka
import Networking
package import Primitives

/// The offsets between which a partition has records.
package struct KafkaWatermarks: Sendable, Equatable {
  /// Of the first record that is still there.
  package var low: Int64
  /// Behind the last record.
  package var high: Int64
}

/// What a group's lag in a partition is made of.
package struct KafkaLag: Sendable, Equatable {
  /// Nil when the group has committed nothing.
  package var committed: Int64?
  package var watermarks: KafkaWatermarks

  package init(committed: Int64?, watermarks: KafkaWatermarks) {
    self.committed = committed
    self.watermarks = watermarks
  }

  /// Records that are yet to be done. Those that were deleted before they were done are not counted.
  package var records: Int64 { max(0, watermarks.high - max(committed ?? 0, watermarks.low)) }
  /// Records that were deleted before the group has done them.
  package var lost: Int64 { max(0, watermarks.low - (committed ?? watermarks.low)) }
}

/// What librdkafka can only be asked by blocking; a worker thread waits for it.
extension KafkaAdmin {
  private var limit: Int32 { Int32(clamping: max(1, timeout.milliseconds)) }

  /// Brokers and topics; of all topics when none is named. Always fresh from a broker.
  package func metadata(of topic: String? = nil) async throws(KafkaError) -> KafkaMetadata {
    let limit = limit
    return try await handle.blocking { client throws(KafkaError) in
      var handle: OpaquePointer?
      if let topic { handle = rd_kafka_topic_new(client, topic, nil) }
      defer { if let handle { rd_kafka_topic_destroy(handle) } }
      var metadata: UnsafePointer<rd_kafka_metadata>?
      let code = rd_kafka_metadata(client, topic == nil ? 1 : 0, handle, &metadata, limit)
      if let error = KafkaError(failing: code) { throw error }
      guard let metadata else { throw KafkaError(RD_KAFKA_RESP_ERR__FAIL) }
      defer { rd_kafka_metadata_destroy(metadata) }
      return KafkaMetadata(metadata.pointee)
    }
  }

  /// The partitions of a topic. Throws `isUnknownTopic` when it is not there.
  package func partitions(of topic: String) async throws(KafkaError) -> [KafkaPartition] {
    let found = try await metadata(of: topic).topics[topic]
    if let error = found?.error { throw error }
    return found?.partitions.map { KafkaPartition(topic, $0.id) } ?? []
  }

  /// The cluster's name for itself.
  package func clusterID() async throws(KafkaError) -> String? {
    let limit = limit
    return try await handle.blocking { client throws(KafkaError) in
      guard let text = rd_kafka_clusterid(client, Int32(limit)) else { return nil }
      defer { rd_kafka_mem_free(client, text) }
      return String(cString: text)
    }
  }

  package func watermarks(
    of partitions: [KafkaPartition]
  ) async throws(KafkaError) -> [KafkaPartition: KafkaWatermarks] {
    let limit = limit
    return try await handle.blocking { client throws(KafkaError) in
      var answers: [KafkaPartition: KafkaWatermarks] = [:]
      for partition in partitions {
        var marks = KafkaWatermarks(low: 0, high: 0)
        let code = rd_kafka_query_watermark_offsets(
          client, partition.topic, partition.partition, &marks.low, &marks.high, limit)
        if let error = KafkaError(failing: code) { throw error }
        answers[partition] = marks
      }
      return answers
    }
  }

  /// Of each partition, the offset of the first record of `time` or later; behind the last record when there is none.
  package func offsets(
    at time: Timestamp, of partitions: [KafkaPartition]
  ) async throws(KafkaError) -> [KafkaPartition: Int64] {
    let limit = limit
    let milliseconds = time.microseconds / 1000
    let found = try await handle.blocking { client throws(KafkaError) -> [KafkaPartition: Int64] in
      let list = PartitionList(Dictionary(uniqueKeysWithValues: partitions.map { ($0, milliseconds) }))
      if let error = KafkaError(failing: rd_kafka_offsets_for_times(client, list.pointer, limit)) { throw error }
      var offsets: [KafkaPartition: Int64] = [:]
      for entry in list.entries {
        if let error = entry.error { throw error }
        offsets[entry.partition] = entry.offset
      }
      return offsets
    }
    let ends = found.filter { $0.value < 0 }.map(\.key)
    guard !ends.isEmpty else { return found }
    return found.merging(try await watermarks(of: ends).mapValues(\.high)) { $1 }
  }

  /// What a group has committed in these partitions. A partition for which there is nothing is absent.
  ///
  /// Not by an administrator's request: one that is under way when the group's coordinator dies ends the process, by an
  /// assertion of librdkafka 2.0 (`eonce->refcnt > 0`), and daemons ask for this all the time.
  package func committedOffsets(
    of group: String, in partitions: [KafkaPartition]
  ) async throws(KafkaError) -> [KafkaPartition: Int64] {
    let limit = limit
    return try await observer(of: group).blocking { client throws(KafkaError) in
      let list = PartitionList(partitions)
      if let error = KafkaError(failing: rd_kafka_committed(client, list.pointer, limit)) { throw error }
      var offsets: [KafkaPartition: Int64] = [:]
      for entry in list.entries {
        if let error = entry.error { throw error }
        if entry.offset >= 0 { offsets[entry.partition] = entry.offset }
      }
      return offsets
    }
  }

  /// How far a group is behind, in the partitions of a topic.
  package func lag(of group: String, in topic: String) async throws(KafkaError) -> [KafkaPartition: KafkaLag] {
    let partitions = try await partitions(of: topic)
    let committed = try await committedOffsets(of: group, in: partitions)
    // After the commits, so that no lag is below nothing.
    return try await watermarks(of: partitions).reduce(into: [:]) { lags, entry in
      lags[entry.key] = KafkaLag(committed: committed[entry.key], watermarks: entry.value)
    }
  }
}
