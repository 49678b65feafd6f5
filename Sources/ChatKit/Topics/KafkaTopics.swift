package import Kafka
import Networking
package import Primitives

/// The topics of a Kafka cluster. On its loop only.
package final class KafkaTopics: TopicStore, @unchecked Sendable {
  private let admin: KafkaAdmin

  /// - Parameter admin: stays the caller's.
  package init(_ admin: KafkaAdmin) { self.admin = admin }

  package func names() async throws -> [String] { try await admin.metadata().topics.keys.sorted() }

  package func state(of topic: String, withTimes: Bool) async throws -> TopicState? {
    guard let found = try await admin.metadata(of: topic).topics[topic] else { return nil }
    if let error = found.error {
      if error.isUnknownTopic { return nil }
      throw error
    }
    // A partition without a leader cannot be asked.
    let places = found.partitions.filter { $0.leader != nil }.map { KafkaPartition(topic, $0.id) }
    let marks = try await admin.watermarks(of: places)
    var (oldest, newest): ([KafkaPartition: Timestamp], [KafkaPartition: Timestamp]) = ([:], [:])
    if withTimes {
      let full = marks.filter { $0.value.high > $0.value.low }
      for (place, records) in try await admin.records(from: full.mapValues(\.low)) {
        oldest[place] = records.first?.timestamp
      }
      for (place, records) in try await admin.records(from: full.mapValues { $0.high - 1 }) {
        newest[place] = records.first?.timestamp
      }
    }
    let settings = try await admin.describeConfigs(.topic(topic))
    return TopicState(
      topic,
      partitions: found.partitions.map { partition in
        let place = KafkaPartition(topic, partition.id)
        return TopicState.Partition(
          id: Int(partition.id), leader: partition.leader.map { Int($0) }, replicas: partition.replicas.map { Int($0) },
          inSync: partition.inSync.map { Int($0) }, first: marks[place].map { "\($0.low)" },
          end: marks[place].map { "\($0.high)" }, records: marks[place].map { Int($0.high - $0.low) } ?? 0,
          oldest: oldest[place], newest: newest[place])
      }, config: settings.mapValues { TopicState.Setting($0.value, isOwn: $0.isOwn) })
  }

  package func partition(of key: UUID, among count: Int) -> Int {
    Int(KafkaAdmin.partition(ofKey: key.description.utf8, of: count))
  }

  // MARK: Changing

  package func examine(_ changes: [TopicChange], _ desired: TopicSpec) async throws -> [TopicChange] {
    var examined: [TopicChange] = []
    for change in changes {
      var change = change
      if case .config("retention.ms", _, .some(let to)) = change.kind, change.risk == .destructive,
        let milliseconds = Int64(to)
      {
        let count = try await expired(desired.name, .milliseconds(milliseconds))
        change.warning = (change.warning ?? "") + ": \(count) records now"
      }
      examined.append(change)
    }
    guard !changes.isEmpty, changes.allSatisfy({ $0.risk != .impossible }) else { return examined }
    do throws(KafkaError) {
      try await send(changes, desired, validatesOnly: true)
    } catch {
      guard !error.isRetriable else { throw error }
      examined.append(
        TopicChange(desired.name, changes[0].kind, .impossible, "Kafka would refuse it: \(error.reason)"))
    }
    return examined
  }

  /// Records that are older.
  private func expired(_ topic: String, _ retention: Duration) async throws -> Int64 {
    let places = try await admin.partitions(of: topic)
    let marks = try await admin.watermarks(of: places)
    let kept = try await admin.offsets(at: .now() - retention, of: places)
    return marks.reduce(0) { $0 + max(0, (kept[$1.key] ?? $1.value.high) - $1.value.low) }
  }

  package func apply(_ changes: [TopicChange], _ desired: TopicSpec) async throws {
    if let change = changes.first(where: { $0.risk == .impossible }) {
      throw TopicError(.refused, "\(change.topic): \(change.what): \(change.warning ?? "it cannot be done")")
    }
    try await send(changes, desired, validatesOnly: false)
  }

  private func send(
    _ changes: [TopicChange], _ desired: TopicSpec, validatesOnly: Bool
  ) async throws(KafkaError) {
    if changes.contains(where: { $0.kind == .create }) {
      let topic = KafkaNewTopic(
        desired.name, partitions: desired.partitions ?? -1, replication: desired.replication,
        configuration: desired.config.compactMapValues { $0 })
      let failures = try await admin.createTopics([topic], validatesOnly: validatesOnly)
      if let error = failures[desired.name] { throw error }
      return
    }
    for change in changes {
      guard case .partitions(_, let total) = change.kind else { continue }
      try await admin.createPartitions(of: desired.name, total: total, validatesOnly: validatesOnly)
    }
    var settings: [String: String?] = [:]
    for change in changes { if case .config(let name, _, let to) = change.kind { settings[name] = .some(to) } }
    guard !settings.isEmpty else { return }
    try await admin.alterConfigs(.topic(desired.name), settings, validatesOnly: validatesOnly)
  }

  package func delete(_ topic: String) async throws {
    guard let error = try await admin.deleteTopics([topic])[topic] else { return }
    if error.isUnknownTopic { throw TopicError(.noSuchTopic, "there is no topic \(topic)") }
    throw error
  }
}
