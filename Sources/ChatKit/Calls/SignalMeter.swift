import Primitives

/// How fast a user may signal: a bucket each, of one loop. Connecting takes a burst of candidates, then little.
struct SignalMeter {
  static let burst = 200
  static let perSecond = 40
  /// Users who are known; beyond it those whose buckets are full again are forgotten.
  private static let limit = 4096

  private struct Bucket {
    var tokens: Double
    var at: UInt64
  }

  /// Nanoseconds of a clock that only goes forward.
  private let now: () -> UInt64
  private var buckets: [UUID: Bucket] = [:]

  init(now: @escaping () -> UInt64) { self.now = now }

  mutating func admits(_ user: UUID) -> Bool {
    let time = now()
    if buckets.count >= Self.limit, buckets[user] == nil {
      let whole = UInt64(Self.burst) * 1_000_000_000 / UInt64(Self.perSecond)
      buckets = buckets.filter { time - $0.value.at < whole }
      // Nobody grows this by being many: who finds no place waits for one.
      if buckets.count >= Self.limit { return false }
    }
    var bucket = buckets[user] ?? Bucket(tokens: Double(Self.burst), at: time)
    let earned = Double(time - bucket.at) / 1e9 * Double(Self.perSecond)
    bucket.tokens = min(Double(Self.burst), bucket.tokens + earned)
    bucket.at = time
    let isAdmitted = bucket.tokens >= 1
    if isAdmitted { bucket.tokens -= 1 }
    buckets[user] = bucket
    return isAdmitted
  }
}
