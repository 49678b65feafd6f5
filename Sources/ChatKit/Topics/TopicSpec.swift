// Topics: what the bus's topics are, should be, and what it takes to get there.
//
// Pattern. `TopicSpec` is what somebody wants, `TopicState` what there is; `TopicPlan.changes` compares them and is pure. Each
// `TopicChange` says its risk and what the bus would do without a word: move keys, delete records, refuse writes. A
// `TopicStore` reads the state, counts what a change affects, and carries changes out: `KafkaTopics` and, as far as it has the
// notion, `RedisTopics`.
//
// Invariants.
// - A setting that the specification does not name stays as it is. (Kafka's request would reset it.)
// - What cannot be done (fewer partitions, another number of copies) is a change of risk `impossible`; nothing of a plan that has
//   one is carried out.
// - Planning twice after carrying out gives no change.

import Primitives

/// A topic as somebody wants it.
package struct TopicSpec: Sendable, Equatable {
  package var name: String
  /// Nil: as it is, or the broker's default.
  package var partitions: Int?
  /// Copies of each partition; nil: as it is, or the broker's default.
  package var replication: Int?
  /// Settings by name; nil takes one back to what is inherited. Others stay.
  package var config: [String: String?]

  package init(_ name: String, partitions: Int? = nil, replication: Int? = nil, config: [String: String?] = [:]) {
    self.name = name
    self.partitions = partitions
    self.replication = replication
    self.config = [:]
    for (key, value) in config { self.config[key] = .some(value.map { Self.plain($0, of: key) }) }
  }

  /// Kafka's settings count milliseconds and bytes: `retention.ms: 7d` and `segment.bytes: 1GiB` are understood too.
  static func plain(_ value: String, of key: String) -> String {
    if Int(value) != nil { return value }
    if key.hasSuffix(".ms"), let duration = Duration(text: value) {
      return "\(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000)"
    }
    if key.hasSuffix(".bytes"), let size = ByteCount(text: value) { return "\(size.bytes)" }
    return value
  }
}
