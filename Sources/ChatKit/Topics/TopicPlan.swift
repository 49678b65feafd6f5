import Primitives

/// What it takes to make a topic what somebody wants. Pure.
package enum TopicPlan {
  /// - Parameters:
  ///   - desired: what it does not name stays.
  ///   - actual: nil when there is no such topic.
  package static func changes(_ desired: TopicSpec, _ actual: TopicState?) -> [TopicChange] {
    guard let actual else { return created(desired) }
    var changes: [TopicChange] = []
    if let wanted = desired.partitions, wanted != actual.partitions.count {
      changes.append(partitions(desired.name, from: actual.partitions.count, to: wanted))
    }
    if let wanted = desired.replication, let has = actual.replication, wanted != has {
      changes.append(
        TopicChange(
          desired.name, .replication(from: has, to: wanted), .impossible,
          "the number of copies is changed by moving partitions, with Kafka's kafka-reassign-partitions"))
    }
    for (name, to) in desired.config.sorted(by: { $0.key < $1.key }) {
      let setting = actual.config[name]
      let own = setting?.isOwn == true ? setting?.value : nil
      // Setting what is inherited anyway is a change too: it no longer follows its origin.
      guard own != to else { continue }
      changes.append(config(desired.name, name, own: own, effective: setting?.value, to: to, actual))
    }
    return changes
  }

  /// Settings of the topic's own that the specification does not name: they stay.
  package static func kept(_ desired: TopicSpec, _ actual: TopicState?) -> [(name: String, value: String?)] {
    (actual?.config ?? [:]).filter { $0.value.isOwn && desired.config[$0.key] == nil }
      .sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }
  }

  private static func created(_ desired: TopicSpec) -> [TopicChange] {
    [TopicChange(desired.name, .create)]
      + desired.config.sorted { $0.key < $1.key }.compactMap { name, to in
        to.map { TopicChange(desired.name, .config(name: name, from: nil, to: $0)) }
      }
  }

  private static func partitions(_ topic: String, from: Int, to: Int) -> TopicChange {
    guard to > from else {
      return TopicChange(
        topic, .partitions(from: from, to: to), .impossible, "a topic cannot lose partitions, only be made anew")
    }
    return TopicChange(
      topic, .partitions(from: from, to: to), .disruptive,
      "keys move to other partitions: events of a room may overtake each other for a moment")
  }

  // MARK: Settings

  private static func config(
    _ topic: String, _ name: String, own: String?, effective: String?, to: String?, _ actual: TopicState
  ) -> TopicChange {
    var change = TopicChange(topic, .config(name: name, from: own ?? effective, to: to))
    // What is inherited instead is not known before it is.
    guard let to else {
      if name.hasPrefix("retention.") || name == "cleanup.policy" {
        (change.risk, change.warning) = (.destructive, "the broker's default may delete records")
      }
      return change
    }
    switch name {
    case "retention.ms", "retention.bytes", "delete.retention.ms":
      if isLess(to, than: effective) {
        (change.risk, change.warning) = (.destructive, "what is beyond is deleted within minutes")
      }
    case "cleanup.policy":
      if to.contains("compact"), effective?.contains("compact") != true {
        (change.risk, change.warning) = (
          .destructive, "only the last record of each key is kept: of a room, its last event"
        )
      } else if to.contains("delete"), effective?.contains("delete") != true {
        (change.risk, change.warning) = (.destructive, "what is beyond the retention is deleted")
      }
    case "max.message.bytes":
      if isLess(to, than: effective) {
        (change.risk, change.warning) = (.disruptive, "larger events are refused, and stay in the outbox")
      }
    case "min.insync.replicas":
      if let wanted = Int(to), let copies = actual.replication, wanted > copies {
        (change.risk, change.warning) = (
          .disruptive, "more than the \(copies) copies there are: every write is refused"
        )
      } else if isLess(to, than: effective) {
        (change.risk, change.warning) = (.disruptive, "an acknowledged event is on fewer brokers")
      }
    case "unclean.leader.election.enable":
      if to == "true" { (change.risk, change.warning) = (.destructive, "acknowledged records may be lost") }
    default: break
    }
    return change
  }

  /// Of Kafka's numbers, where -1 is no limit. What is no number is not less.
  private static func isLess(_ to: String, than effective: String?) -> Bool {
    guard let to = Int(to), to != -1 else { return false }
    guard let effective, let now = Int(effective) else { return true }
    return now == -1 || to < now
  }
}
