import Primitives
package import Redis

/// Redis, as those who depend on it look at it.
package struct RedisHealth: Sendable {
  private let redis: RedisClient
  /// Whether the events go through it.
  private let isBus: Bool

  package init(_ redis: RedisClient, isBus: Bool) {
    self.redis = redis
    self.isBus = isBus
  }

  package func server() async -> [HealthFinding] {
    do {
      let before = Timestamp.now()
      let clock = try await redis.send("TIME").array ?? []
      let after = Timestamp.now()
      let info = Self.fields(try await redis.send("INFO").string ?? "")
      let time = Timestamp(
        microseconds: (clock.first?.integer ?? 0) * 1_000_000 + (clock.last?.integer ?? 0))
      return [
        HealthFinding(
          "redis", .ok, "Redis \(info["redis_version"] ?? "?") answers",
          metrics: [.init("query", LagReport.seconds(after - before), unit: "s")]),
        eviction(info), memory(info), persistence(info), replication(info),
        ClockSkew.finding("clock.redis", "Redis", time, before, after),
      ]
    } catch {
      return [.away("redis", "Redis", error, fix: "see that Redis runs and that redis.url is right")]
    }
  }

  static func fields(_ text: String) -> [String: String] {
    var fields: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
    return fields
  }

  private func eviction(_ info: [String: String]) -> HealthFinding {
    let policy = info["maxmemory_policy"] ?? "?"
    if policy == "noeviction" { return HealthFinding("redis.eviction", .ok, "nothing is evicted (noeviction)") }
    let isBounded = info["maxmemory"] != "0"
    return HealthFinding(
      "redis.eviction", isBounded ? .critical : .warning,
      "maxmemory-policy is \(policy): \(isBus ? "events and " : "")leases of presence go when memory is full",
      fix: "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf")
  }

  private func memory(_ info: [String: String]) -> HealthFinding {
    let used = Double(info["used_memory"] ?? "") ?? 0
    let most = Double(info["maxmemory"] ?? "") ?? 0
    let text = "\(Int(used) >> 20) MiB are in use" + (most > 0 ? " of \(Int(most) >> 20)" : ", without a limit")
    return HealthFinding(
      "redis.memory", text, fix: "raise maxmemory\(isBus ? ", or lower bus.retention and bus.limit" : "")",
      metrics: [
        .init(
          "used", used, unit: "B", warning: most > 0 ? most * 0.8 : nil, critical: most > 0 ? most * 0.95 : nil)
      ])
  }

  private func persistence(_ info: [String: String]) -> HealthFinding {
    let hasAOF = info["aof_enabled"] == "1"
    if hasAOF, info["aof_last_write_status"] == "err" || info["aof_last_bgrewrite_status"] == "err" {
      return HealthFinding(
        "redis.persistence", .critical, "the append-only file cannot be written",
        fix: "look at the space and rights of Redis' folder, and at its log")
    }
    if info["rdb_last_bgsave_status"] == "err" {
      return HealthFinding(
        "redis.persistence", .critical, "the last snapshot failed, after which Redis refuses writes",
        fix: "look at the space of Redis' folder, and at vm.overcommit_memory (1)")
    }
    if isBus, !hasAOF {
      return HealthFinding(
        "redis.persistence", .warning, "the bus is in memory only: a restart of Redis loses events that wait",
        fix: "CONFIG SET appendonly yes, and the same in redis.conf; what is lost is read from the store, late")
    }
    return HealthFinding(
      "redis.persistence", .ok,
      hasAOF ? "the append-only file is written" : "nothing that has to outlive Redis is in it")
  }

  private func replication(_ info: [String: String]) -> HealthFinding {
    guard info["role"] == "slave" else {
      return HealthFinding("redis.role", .ok, "a primary with \(info["connected_slaves"] ?? "0") replicas")
    }
    return HealthFinding(
      "redis.role", .critical, "this Redis is a replica, and takes no writes", fix: "name the primary in redis.url")
  }
}
