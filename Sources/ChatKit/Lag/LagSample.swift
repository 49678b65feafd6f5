// Lag: how far the groups of the bus are behind, since when, and what it means.
//
// Pattern. A `LagSource` takes samples: for each group, topic and partition one `LagSample`, of Kafka (`KafkaLagSource`) or of
// Redis Streams (`RedisLagSource`). `LagReport` is pure: it judges a sample by the one before it. `PositionMove` is a plan of
// setting a group back or forth, which the source makes and executes.
//
// Concurrency. A source is its loop's. Nothing here joins a group or commits for one, but `LagSource.execute`.
//
// Invariants.
// - What nobody can tell is nil, never 0: a verdict says UNKNOWN then.
// - The age is exact: it is that of the first record which is still to be done, read from the bus itself.

package import Primitives

/// One group in one partition, at one moment.
package struct LagSample: Sendable, Equatable {
  /// What a group is about to do.
  package enum State: String, Sendable {
    /// Its partitions are given to its members.
    case stable
    /// They are being dealt anew.
    case rebalancing
    /// It has no members.
    case empty
    case unknown
  }

  package var group: String
  package var topic: String
  package var partition: Int
  package var state: State
  /// Who reads the partition; nil when nobody does.
  package var owner: String?
  /// The place of the first record that is still to be done: Kafka's offset, or the id of a stream's entry. Nil when the
  /// group has never said how far it is.
  package var position: String?
  /// The place of the partition's last record, or behind it, as the bus has it.
  package var end: String?
  /// Records that are still to be done, nil where the bus cannot tell.
  package var messages: Int?
  /// Records that were deleted before they were done.
  package var lost = 0
  /// The time of the first record that is still to be done; nil when nothing is, or the bus does not say.
  package var oldest: Timestamp?
  /// Numbers that rise with each record that is done, and with each that comes; nil where the bus cannot tell.
  package var done: Int?
  package var arrived: Int?
  /// When the sample was taken.
  package var at: Timestamp
  /// Why the rest is missing.
  package var failure: String?

  package init(
    group: String, topic: String, partition: Int, state: State, owner: String? = nil, position: String? = nil,
    end: String? = nil, messages: Int? = nil, lost: Int = 0, oldest: Timestamp? = nil, done: Int? = nil,
    arrived: Int? = nil, at: Timestamp, failure: String? = nil
  ) {
    self.group = group
    self.topic = topic
    self.partition = partition
    self.state = state
    self.owner = owner
    self.position = position
    self.end = end
    self.messages = messages
    self.lost = lost
    self.oldest = oldest
    self.done = done
    self.arrived = arrived
    self.at = at
    self.failure = failure
  }

  /// What tells samples of the same thing.
  package struct Key: Hashable, Sendable {
    let group: String
    let topic: String
    let partition: Int
  }

  package var key: Key { Key(group: group, topic: topic, partition: partition) }
}
