import CKafka

/// What a consumer group is about to do.
package enum KafkaGroupState: String, Sendable {
  case unknown
  case preparingRebalance = "preparing-rebalance"
  case completingRebalance = "completing-rebalance"
  case stable
  case dead
  case empty

  init(_ state: rd_kafka_consumer_group_state_t) {
    self =
      switch state {
      case RD_KAFKA_CONSUMER_GROUP_STATE_PREPARING_REBALANCE: .preparingRebalance
      case RD_KAFKA_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: .completingRebalance
      case RD_KAFKA_CONSUMER_GROUP_STATE_STABLE: .stable
      case RD_KAFKA_CONSUMER_GROUP_STATE_DEAD: .dead
      case RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY: .empty
      default: .unknown
      }
  }
}

/// A consumer group in a list of them.
package struct KafkaGroupListing: Sendable {
  package var name: String
  package var state: KafkaGroupState
}

/// A consumer group with its members. One that does not exist is `dead`.
package struct KafkaGroup: Sendable {
  package struct Member: Sendable {
    package var id: String
    package var client: String
    package var host: String
    package var partitions: [KafkaPartition]
  }

  package var name: String
  package var state: KafkaGroupState
  /// The name of the assignment's strategy.
  package var assignor: String
  /// The broker that coordinates it.
  package var coordinator: String
  package var members: [Member]

  init(_ group: OpaquePointer) {
    name = CText.string(rd_kafka_ConsumerGroupDescription_group_id(group))
    state = KafkaGroupState(rd_kafka_ConsumerGroupDescription_state(group))
    assignor = CText.string(rd_kafka_ConsumerGroupDescription_partition_assignor(group))
    coordinator = ""
    if let node = rd_kafka_ConsumerGroupDescription_coordinator(group) {
      coordinator = "\(CText.string(rd_kafka_Node_host(node))):\(rd_kafka_Node_port(node))"
    }
    members = (0..<rd_kafka_ConsumerGroupDescription_member_count(group)).map { index in
      let member = rd_kafka_ConsumerGroupDescription_member(group, index)
      let assignment = rd_kafka_MemberDescription_assignment(member)
      let partitions = assignment.map { PartitionList.entries(rd_kafka_MemberAssignment_partitions($0)) } ?? []
      return Member(
        id: CText.string(rd_kafka_MemberDescription_consumer_id(member)),
        client: CText.string(rd_kafka_MemberDescription_client_id(member)),
        host: CText.string(rd_kafka_MemberDescription_host(member)), partitions: partitions.map(\.partition))
    }
  }
}
