package import Primitives
package import Redis

/// What Redis Streams have of topics: streams named `topic:0`, `topic:1` … On its client's loop only.
///
/// A stream is made by its first event. How many there are, and how much of them is kept, are settings of the processes that
/// publish (`bus.partitions`, `bus.retention`, `bus.limit`): nothing of Redis could be changed for them.
package final class RedisTopics: TopicStore, @unchecked Sendable {
  private let redis: RedisClient
  private let partitions: Int

  /// - Parameter partitions: as the processes that publish have it.
  package init(_ redis: RedisClient, partitions: Int) {
    self.redis = redis
    self.partitions = partitions
  }

  package func partition(of key: UUID, among count: Int) -> Int { RedisStreamBus.partition(of: key, among: count) }

  package func names() async throws -> [String] {
    var names: Set<String> = []
    var cursor = "0"
    repeat {
      let reply = try await redis.send("SCAN", cursor, "MATCH", "*:0", "TYPE", "stream", "COUNT", 1000)
      guard let parts = reply.array, parts.count == 2 else { break }
      cursor = parts[0].string ?? "0"
      for key in parts[1].array ?? [] { if let key = key.string { names.insert(String(key.dropLast(2))) } }
    } while cursor != "0"
    return names.sorted()
  }

  package func state(of topic: String, withTimes: Bool) async throws -> TopicState? {
    var found: [TopicState.Partition] = []
    var number = 0
    var misses = 0
    // A partition without an event has no stream yet; those beyond our own setting are somebody's all the same.
    while number < partitions || misses == 0 {
      if let stream = try await redis.xinfoStream("\(topic):\(number)") {
        found.append(
          TopicState.Partition(
            id: number, first: stream.first?.description, end: stream.last.description, records: stream.length,
            oldest: stream.first.map(Self.time), newest: stream.length > 0 ? Self.time(stream.last) : nil))
      } else {
        misses += 1
      }
      number += 1
      if number >= partitions, misses > 0 { break }
    }
    return found.isEmpty ? nil : TopicState(topic, partitions: found)
  }

  private static func time(_ id: RedisStreamID) -> Timestamp {
    Timestamp(microseconds: Int64(clamping: id.milliseconds) &* 1000)
  }

  package func examine(_ changes: [TopicChange], _ desired: TopicSpec) async throws -> [TopicChange] {
    changes.map { change in
      var change = change
      change.risk = .impossible
      change.warning =
        switch change.kind {
        case .create: "a stream is made by its first event"
        case .partitions: "set bus.partitions of every process, and restart all at once; keys move"
        case .config: "Redis Streams have no such setting: bus.retention and bus.limit of the processes stand for it"
        case .replication: "Redis Streams have no copies but those of Redis' own replication"
        case .delete: change.warning
        }
      return change
    }
  }

  package func apply(_ changes: [TopicChange], _ desired: TopicSpec) async throws {
    guard let change = try await examine(changes, desired).first else { return }
    throw TopicError(.notOnThisBus, "\(change.what): \(change.warning ?? "not on Redis Streams")")
  }

  /// With its groups, and what their members agree by.
  package func delete(_ topic: String) async throws {
    guard let state = try await state(of: topic, withTimes: false) else {
      throw TopicError(.noSuchTopic, "there is no topic \(topic)")
    }
    let streams = state.partitions.map { "\(topic):\($0.id)" }
    var keys = Set(streams)
    for (partition, stream) in zip(state.partitions, streams) {
      for group in try await redis.xinfoGroups(stream) {
        keys.insert("\(topic):\(group.name):members")
        keys.insert("\(topic):\(group.name):owner:\(partition.id)")
      }
    }
    _ = try await redis.send("UNLINK", RedisArguments(keys.sorted()))
  }
}
