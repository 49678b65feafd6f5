package import Kafka
import Networking
import Primitives

/// Lag of Kafka's groups. On its loop only.
///
/// While a broker is away, what it coordinates is UNKNOWN, and each sample waits some seconds for it.
package final class KafkaLagSource: LagSource, @unchecked Sendable {
  private let admin: KafkaAdmin
  /// Those that are listed though they have committed nothing yet.
  private let known: [String]

  /// - Parameters:
  ///   - admin: stays the caller's.
  ///   - known: groups of chatd.
  package init(_ admin: KafkaAdmin, known: [String] = []) {
    self.admin = admin
    self.known = known
  }

  package func sample(_ groups: [String]?, topic: String) async throws -> [LagSample] {
    let partitions = try await partitions(of: topic)
    let names: [String]
    let described: [String: Result<KafkaGroup, KafkaError>]
    if let groups {
      names = groups
      described = try await admin.describeGroups(names)
    } else {
      let found = try await admin.groups()
      // What a broker that is away coordinates is not among them, but must not be missing here.
      names = Set(found.groups.keys).union(found.isWhole ? [] : known).sorted()
      described = found.groups.mapValues { .success($0) }
    }
    var samples: [LagSample] = []
    for name in names {
      let found = described[name]
      let group = try? found?.get()
      let committed: [KafkaPartition: Int64]
      do throws(KafkaError) {
        committed = try await admin.committedOffsets(of: name, in: partitions)
      } catch {
        samples += partitions.map { Self.failed(name, $0, "its offsets cannot be read: \(error)") }
        continue
      }
      let owners = Self.owners(group, of: topic)
      let isConsumer = !committed.isEmpty || !owners.isEmpty
      // Others' groups of the same cluster are nobody's business here, and one that was never there has nothing to say.
      guard isConsumer || (known.contains(name) && group?.members.isEmpty == false) else { continue }
      samples += try await compare(name, partitions, committed, owners, Self.state(found))
    }
    return samples
  }

  private func compare(
    _ group: String, _ partitions: [KafkaPartition], _ committed: [KafkaPartition: Int64],
    _ owners: [KafkaPartition: String], _ state: LagSample.State
  ) async throws -> [LagSample] {
    // After the commits, so that no lag is below nothing.
    let marks = try await admin.watermarks(of: partitions)
    let at = Timestamp.now()
    var lags: [KafkaPartition: KafkaLag] = [:]
    for (partition, marks) in marks { lags[partition] = KafkaLag(committed: committed[partition], watermarks: marks) }
    let behind = lags.filter { $0.value.records > 0 }.mapValues { max($0.committed ?? 0, $0.watermarks.low) }
    let oldest = try await admin.records(from: behind)
    return partitions.compactMap { partition in
      guard let lag = lags[partition] else { return nil }
      return LagSample(
        group: group, topic: partition.topic, partition: Int(partition.partition), state: state,
        owner: owners[partition], position: lag.committed.map { "\($0)" }, end: "\(lag.watermarks.high)",
        messages: Int(lag.records), lost: Int(lag.lost), oldest: oldest[partition]?.first?.timestamp,
        done: lag.committed.map { Int($0) }, arrived: Int(lag.watermarks.high), at: at)
    }
  }

  private static func failed(_ group: String, _ partition: KafkaPartition, _ why: String) -> LagSample {
    LagSample(
      group: group, topic: partition.topic, partition: Int(partition.partition), state: .unknown, at: .now(),
      failure: why)
  }

  private static func owners(_ group: KafkaGroup?, of topic: String) -> [KafkaPartition: String] {
    var owners: [KafkaPartition: String] = [:]
    for member in group?.members ?? [] {
      for partition in member.partitions where partition.topic == topic {
        owners[partition] = "\(member.client)@\(member.host.drop { $0 == "/" })"
      }
    }
    return owners
  }

  private static func state(_ found: Result<KafkaGroup, KafkaError>?) -> LagSample.State {
    switch try? found?.get().state {
    case .stable: .stable
    case .preparingRebalance, .completingRebalance: .rebalancing
    case .empty, .dead: .empty
    case .unknown, nil: .unknown
    }
  }

  private func partitions(of topic: String) async throws -> [KafkaPartition] {
    do throws(KafkaError) {
      return try await admin.partitions(of: topic)
    } catch {
      guard error.isUnknownTopic else { throw error }
      throw LagError(.noSuchTopic, "there is no topic \(topic)")
    }
  }

  // MARK: Moving

  package func plan(
    moving group: String, topic: String, to target: PositionTarget, partitions chosen: [Int]?
  ) async throws -> [PositionMove] {
    let all = try await partitions(of: topic)
    for number in chosen ?? [] where !all.contains(where: { $0.partition == Int32(clamping: number) }) {
      throw LagError(.noSuchPartition, "\(topic) has no partition \(number), but 0 to \(all.count - 1)")
    }
    let partitions = all.filter { partition in chosen?.contains(Int(partition.partition)) ?? true }
    try await refuseActive(group)
    let committed = try await admin.committedOffsets(of: group, in: partitions)
    // A partition in which the group has done nothing yet can be set too; a group that has done nothing anywhere is none.
    let known = chosen == nil || !committed.isEmpty ? committed : try await admin.committedOffsets(of: group, in: all)
    if known.isEmpty { throw LagError(.noSuchGroup, "the group \(group) has committed nothing of \(topic)") }
    let marks = try await admin.watermarks(of: partitions)
    var times: [KafkaPartition: Int64] = [:]
    if case .time(let time) = target { times = try await admin.offsets(at: time, of: partitions) }
    return try partitions.compactMap { partition in
      guard let marks = marks[partition] else { return nil }
      let wanted: Int64
      switch target {
      case .earliest: wanted = marks.low
      case .latest: wanted = marks.high
      case .time: wanted = times[partition] ?? marks.high
      case .position(let text):
        guard let offset = Int64(text), offset >= 0 else {
          throw LagError(.invalidPosition, "'\(text)' is no offset: a number, 0 or more")
        }
        wanted = offset
      }
      // As Kafka's own tool does it: what is beyond the ends becomes the end.
      let to = min(max(wanted, marks.low), marks.high)
      let from = committed[partition]
      let current = min(max(from ?? marks.low, marks.low), marks.high)
      return PositionMove(
        partition: Int(partition.partition), from: from.map { "\($0)" }, to: "\(to)",
        repeated: Int(max(0, current - to)), skipped: Int(max(0, to - current)))
    }
  }

  private func refuseActive(_ group: String) async throws {
    guard let found = try await admin.describeGroups([group])[group] else { return }
    let members = try found.get().members
    guard members.isEmpty else {
      let names = members.prefix(3).map { "\($0.client)@\($0.host.drop { $0 == "/" })" }.joined(separator: ", ")
      throw LagError(
        .groupIsActive, "the group \(group) has \(members.count) members (\(names)\(members.count > 3 ? ", …" : ""))")
    }
  }

  package func execute(_ moves: [PositionMove], group: String, topic: String) async throws {
    var offsets: [KafkaPartition: Int64] = [:]
    for move in moves { offsets[KafkaPartition(topic, Int32(clamping: move.partition))] = Int64(move.to) }
    let failures = try await admin.alterOffsets(of: group, offsets)
    guard let first = failures.min(by: { $0.key.partition < $1.key.partition }) else { return }
    if failures.values.contains(where: \.isGroupActive) {
      throw LagError(.groupIsActive, "the group \(group) has members again")
    }
    throw LagError(.refused, "\(failures.count) partitions were refused: \(first.key): \(first.value)")
  }
}
