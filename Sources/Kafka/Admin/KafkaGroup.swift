import CKafka

/// What a consumer group is about to do.
package enum KafkaGroupState: String, Sendable {
  case unknown
  case preparingRebalance = "preparing-rebalance"
  case completingRebalance = "completing-rebalance"
  case stable
  case dead
  case empty

  /// - Parameter name: as Kafka writes it.
  init(_ name: String) {
    self =
      switch name {
      case "PreparingRebalance", "Assigning", "Reconciling": .preparingRebalance
      case "CompletingRebalance", "AwaitingSync": .completingRebalance
      case "Stable": .stable
      case "Dead": .dead
      case "Empty": .empty
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

  /// One that there is not.
  init(dead name: String) {
    self.name = name
    state = .dead
    assignor = ""
    coordinator = ""
    members = []
  }

  init(_ group: rd_kafka_group_info) {
    name = CText.string(group.group)
    state = KafkaGroupState(CText.string(group.state))
    assignor = CText.string(group.protocol)
    coordinator = "\(CText.string(group.broker.host)):\(group.broker.port)"
    members = (0..<Int(max(0, group.member_cnt))).compactMap { index in
      guard let member = group.members?[index] else { return nil }
      let bytes = UnsafeRawBufferPointer(
        start: member.member_assignment, count: member.member_assignment == nil ? 0 : Int(member.member_assignment_size)
      )
      return Member(
        id: CText.string(member.member_id), client: CText.string(member.client_id),
        host: CText.string(member.client_host), partitions: KafkaAssignment.partitions(bytes))
    }
  }
}
