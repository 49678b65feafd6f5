import Networking
package import Primitives
package import Redis

/// Presence as it stands in Redis, for operators: read part by part, so that neither a hundred thousand users nor their
/// leases hold up anybody.
package struct PresenceInspection: Sendable {
  /// How many there are of what.
  package struct Counts: Sendable {
    package var online: Int
    /// Of those online: without a lease, within the grace.
    package var leaving: Int
    package var leases: Int
    /// Leases that nobody has renewed in time, and nobody has swept yet.
    package var overdue: Int
    /// Edges that wait to be published.
    package var waitingEdges: Int
    /// Since when Redis remembers; nil where nobody has been there.
    package var born: Timestamp?
  }

  /// A user who is online.
  package struct Presence: Sendable {
    package var user: UUID
    package var leases: Int
    /// Until when a user without leases is still online.
    package var leavesAt: Timestamp?
    package var since: Timestamp
  }

  /// A lease, and until when it is good.
  package struct Lease: Hashable, Sendable {
    package var lease: PresenceLease
    package var until: Timestamp
  }

  let redis: RedisClient
  private let page: Int

  package init(redis: RedisClient, page: Int = 500) {
    self.redis = redis
    self.page = page
  }

  package func counts() async throws -> Counts {
    let now = Timestamp.now().microseconds / 1000
    let replies = try await redis.pipeline([
      RedisCommand("HLEN", PresenceScripts.online), RedisCommand("ZCARD", PresenceScripts.leaving),
      RedisCommand("ZCARD", PresenceScripts.leases), RedisCommand("ZCOUNT", PresenceScripts.leases, "-inf", now),
      RedisCommand("XLEN", PresenceScripts.edges), RedisCommand("HGET", PresenceScripts.state, "born"),
    ])
    func number(_ index: Int) throws -> Int { Int(try replies[index].get().integer ?? 0) }
    return Counts(
      online: try number(0), leaving: try number(1), leases: try number(2), overdue: try number(3),
      waitingEdges: try number(4), born: (try replies[5].get().integer).map { Timestamp(microseconds: $0 * 1000) })
  }

  /// A part of those who are online, and where to go on; nil at the end. Users may come twice.
  package func online(from cursor: String) async throws -> (users: [Presence], next: String?) {
    let reply = try await redis.send("HSCAN", PresenceScripts.online, cursor, "COUNT", page)
    guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array else {
      throw RedisError.unexpectedPresence
    }
    let users = stride(from: 0, to: pairs.count - 1, by: 2).compactMap { index in
      pairs[index].string.flatMap { UUID($0) }.map { ($0, pairs[index + 1].integer ?? 0) }
    }
    return (try await describe(users), next == "0" ? nil : next)
  }

  /// Those of `users` who are online.
  package func online(_ users: [UUID]) async throws -> [Presence] {
    guard !users.isEmpty else { return [] }
    let versions = try await redis.send("HMGET", PresenceScripts.online, RedisArguments(users)).array ?? []
    return try await describe(zip(users, versions).compactMap { user, version in version.integer.map { (user, $0) } })
  }

  private func describe(_ users: [(UUID, Int64)]) async throws -> [Presence] {
    guard !users.isEmpty else { return [] }
    let names = users.map(\.0)
    let replies = try await redis.pipeline([
      RedisCommand("HMGET", PresenceScripts.counts, RedisArguments(names)),
      RedisCommand("ZMSCORE", PresenceScripts.leaving, RedisArguments(names)),
    ])
    let counts = try replies[0].get().array ?? []
    let scores = try replies[1].get().array ?? []
    guard counts.count == users.count, scores.count == users.count else { throw RedisError.unexpectedPresence }
    return users.indices.map { index in
      Presence(
        user: users[index].0, leases: Int(counts[index].integer ?? 0), leavesAt: Self.time(scores[index]),
        since: Timestamp(microseconds: users[index].1))
    }
  }

  /// A part of the leases, and where to go on; nil at the end. A lease may come twice.
  /// - Parameter user: of this one only; all are looked at.
  package func leases(of user: UUID? = nil, from cursor: String) async throws -> (leases: [Lease], next: String?) {
    let reply =
      if let user {
        try await redis.send("ZSCAN", PresenceScripts.leases, cursor, "MATCH", "\(user)/*", "COUNT", page)
      } else {
        try await redis.send("ZSCAN", PresenceScripts.leases, cursor, "COUNT", page)
      }
    guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array else {
      throw RedisError.unexpectedPresence
    }
    let leases = stride(from: 0, to: pairs.count - 1, by: 2).compactMap { index -> Lease? in
      guard let lease = pairs[index].string.flatMap({ PresenceLease($0) }), let until = Self.time(pairs[index + 1])
      else { return nil }
      return Lease(lease: lease, until: until)
    }
    return (leases, next == "0" ? nil : next)
  }

  /// All of one user's. Every lease that there is is looked at.
  package func leases(of user: UUID) async throws -> [PresenceLease] {
    var found = Set<PresenceLease>()
    var cursor: String? = "0"
    while let from = cursor {
      let (leases, next) = try await leases(of: user, from: from)
      found.formUnion(leases.map(\.lease))
      cursor = next
    }
    return Array(found)
  }

  /// A score in milliseconds.
  private static func time(_ score: RedisValue) -> Timestamp? {
    score.string.flatMap { Double($0) }.map { Timestamp(microseconds: Int64($0) * 1000) }
  }

  /// Ends leases, as whoever holds them would. A device that is still there takes its lease again when it next renews it.
  package func end(_ leases: [PresenceLease], settings: PresenceSettings) async throws {
    let store = PresenceStore(redis: redis, settings: settings)
    for start in stride(from: 0, to: leases.count, by: PresenceStore.batch) {
      try await store.release(leases[start..<min(start + PresenceStore.batch, leases.count)])
    }
  }
}
