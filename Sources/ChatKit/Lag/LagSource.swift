package import Primitives

/// Where a group is to go on.
package enum PositionTarget: Sendable, Equatable {
  /// With the first record that is there.
  case earliest
  /// With what comes from now on.
  case latest
  /// With the first record of that time or later.
  case time(Timestamp)
  /// With that record: Kafka's offset, or the id of a stream's entry.
  case position(String)
}

/// How a group's place in a partition would change.
package struct PositionMove: Sendable, Equatable {
  package var partition: Int
  /// As in `LagSample.position`.
  package var from: String?
  package var to: String
  /// Records that would be done again.
  package var repeated: Int?
  /// Records that would never be done.
  package var skipped: Int?

  package init(partition: Int, from: String?, to: String, repeated: Int?, skipped: Int?) {
    self.partition = partition
    self.from = from
    self.to = to
    self.repeated = repeated
    self.skipped = skipped
  }
}

/// Why lag could not be told or a group not be moved, where the bus itself has not failed.
package struct LagError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case noSuchTopic, noSuchPartition, noSuchGroup, groupIsActive, invalidPosition
    /// Of some partitions.
    case refused
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// A bus, for those who ask how far its groups are.
package protocol LagSource: AnyObject, Sendable {
  /// One sample of each partition.
  /// - Parameters:
  ///   - groups: nil for all that consume the topic. One that there is not has no samples.
  func sample(_ groups: [String]?, topic: String) async throws -> [LagSample]

  /// What moving a group would do; changes nothing. `LagError.groupIsActive` where it has members.
  /// - Parameter partitions: nil for all.
  func plan(
    moving group: String, topic: String, to target: PositionTarget, partitions: [Int]?
  ) async throws -> [PositionMove]

  /// Moves a group without members.
  func execute(_ moves: [PositionMove], group: String, topic: String) async throws
}

extension LagSource {
  /// Two samples and what they say, in the order of groups and partitions.
  /// - Parameter pause: waits between the samples; nil takes one only.
  package func reports(
    _ groups: [String]?, topics: [String], thresholds: LagThresholds = LagThresholds(),
    after pause: (() async throws -> Void)? = nil
  ) async throws -> [LagReport] {
    var before: [LagSample.Key: LagSample] = [:]
    if let pause {
      for topic in topics { for sample in try await sample(groups, topic: topic) { before[sample.key] = sample } }
      try await pause()
    }
    var reports: [LagReport] = []
    for topic in topics {
      for sample in try await sample(groups, topic: topic) {
        reports.append(LagReport(before[sample.key], sample, thresholds: thresholds))
      }
    }
    return reports.sorted {
      ($0.sample.group, $0.sample.topic, $0.sample.partition) < ($1.sample.group, $1.sample.topic, $1.sample.partition)
    }
  }
}
