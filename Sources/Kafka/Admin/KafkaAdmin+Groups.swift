import CKafka
import Networking

/// Groups of consumers.
///
/// librdkafka's newer requests about groups end the process when the group's coordinator dies while one is under way (an
/// assertion of 2.0, `eonce->refcnt > 0`), which is just when people ask. So groups are listed, described and moved by the older
/// calls, which ask every broker, and by a client of the group; `deleteGroups` alone has no other way.
extension KafkaAdmin {
  /// What the brokers that have answered know of groups.
  package struct Groups: Sendable {
    package var groups: [String: KafkaGroup]
    /// False where a broker has not answered: groups that it coordinates are missing.
    package var isWhole: Bool
  }

  /// A broker that is away keeps everybody else's answer for so long.
  private static let patience = Duration.seconds(2)

  /// All consumer groups of the cluster, with their members. Throws when no broker has answered in time.
  ///
  /// librdkafka asks each broker that the client has ever heard of, also one that is away for good, and fails with it. A client
  /// that is made anew hears of those alone that the cluster counts as living; until it does (some seconds), it is tried again.
  /// - Parameter name: that one only, where it is there.
  package func groups(_ name: String? = nil) async throws(KafkaError) -> Groups {
    let deadline = handle.loop.now &+ timeout.nanoseconds
    while true {
      let left = handle.loop.now < deadline ? (deadline - handle.loop.now) / 1_000_000 : 1
      let limit = Int32(clamping: max(1, min(Int64(clamping: left), Int64(Self.patience.milliseconds))))
      do throws(KafkaError) {
        let found = try await groupsOnce(name, limit)
        if !found.isWhole { await forgetLister() }
        return found
      } catch {
        await forgetLister()
        guard error.isRetriable || error.isTransitional, handle.loop.now < deadline, handle.isOpen else { throw error }
        try? await handle.loop.sleep(for: .milliseconds(100))
      }
    }
  }

  private func groupsOnce(_ name: String?, _ limit: Int32) async throws(KafkaError) -> Groups {
    try await lister().blocking { client throws(KafkaError) in
      var list: UnsafePointer<rd_kafka_group_list>?
      let code = rd_kafka_list_groups(client, name, &list, limit)
      defer { if let list { rd_kafka_group_list_destroy(list) } }
      guard let list, code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTIAL else {
        throw KafkaError(code)
      }
      var groups: [String: KafkaGroup] = [:]
      for index in 0..<Int(list.pointee.group_cnt) {
        let info = list.pointee.groups[index]
        // Others than consumers' are nobody's business here: Connect's workers.
        let kind = CText.string(info.protocol_type)
        guard kind.isEmpty || kind == "consumer" else { continue }
        if let error = KafkaError(failing: info.err) { throw error }
        let group = KafkaGroup(info)
        groups[group.name] = group
      }
      return Groups(groups: groups, isWhole: code == RD_KAFKA_RESP_ERR_NO_ERROR)
    }
  }

  /// All consumer groups of the cluster. Throws when a broker did not answer: the list would lack its groups.
  package func listGroups() async throws(KafkaError) -> [KafkaGroupListing] {
    let found = try await groups()
    guard found.isWhole else { throw KafkaError(RD_KAFKA_RESP_ERR__PARTIAL) }
    return found.groups.values.map { KafkaGroupListing(name: $0.name, state: $0.state) }
  }

  /// Groups with their members, or what failed, by name. One that there is not is dead.
  package func describeGroups(_ names: [String]) async throws(KafkaError) -> [String: Result<KafkaGroup, KafkaError>] {
    guard !names.isEmpty else { return [:] }
    let found = try await groups(names.count == 1 ? names[0] : nil)
    var answers: [String: Result<KafkaGroup, KafkaError>] = [:]
    for name in names {
      if let group = found.groups[name] {
        answers[name] = .success(group)
      } else {
        answers[name] =
          found.isWhole ? .success(KafkaGroup(dead: name)) : .failure(KafkaError(RD_KAFKA_RESP_ERR__PARTIAL))
      }
    }
    return answers
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
    return try await observer(of: group).blocking { client throws(KafkaError) in
      let wanted = PartitionList(offsets)
      let code = rd_kafka_commit(client, wanted.pointer, 0)
      var failures: [KafkaPartition: KafkaError] = [:]
      for entry in PartitionList.entries(wanted.pointer) {
        if let error = entry.error { failures[entry.partition] = error }
      }
      // The same error of each, or of none where nobody has answered.
      if failures.isEmpty, let error = KafkaError(failing: code) {
        guard error.isGroupActive else { throw error }
        for partition in offsets.keys { failures[partition] = error }
      }
      return failures
    }
  }
}
