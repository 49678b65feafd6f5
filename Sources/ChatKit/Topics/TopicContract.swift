/// The topics that chatd needs, as its settings have them.
package enum TopicContract {
  /// How long Kafka keeps events: what is older has long been consumed, and the store has all of it.
  package static let retention = "604800000"

  /// The topic of events and that of dead letters.
  package static func names(_ options: BusOptions) -> [String] { [options.topic, options.topic + ".dead"] }

  /// What one of them should be.
  /// - Parameter actual: a topic that is there keeps its partitions and settings: the contract says how one is made, and that it
  ///   has partitions enough.
  package static func spec(_ name: String, _ options: ServerOptions, actual: TopicState?) -> TopicSpec {
    let partitions = name == options.bus.topic ? options.bus.partitions : 1
    guard let actual else {
      return TopicSpec(
        name, partitions: partitions, replication: options.kafka.replication, config: ["retention.ms": retention])
    }
    return TopicSpec(
      name, partitions: actual.partitions.count < partitions ? partitions : nil,
      replication: options.kafka.replication)
  }
}
