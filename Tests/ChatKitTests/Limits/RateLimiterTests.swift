import ChatKit
import Glibc
import Networking
import Primitives
import Redis
import TestSupport
import Testing

@Suite("limits of rates")
struct RateLimiterTests {
  private static let sends = LimitKey.StaticName("send", 0)

  private func user(_ rate: Rate, _ id: UUID = .v7()) -> LimitDemand {
    LimitDemand(LimitKey(Self.sends, user: id), rate)
  }

  private func address(_ rate: Rate, _ text: String) throws -> LimitDemand {
    let address = try #require(SocketAddress(literal: text, port: 1))
    return LimitDemand(try #require(LimitKey(Self.sends, address: address)), rate)
  }

  private func decide(_ limiter: RateLimiter, _ one: LimitDemand?, _ two: LimitDemand? = nil) async -> LimitVerdict {
    if let verdict = limiter.check(one, two) { return verdict }
    return await limiter.ask(one, two)
  }

  private func isGranted(_ verdict: LimitVerdict) -> Bool { if case .granted = verdict { true } else { false } }

  /// Who counts exactly must not give up on a Redis that has to share two cores with all the other tests.
  private static let patient = {
    var settings = RateLimiter.Settings()
    settings.patience = .seconds(20)
    return settings
  }()

  /// A limiter whose Redis is connected.
  private func make(
    _ loop: EventLoop, _ redis: RedisClient, _ settings: RateLimiter.Settings = Self.patient
  ) async throws -> RateLimiter {
    try await redis.ping()
    return RateLimiter(redis: redis, loop: loop, settings: settings)
  }

  @Test("a small limit is exact: so many and no more, and the refusal says when one is allowed again")
  func exact() async throws {
    let share = try await TestRedis.make()
    try await withLoop { loop in
      let redis = RedisClient(share.configuration, loop: loop)
      let limiter = try await make(loop, redis)
      let demand = user(Rate(10, per: .seconds(3600)))
      for left in (0..<10).reversed() {
        guard case .granted(let quota) = await decide(limiter, demand) else { throw TestFailure("refused at \(left)") }
        #expect(quota.remaining == left)
        #expect(quota.rate.count == 10)
        #expect((1...3600).contains(quota.reset))
      }
      for _ in 0..<5 {
        guard case .refused(let quota, let subject, let wait) = await decide(limiter, demand) else {
          throw TestFailure("granted")
        }
        #expect(subject == .user)
        #expect(quota.remaining == 0)
        #expect((1...7200).contains(wait))
      }
      // What was refused is not counted, and was not asked either: it was known.
      #expect(limiter.counters.asked <= 11)
      let keys = try await redis.send("KEYS", "chatd:limit:*").array?.compactMap(\.string) ?? []
      #expect(keys.count == 1)
      let value = try await redis.send("GET", keys.first ?? "").string ?? ""
      #expect(value.split(separator: " ")[1] == "10")
      let life = try await redis.send("PTTL", keys.first ?? "").integer ?? -1
      #expect((1...7_200_000).contains(life))
      limiter.close()
      redis.close()
    }
  }

  @Test("several limits are counted in all or in none")
  func together() async throws {
    let share = try await TestRedis.make()
    try await withLoop { loop in
      let redis = RedisClient(share.configuration, loop: loop)
      let limiter = try await make(loop, redis)
      let other = try await make(loop, redis)
      let few = Rate(3, per: .seconds(3600))
      let more = Rate(5, per: .seconds(3600))
      let place = try address(more, "2001:db8:1:2:3::1")
      let ann = user(few)
      for _ in 0..<3 { #expect(isGranted(await decide(limiter, ann, place))) }
      // Another process, which has not heard of it, is told so; the address is not charged for it.
      guard case .refused(_, .user, _) = await decide(other, ann, place) else { throw TestFailure("granted") }
      // The whole network of the address counts as one.
      let neighbour = try address(more, "2001:db8:1:2:ffff::9")
      #expect(isGranted(await decide(other, user(few), neighbour)))
      #expect(isGranted(await decide(other, user(few), place)))
      guard case .refused(_, .address, _) = await decide(limiter, user(few), neighbour) else {
        throw TestFailure("granted")
      }
      redis.close()
    }
  }

  @Test("what is far from its limit waits for nothing, and is counted all the same")
  func far() async throws {
    let share = try await TestRedis.make()
    try await withLoop { loop in
      let redis = RedisClient(share.configuration, loop: loop)
      let limiter = try await make(loop, redis)
      let demand = user(Rate(16_000, per: .seconds(3600)))
      for _ in 0..<900 { #expect(limiter.check(demand, nil).map(isGranted) == true) }
      // A sixteenth is as far as it goes without Redis.
      for _ in 0..<100 { _ = limiter.check(demand, nil) }
      #expect(limiter.check(demand, nil) == nil)
      #expect(limiter.counters.asked == 0)
      try await eventually("the report") {
        let keys = try await redis.send("KEYS", "chatd:limit:*").array?.compactMap(\.string) ?? []
        guard let key = keys.first else { return false }
        return try await redis.send("GET", key).string?.split(separator: " ")[1] == "1000"
      }
      #expect(limiter.counters.calls == 1)
      #expect(limiter.check(demand, nil).map(isGranted) == true)
      redis.close()
    }
  }

  @Test("processes together pass a limit by no more than a sixteenth each")
  func shared() async throws {
    let share = try await TestRedis.make()
    let rate = Rate(320, per: .seconds(3600))
    let demand = user(rate)
    let granted = try await withLoops(3) { loops in
      var total = 0
      try await withThrowingTaskGroup(of: Int.self) { tasks in
        for loop in loops {
          tasks.addTask {
            try await loop.submit {
              let redis = RedisClient(share.configuration, loop: loop)
              let limiter = try await make(loop, redis)
              var granted = 0
              for _ in 0..<400 where isGranted(await decide(limiter, demand)) { granted += 1 }
              redis.close()
              return granted
            }
          }
        }
        for try await part in tasks { total += part }
      }
      return total
    }
    #expect((320...(320 + 3 * 20)).contains(granted))
  }

  @Test("requests that ask at once share calls of Redis")
  func batches() async throws {
    let share = try await TestRedis.make()
    try await withLoop { loop in
      let redis = RedisClient(share.configuration, loop: loop)
      let limiter = try await make(loop, redis)
      let rate = Rate(10, per: .seconds(3600))
      let verdicts = await withTaskGroup(of: LimitVerdict.self) { tasks in
        for _ in 0..<200 {
          tasks.addTask(executorPreference: loop.tasks) { await self.decide(limiter, self.user(rate)) }
        }
        return await tasks.reduce(into: []) { $0.append($1) }
      }
      #expect(verdicts.count == 200)
      #expect(verdicts.allSatisfy(isGranted))
      #expect(limiter.counters.calls <= 3)
      redis.close()
    }
  }

  @Test("without Redis everything goes, nothing goes, or each loop counts by itself", arguments: LimitFallback.allCases)
  func away(fallback: LimitFallback) async throws {
    var options = EmbeddedOptions()
    options.services = [.redis]
    options.isDurable = false
    let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    try await withLoop { loop in
      let redis = RedisClient(RedisConfiguration(.unix(servers.redisSocket)), loop: loop)
      var settings = RateLimiter.Settings()
      settings.fallback = fallback
      let limiter = try await make(loop, redis, settings)
      let demand = user(Rate(5, per: .seconds(3600)))
      #expect(isGranted(await decide(limiter, demand)))
      try await servers.kill(.redis)
      var verdicts: [LimitVerdict] = []
      for _ in 0..<10 { verdicts.append(await decide(limiter, demand)) }
      switch fallback {
      case .allow: #expect(verdicts.allSatisfy { $0 == .unlimited })
      case .deny: #expect(verdicts.allSatisfy { $0 == .unavailable })
      case .local:
        // What was counted before it went is not forgotten.
        #expect(verdicts.prefix(4).allSatisfy(isGranted))
        #expect(!verdicts.dropFirst(4).contains(where: isGranted))
      }
      #expect(limiter.isAway)
      try await servers.restart(.redis)
      // Of whom is over a limit it is not asked.
      try await eventually("the return of Redis") {
        _ = await decide(limiter, user(Rate(5, per: .seconds(3600))))
        return !limiter.isAway
      }
      redis.close()
    }
    await servers.stop()
  }

  @Test("a Redis that is frozen holds up nobody longer than the patience")
  func frozen() async throws {
    var options = EmbeddedOptions()
    options.services = [.redis]
    options.isDurable = false
    let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    try await withLoop { loop in
      let redis = RedisClient(RedisConfiguration(.unix(servers.redisSocket)), loop: loop)
      var settings = RateLimiter.Settings()
      settings.fallback = .allow
      let limiter = try await make(loop, redis, settings)
      let process = await servers.processID(of: .redis)
      let pid = try #require(process)
      kill(pid, SIGSTOP)
      let rate = Rate(5, per: .seconds(3600))
      let began = ContinuousClock.now
      let first = await decide(limiter, user(rate))
      let took = ContinuousClock.now - began
      #expect(first == .unlimited)
      #expect(took < .seconds(4), "\(took)")
      #expect(limiter.counters.failures == 1)
      // The next do not wait at all.
      #expect(limiter.check(user(rate), nil) == .unlimited)
      kill(pid, SIGCONT)
      try await eventually("the return of Redis") {
        _ = await decide(limiter, user(rate))
        return !limiter.isAway
      }
      redis.close()
    }
    await servers.stop()
  }
}
