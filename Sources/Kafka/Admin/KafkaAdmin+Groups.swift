import CKafka

extension KafkaAdmin {
  /// All consumer groups of the cluster. Throws when a broker did not answer: the list would lack its groups.
  package func listGroups() async throws(KafkaError) -> [KafkaGroupListing] {
    try await request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS) { client, options, queue in
      rd_kafka_ListConsumerGroups(client, options, queue)
    } _: { event throws(KafkaError) in
      let result = rd_kafka_event_ListConsumerGroups_result(event)
      var count = 0
      let errors = rd_kafka_ListConsumerGroups_result_errors(result, &count)
      if count > 0, let error = KafkaError(reading: errors?[0]) { throw error }
      let groups = rd_kafka_ListConsumerGroups_result_valid(result, &count)
      return (0..<count).map { index in
        KafkaGroupListing(
          name: CText.string(rd_kafka_ConsumerGroupListing_group_id(groups?[index])),
          state: KafkaGroupState(rd_kafka_ConsumerGroupListing_state(groups?[index])))
      }
    }
  }

  /// Groups with their members, or what failed, by name.
  package func describeGroups(_ names: [String]) async throws(KafkaError) -> [String: Result<KafkaGroup, KafkaError>] {
    guard !names.isEmpty else { return [:] }
    let texts = names.map { CString($0) }
    var pointers = texts.map { Optional(UnsafePointer($0.pointer)) }
    return try await request(RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS) { client, options, queue in
      rd_kafka_DescribeConsumerGroups(client, &pointers, pointers.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let groups = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event), &count)
      var answers: [String: Result<KafkaGroup, KafkaError>] = [:]
      for index in 0..<count {
        guard let pointer = groups?[index] else { continue }
        let group = KafkaGroup(pointer)
        let error = KafkaError(reading: rd_kafka_ConsumerGroupDescription_error(pointer))
        // Kafka 4 calls a group that it does not know an error; before it was dead.
        answers[group.name] =
          if let error, !error.isUnknownGroup { .failure(error) } else { .success(group) }
      }
      return answers
    }
  }

  /// Deletes groups without members, with what they have committed. Returns the failures by name.
  package func deleteGroups(_ names: [String]) async throws(KafkaError) -> [String: KafkaError] {
    guard !names.isEmpty else { return [:] }
    var list = names.map { rd_kafka_DeleteGroup_new($0) }
    defer { rd_kafka_DeleteGroup_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_DELETEGROUPS) { client, options, queue in
      rd_kafka_DeleteGroups(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let groups = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count)
      var failures: [String: KafkaError] = [:]
      for index in 0..<count {
        let group = groups?[index]
        if let error = KafkaError(reading: rd_kafka_group_result_error(group)) {
          failures[CText.string(rd_kafka_group_result_name(group))] = error
        }
      }
      return failures
    }
  }

  // MARK: Offsets

  /// All that a group has committed. A partition for which there is nothing is absent.
  ///
  /// Asked by a client of the group: where the broker answers that it does not coordinate it (any more), librdkafka
  /// 2.0 looks for the coordinator of the asking client's own group, and without one it reads a null pointer.
  package func committedOffsets(of group: String) async throws(KafkaError) -> [KafkaPartition: Int64] {
    var list: [OpaquePointer?] = [rd_kafka_ListConsumerGroupOffsets_new(group, nil)]
    defer { rd_kafka_ListConsumerGroupOffsets_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, by: try observer(of: group)) {
      client, options, queue in
      rd_kafka_ListConsumerGroupOffsets(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
      guard count > 0, let group = groups?[0] else { return [:] }
      if let error = KafkaError(reading: rd_kafka_group_result_error(group)) {
        // One that was never there has committed nothing.
        if error.isUnknownGroup { return [:] }
        throw error
      }
      var offsets: [KafkaPartition: Int64] = [:]
      for entry in PartitionList.entries(rd_kafka_group_result_partitions(group)) {
        if let error = entry.error { throw error }
        if entry.offset >= 0 { offsets[entry.partition] = entry.offset }
      }
      return offsets
    }
  }

  /// Commits for a group without members. Returns what failed, by partition: of an active group, all of them.
  package func alterOffsets(
    of group: String, _ offsets: [KafkaPartition: Int64]
  ) async throws(KafkaError) -> [KafkaPartition: KafkaError] {
    guard !offsets.isEmpty else { return [:] }
    let wanted = PartitionList(offsets)
    var list: [OpaquePointer?] = [rd_kafka_AlterConsumerGroupOffsets_new(group, wanted.pointer)]
    defer { rd_kafka_AlterConsumerGroupOffsets_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS) { client, options, queue in
      rd_kafka_AlterConsumerGroupOffsets(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count)
      guard count > 0, let group = groups?[0] else { return [:] }
      if let error = KafkaError(reading: rd_kafka_group_result_error(group)) { throw error }
      var failures: [KafkaPartition: KafkaError] = [:]
      for entry in PartitionList.entries(rd_kafka_group_result_partitions(group)) {
        if let error = entry.error { failures[entry.partition] = error }
      }
      return failures
    }
  }
}
