import Networking
package import Primitives
package import Redis

/// Presence as Redis has it. One a loop; see Presence.swift.
package final class PresenceStore: @unchecked Sendable {
  /// What every script says of Redis itself.
  package struct Pulse: Equatable, Sendable {
    /// When it was first asked since it was empty, in milliseconds since 1970.
    package var born: Int64
    /// Its clock, likewise.
    package var now: Int64
  }

  /// What a sweep has done.
  struct Sweep {
    var pulse: Pulse
    var done: Int
    /// Until the next lease or grace ends; nil where there is none.
    var next: Duration?
  }

  /// Leases of one script: longer ones would hold up others.
  package static let batch = 256

  package let settings: PresenceSettings
  let redis: RedisClient

  package init(redis: RedisClient, settings: PresenceSettings) {
    self.redis = redis
    self.settings = settings
  }

  /// Renews leases and takes those that are not there: the first of a user is an edge. Throws `RedisError`.
  /// - Parameter areKnown: they should all be there, which is cheaper where it is so.
  @discardableResult
  package func renew(_ leases: ArraySlice<PresenceLease>, areKnown: Bool = false) async throws -> Pulse {
    let arguments = RedisArguments(Array(leases))
    return try Self.pulse(
      try await redis.run(
        PresenceScripts.renew, keys: PresenceScripts.keys, settings.ttl.milliseconds, settings.jitter.milliseconds,
        areKnown ? 1 : 0, arguments))
  }

  /// Ends leases. After the last of a user the grace begins. Throws `RedisError`.
  package func release(_ leases: ArraySlice<PresenceLease>) async throws {
    let arguments = RedisArguments(Array(leases))
    _ = try await redis.run(
      PresenceScripts.release, keys: PresenceScripts.keys, settings.grace.milliseconds, arguments)
  }

  func sweep(limit: Int) async throws -> Sweep {
    let reply = try await redis.run(
      PresenceScripts.sweep, keys: PresenceScripts.keys, settings.grace.milliseconds, limit)
    let numbers = (reply.array ?? []).compactMap(\.integer)
    guard numbers.count == 4 else { throw RedisError.unexpectedPresence }
    return Sweep(
      pulse: Pulse(born: numbers[0], now: numbers[1]), done: Int(numbers[2]),
      next: numbers[3] < 0 ? nil : .milliseconds(numbers[3]))
  }

  /// The version of the online edge of those users who are online, and whether the others can be taken for offline: not
  /// where Redis has been emptied lately. Throws `RedisError`.
  package func online(_ users: [UUID]) async throws -> (versions: [UUID: Int64], isSettled: Bool) {
    guard !users.isEmpty else { return ([:], true) }
    let replies = try await redis.pipeline([
      RedisCommand("HMGET", PresenceScripts.online, RedisArguments(users)),
      RedisCommand("HGET", PresenceScripts.state, "born"),
      RedisCommand("TIME"),
    ])
    let values = try replies[0].get().array ?? []
    guard values.count == users.count else { throw RedisError.unexpectedPresence }
    var versions: [UUID: Int64] = [:]
    for (user, value) in zip(users, values) { if let version = value.integer { versions[user] = version } }
    let seconds = try replies[2].get().array?.first?.integer ?? 0
    let born = try replies[1].get().integer
    let isSettled = born.map { seconds * 1000 - $0 >= Int64(settings.settling.milliseconds) } ?? false
    return (versions, isSettled)
  }

  /// Those of `users` who have a connection, or a device that says so, and whether the others have none: nobody knows where
  /// Redis has been emptied lately. Unlike `online`, without a grace. Throws `RedisError`.
  package func connected(_ users: [UUID]) async throws -> (users: Set<UUID>, isSettled: Bool) {
    let replies = try await redis.pipeline([
      RedisCommand("HMGET", PresenceScripts.counts, RedisArguments(users)),
      RedisCommand("HGET", PresenceScripts.state, "born"),
      RedisCommand("TIME"),
    ])
    let values = try replies[0].get().array ?? []
    guard values.count == users.count else { throw RedisError.unexpectedPresence }
    let found = zip(users, values).filter { $1.integer.map { $0 > 0 } ?? false }.map { $0.0 }
    let seconds = try replies[2].get().array?.first?.integer ?? 0
    let born = try replies[1].get().integer
    return (Set(found), born.map { seconds * 1000 - $0 >= Int64(settings.settling.milliseconds) } ?? false)
  }

  /// A part of those who are online, and where to go on; nil at the end. Users may come twice.
  func online(from cursor: String) async throws -> (users: [UUID], next: String?) {
    let reply = try await redis.send("HSCAN", PresenceScripts.online, cursor, "COUNT", 500)
    guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array else {
      throw RedisError.unexpectedPresence
    }
    let users = stride(from: 0, to: pairs.count, by: 2).compactMap { pairs[$0].string.flatMap { UUID($0) } }
    return (users, next == "0" ? nil : next)
  }

  /// Makes edges for those users whose presence is not what was last said. Answers how many.
  func contradict(online: Bool, _ users: [UUID]) async throws -> Int {
    let script = online ? PresenceScripts.contradictOnline : PresenceScripts.contradictOffline
    let arguments = RedisArguments(users)
    return Int(try await redis.run(script, keys: PresenceScripts.keys, arguments).integer ?? 0)
  }

  private static func pulse(_ reply: RedisValue) throws -> Pulse {
    let numbers = (reply.array ?? []).compactMap(\.integer)
    guard numbers.count >= 2 else { throw RedisError.unexpectedPresence }
    return Pulse(born: numbers[0], now: numbers[1])
  }
}

extension RedisError {
  static var unexpectedPresence: RedisError {
    RedisError(.unexpectedReply, .unknown, "the reply to a script of presence is not what it should be")
  }
}
