import Primitives
package import Redis

/// Lag of the groups on Redis Streams. The ids of entries hold the time, so that nothing has to be read for the age. On its
/// client's loop only.
package final class RedisLagSource: LagSource, @unchecked Sendable {
  private let redis: RedisClient
  private let partitions: Int

  /// - Parameters:
  ///   - redis: stays the caller's.
  ///   - partitions: as the processes that publish have it (`bus.partitions`).
  package init(_ redis: RedisClient, partitions: Int) {
    self.redis = redis
    self.partitions = partitions
  }

  private func stream(_ topic: String, _ partition: Int) -> String { "\(topic):\(partition)" }

  /// The topic of dead letters is one stream.
  private func partitions(of topic: String) -> Range<Int> { 0..<(topic.hasSuffix(".dead") ? 1 : partitions) }

  package func sample(_ groups: [String]?, topic: String) async throws -> [LagSample] {
    var samples: [LagSample] = []
    var members: [String: Int] = [:]
    for partition in partitions(of: topic) {
      let key = stream(topic, partition)
      guard let stream = try await redis.xinfoStream(key) else { continue }
      for group in try await redis.xinfoGroups(key) where groups?.contains(group.name) ?? true {
        if members[group.name] == nil { members[group.name] = try await self.members(of: group.name, topic) }
        samples.append(try await sample(group, stream, partition, topic, members: members[group.name] ?? 0))
      }
    }
    return samples
  }

  private func sample(
    _ group: RedisClient.StreamGroup, _ stream: RedisClient.StreamInfo, _ partition: Int, _ topic: String, members: Int
  ) async throws -> LagSample {
    let key = self.stream(topic, partition)
    let owner = try await redis.send("GET", "\(topic):\(group.name):owner:\(partition)").string
    var (pending, firstPending) = (group.pending, RedisStreamID?.none)
    if pending > 0 { (pending, firstPending) = try await redis.xpending(key, group: group.name) }
    let isBeforeAll = stream.first.map { group.lastDelivered < $0 } ?? true
    // Entries behind the last that was delivered, where all that are left are; else Redis counts.
    let undelivered = isBeforeAll ? stream.length : group.lag
    // Redis counts those too that were trimmed away before anybody got them.
    var lost = isBeforeAll ? max(0, (group.lag ?? stream.length) - stream.length) : 0
    if pending > 0, let start = stream.first?.predecessor ?? .some(stream.last) {
      lost += try await trimmed(key, group.name, upTo: start)
    }
    let next = try await next(key, after: group.lastDelivered, stream: stream)
    let first = firstPending ?? next
    let state: LagSample.State = members == 0 ? .empty : owner == nil ? .rebalancing : .stable
    return LagSample(
      group: group.name, topic: topic, partition: partition, state: state, owner: owner,
      position: first?.description ?? group.lastDelivered.description, end: stream.last.description,
      messages: undelivered.map { $0 + pending }, lost: lost,
      oldest: first.map { Timestamp(microseconds: Int64(clamping: $0.milliseconds) &* 1000) },
      done: group.entriesRead.map { $0 - pending } ?? group.lag.map { stream.entriesAdded - $0 - pending },
      arrived: stream.entriesAdded, at: .now())
  }

  /// The first entry that nobody of the group was given.
  private func next(
    _ key: String, after last: RedisStreamID, stream: RedisClient.StreamInfo
  ) async throws -> RedisStreamID? {
    if stream.length == 0 || last >= stream.last { return nil }
    return try await redis.xrange(key, from: "(\(last)", count: 1).first?.id
  }

  /// Pending entries that are no longer in the stream, counted up to 1000.
  private func trimmed(_ key: String, _ group: String, upTo end: RedisStreamID) async throws -> Int {
    let reply = try await redis.send("XPENDING", key, group, "-", end.description, 1000)
    return reply.array?.count ?? 0
  }

  /// Members whose leases run, by Redis' clock.
  private func members(of group: String, _ topic: String) async throws -> Int {
    let parts = try await redis.send("TIME").array ?? []
    let now = (parts.first?.integer ?? 0) * 1000 + (parts.last?.integer ?? 0) / 1000
    return Int(try await redis.send("ZCOUNT", "\(topic):\(group):members", "(\(now)", "+inf").integer ?? 0)
  }

  // MARK: Moving

  package func plan(
    moving group: String, topic: String, to target: PositionTarget, partitions chosen: [Int]?
  ) async throws -> [PositionMove] {
    let all = partitions(of: topic)
    for number in chosen ?? [] where !all.contains(number) {
      throw LagError(.noSuchPartition, "\(topic) has no partition \(number), but 0 to \(all.count - 1)")
    }
    if case .position(let text) = target, RedisStreamID(text) == nil {
      throw LagError(.invalidPosition, "'\(text)' is no id of a stream's entry, such as 1700000000000-0")
    }
    try await refuseActive(group, topic)
    var moves: [PositionMove] = []
    var isThere = false
    var isKnown = false
    for partition in chosen ?? Array(all) {
      let key = stream(topic, partition)
      guard let stream = try await redis.xinfoStream(key) else { continue }
      isThere = true
      let found = try await redis.xinfoGroups(key).first { $0.name == group }
      isKnown = isKnown || found != nil
      moves.append(try await move(found, stream, partition, key, target))
    }
    if !isThere { throw LagError(.noSuchTopic, "there is no stream of the topic \(topic)") }
    // One that nobody reads would hold what is in the streams for ever.
    if !isKnown { throw LagError(.noSuchGroup, "there is no group \(group) of \(topic)") }
    return moves
  }

  private func move(
    _ group: RedisClient.StreamGroup?, _ stream: RedisClient.StreamInfo, _ partition: Int, _ key: String,
    _ target: PositionTarget
  ) async throws -> PositionMove {
    let end = RedisStreamID(milliseconds: stream.last.milliseconds, sequence: stream.last.sequence &+ 1)
    let to: RedisStreamID =
      switch target {
      case .earliest: stream.first ?? end
      case .latest: end
      case .time(let time): RedisStreamID(milliseconds: UInt64(clamping: time.microseconds / 1000), sequence: 0)
      case .position(let text): RedisStreamID(text) ?? end
      }
    let bounded = min(to, end)
    var from = stream.first ?? end
    if let group {
      var first = group.pending > 0 ? try await redis.xpending(key, group: group.name).first : nil
      if first == nil { first = try await next(key, after: group.lastDelivered, stream: stream) }
      from = first ?? end
    }
    return PositionMove(
      partition: partition, from: group.map { _ in from.description }, to: bounded.description,
      repeated: bounded < from ? try await count(key, bounded, from) : 0,
      skipped: from < bounded ? try await count(key, from, bounded) : 0)
  }

  /// Entries from one place to another, that one not included; nil for more than 100,000.
  private func count(_ key: String, _ from: RedisStreamID, _ to: RedisStreamID) async throws -> Int? {
    let count = try await redis.run(Self.counting, keys: [key], from.description, "(\(to)", 100_000).integer ?? 0
    return count > 100_000 ? nil : Int(count)
  }

  private static let counting = RedisScript(
    """
    local count, start = 0, ARGV[1]
    while count <= tonumber(ARGV[3]) do
      local entries = redis.call('XRANGE', KEYS[1], start, ARGV[2], 'COUNT', 1000)
      count = count + #entries
      if #entries < 1000 then break end
      start = '(' .. entries[#entries][1]
    end
    return count
    """)

  private func refuseActive(_ group: String, _ topic: String) async throws {
    let count = try await members(of: group, topic)
    guard count == 0 else { throw LagError(.groupIsActive, "the group \(group) has \(count) members") }
  }

  /// The group is made anew at its place: so nothing is left of what its members had been given.
  package func execute(_ moves: [PositionMove], group: String, topic: String) async throws {
    try await refuseActive(group, topic)
    for move in moves {
      guard let to = RedisStreamID(move.to) else { continue }
      let key = stream(topic, move.partition)
      // What is read before can be counted where it is all or nothing; else Redis finds out as the group goes on.
      let replies = try await redis.transaction([
        RedisCommand("XGROUP", "DESTROY", key, group),
        RedisCommand("XGROUP", "CREATE", key, group, to.predecessor.description, "MKSTREAM"),
      ])
      for reply in replies { _ = try reply.get() }
    }
  }
}
