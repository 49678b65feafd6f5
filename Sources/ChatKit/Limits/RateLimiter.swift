import CLinux
package import Networking
package import Redis

/// Keeps limits for one loop, with the others through Redis. See Rate.swift for how.
package final class RateLimiter: @unchecked Sendable {
  package struct Settings: Sendable {
    package var fallback = LimitFallback.local
    /// How long Redis may take to answer.
    package var patience = Duration.milliseconds(250)
    /// Keys that are remembered.
    package var keys = 50_000

    package init() {}
  }

  package struct Counters: Sendable {
    /// Calls of the script.
    package var calls = 0
    /// Requests that waited for one.
    package var asked = 0
    /// Times that Redis did not answer.
    package var failures = 0
  }

  /// A request that waits for Redis. Resumed once.
  private final class Ask: @unchecked Sendable {
    let first: LimitEntry?
    let second: LimitEntry?
    private var continuation: UnsafeContinuation<LimitVerdict, Never>?

    init(_ first: LimitEntry?, _ second: LimitEntry?, _ continuation: UnsafeContinuation<LimitVerdict, Never>) {
      self.first = first
      self.second = second
      self.continuation = continuation
    }

    func finish(_ verdict: LimitVerdict) {
      continuation.take()?.resume(returning: verdict)
    }
  }

  /// What one call of the script bears.
  private final class Batch: @unchecked Sendable {
    var asks: [Ask] = []
    var reports: [(entry: LimitEntry, count: Int)] = []
    /// Given up: its answer, should there be one, finds nobody waiting.
    var isAbandoned = false
  }

  private let redis: RedisClient
  private let loop: EventLoop
  private let settings: Settings
  package private(set) var counters = Counters()
  private var entries: [LimitKey: LimitEntry] = [:]
  private var asks: [Ask] = []
  /// Entries with something to report.
  private var dirty: [LimitEntry] = []
  private var inFlight: Batch?
  /// Milliseconds of Redis' clock that the loop's is behind; at first by our own clock.
  private var offset: Int64
  /// When Redis is tried again; 0 when it is there (monotonic, ns).
  private var awayUntil: UInt64 = 0
  private lazy var reportTimer = loop.timer { [weak self] in self?.flush() }
  private lazy var patienceTimer = loop.timer { [weak self] in self?.lostPatience() }

  /// What is far from its limit is reported that often.
  private static let reportInterval = Duration.milliseconds(10)
  private static let retryInterval = Duration.seconds(1)
  /// Requests that one call bears.
  private static let batch = 256

  package init(redis: RedisClient, loop: EventLoop, settings: Settings = Settings()) {
    self.redis = redis
    self.loop = loop
    self.settings = settings
    offset = clinux_realtime_us() / 1000 - Int64(loop.now / 1_000_000)
  }

  package var keyCount: Int { entries.count }
  package var isAway: Bool { awayUntil != 0 }

  package func close() {
    reportTimer.cancel()
    patienceTimer.cancel()
    for ask in asks { ask.finish(.unlimited) }
    asks = []
  }

  // MARK: Deciding

  /// Whether one more may be done, counted in both limits or in none; nil when Redis has to be asked (`ask`).
  package func check(_ first: LimitDemand?, _ second: LimitDemand?) -> LimitVerdict? {
    guard first != nil || second != nil else { return .unlimited }
    let one = first.map(entry)
    let two = second.map(entry)
    if awayUntil > loop.now { return fallback(one, two) }
    let now = milliseconds
    if let one, one.isReached(now) { return one.refusal(now) }
    if let two, two.isReached(now) { return two.refusal(now) }
    guard one?.isFar(now) ?? true, two?.isFar(now) ?? true else { return nil }
    if let one { grant(one) }
    if let two { grant(two) }
    return granted(one, two, now)
  }

  /// The same by asking Redis, for when `check` cannot say.
  package nonisolated(nonsending) func ask(_ first: LimitDemand?, _ second: LimitDemand?) async -> LimitVerdict {
    let one = first.map(entry)
    let two = second.map(entry)
    counters.asked += 1
    return await withUnsafeContinuation { continuation in
      asks.append(Ask(one, two, continuation))
      flush()
    }
  }

  private func grant(_ entry: LimitEntry) {
    entry.grant()
    guard !entry.isQueued else { return }
    entry.isQueued = true
    dirty.append(entry)
    if !reportTimer.isArmed { reportTimer.arm(after: Self.reportInterval) }
  }

  /// With what is left of the limit of which less is left.
  private func granted(_ one: LimitEntry?, _ two: LimitEntry?, _ now: Int64) -> LimitVerdict {
    switch (one?.quota(now), two?.quota(now)) {
    case (let a?, let b?): .granted(a.remaining <= b.remaining ? a : b)
    case (let a?, nil): .granted(a)
    case (nil, let b?): .granted(b)
    case (nil, nil): .unlimited
    }
  }

  private func fallback(_ one: LimitEntry?, _ two: LimitEntry?) -> LimitVerdict {
    switch settings.fallback {
    case .allow: return .unlimited
    case .deny: return .unavailable
    case .local:
      let now = milliseconds
      if let one, !one.fitsLocally(now) { return one.refusal(now) }
      if let two, !two.fitsLocally(now) { return two.refusal(now) }
      one?.takeLocally()
      two?.takeLocally()
      return granted(one, two, now)
    }
  }

  /// By Redis' clock.
  private var milliseconds: Int64 { Int64(loop.now / 1_000_000) + offset }

  // MARK: Keys

  private func entry(_ demand: LimitDemand) -> LimitEntry {
    if let known = entries[demand.key], known.rate == demand.rate { return known }
    if entries.count >= settings.keys { forget() }
    let made = LimitEntry(demand)
    entries[demand.key] = made
    return made
  }

  /// Redis remembers what is forgotten here. What is pending is not forgotten; there is little of it.
  private func forget() {
    let now = milliseconds
    let old = entries.filter { $0.value.pending == 0 && now - $0.value.lastUse > 2 * $0.value.rate.window }
    for key in old.keys { entries[key] = nil }
    guard entries.count >= settings.keys * 3 / 4 else { return }
    entries = entries.filter { $0.value.pending > 0 }
  }

  // MARK: Redis

  private func flush() {
    guard inFlight == nil, !(asks.isEmpty && dirty.isEmpty) else { return }
    guard awayUntil <= loop.now else { return answerByFallback() }
    guard redis.isConnected else {
      redis.start()
      return goAway()
    }
    let batch = Batch()
    batch.asks = Array(asks.prefix(Self.batch))
    asks.removeFirst(batch.asks.count)
    for entry in dirty.prefix(Self.batch) {
      entry.isQueued = false
      batch.reports.append((entry, entry.takeUnsent()))
    }
    dirty.removeFirst(batch.reports.count)
    inFlight = batch
    counters.calls += 1
    patienceTimer.arm(after: settings.patience)
    let (keys, arguments) = Self.call(batch)
    loop.start { [self] in
      do {
        let reply = try await redis.run(LimitScript.script, keys: keys, RedisArguments(arguments))
        finish(batch, reply.array?.compactMap(\.integer) ?? [])
      } catch {
        finish(batch, [])
      }
    }
  }

  private static func call(_ batch: Batch) -> (keys: [String], arguments: [Int64]) {
    var keys: [String] = []
    var arguments: [Int64] = []
    func add(_ entry: LimitEntry) {
      keys.append(entry.name)
      arguments.append(Int64(entry.rate.count))
      arguments.append(entry.rate.window)
    }
    for ask in batch.asks {
      arguments += [Int64((ask.first == nil ? 0 : 1) + (ask.second == nil ? 0 : 1)), 1, 0]
      if let first = ask.first { add(first) }
      if let second = ask.second { add(second) }
    }
    for (entry, count) in batch.reports {
      arguments += [1, Int64(count), 1]
      add(entry)
    }
    return (keys, arguments)
  }

  private func finish(_ batch: Batch, _ reply: [Int64]) {
    if inFlight === batch {
      inFlight = nil
      patienceTimer.cancel()
    }
    let wanted =
      1 + batch.asks.reduce(0) { $0 + 1 + ($1.first == nil ? 0 : 3) + ($1.second == nil ? 0 : 3) }
      + 4 * batch.reports.count
    guard reply.count == wanted else { return failed(batch) }
    awayUntil = 0
    offset = reply[0] - Int64(loop.now / 1_000_000)
    var at = 1
    func window() -> SlidingWindow {
      defer { at += 3 }
      return SlidingWindow(index: reply[at], current: Int(reply[at + 1]), previous: Int(reply[at + 2]))
    }
    let now = reply[0]
    for ask in batch.asks {
      let isGranted = reply[at] == 1
      at += 1
      ask.first?.confirm(window(), counted: 0)
      ask.second?.confirm(window(), counted: 0)
      ask.finish(isGranted ? granted(ask.first, ask.second, now) : refusal(ask.first, ask.second, now))
    }
    for (entry, count) in batch.reports {
      at += 1
      entry.confirm(window(), counted: batch.isAbandoned ? 0 : count)
    }
    // What came meanwhile goes at once if somebody waits for it.
    if !asks.isEmpty { flush() } else if !dirty.isEmpty { reportTimer.arm(after: Self.reportInterval) }
  }

  private func refusal(_ one: LimitEntry?, _ two: LimitEntry?, _ now: Int64) -> LimitVerdict {
    if let one, one.isReached(now) { return one.refusal(now) }
    if let two { return two.refusal(now) }
    return one?.refusal(now) ?? .unlimited
  }

  // MARK: Without Redis

  private func lostPatience() {
    guard let batch = inFlight else { return }
    inFlight = nil
    failed(batch)
  }

  private func failed(_ batch: Batch) {
    guard !batch.isAbandoned else { return }
    batch.isAbandoned = true
    let now = milliseconds
    for (entry, count) in batch.reports { entry.giveUp(count, now) }
    asks = batch.asks + asks
    goAway()
  }

  private func goAway() {
    counters.failures += 1
    awayUntil = loop.now + Self.retryInterval.nanoseconds
    answerByFallback()
  }

  private func answerByFallback() {
    let now = milliseconds
    for entry in dirty {
      entry.isQueued = false
      entry.giveUp(entry.takeUnsent(), now)
    }
    dirty = []
    let waiting = asks
    asks = []
    for ask in waiting { ask.finish(fallback(ask.first, ask.second)) }
  }
}
