package import Primitives

/// A topic as it is.
package struct TopicState: Sendable, Equatable {
  package struct Setting: Sendable, Equatable {
    /// Nil when it has none, or is secret.
    package var value: String?
    /// Set on the topic itself, and not inherited.
    package var isOwn: Bool

    package init(_ value: String?, isOwn: Bool) {
      self.value = value
      self.isOwn = isOwn
    }
  }

  package struct Partition: Sendable, Equatable {
    package var id: Int
    /// The broker that leads it; nil while there is none, and on Redis.
    package var leader: Int?
    package var replicas: [Int]
    package var inSync: [Int]
    /// Places of the first record and of the end.
    package var first: String?
    package var end: String?
    package var records: Int
    /// Times of the first and the last record.
    package var oldest: Timestamp?
    package var newest: Timestamp?

    package init(
      id: Int, leader: Int? = nil, replicas: [Int] = [], inSync: [Int] = [], first: String? = nil, end: String? = nil,
      records: Int = 0, oldest: Timestamp? = nil, newest: Timestamp? = nil
    ) {
      self.id = id
      self.leader = leader
      self.replicas = replicas
      self.inSync = inSync
      self.first = first
      self.end = end
      self.records = records
      self.oldest = oldest
      self.newest = newest
    }
  }

  package var name: String
  package var partitions: [Partition]
  package var config: [String: Setting]

  package init(_ name: String, partitions: [Partition], config: [String: Setting] = [:]) {
    self.name = name
    self.partitions = partitions
    self.config = config
  }

  package var records: Int { partitions.reduce(0) { $0 + $1.records } }
  /// The least number of copies that a partition has.
  package var replication: Int? { partitions.map(\.replicas.count).min().flatMap { $0 > 0 ? $0 : nil } }
  /// Partitions that have a copy less than they should, or no leader.
  package var degraded: Int { partitions.count { $0.inSync.count < $0.replicas.count } }
}
