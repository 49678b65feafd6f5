/// What a limiter knows of one key.
final class LimitEntry: @unchecked Sendable {
  let key: LimitKey
  let rate: Rate
  /// The key's name in Redis.
  let name: String
  /// As Redis had it last; of what was done here since, `pending` is not in it.
  private(set) var window = SlidingWindow()
  /// Granted, and not known to be counted in Redis.
  private(set) var pending = 0
  /// Of `pending`, what no call bears yet.
  private(set) var unsent = 0
  var isQueued = false
  private var isKnown = false
  /// Milliseconds.
  private(set) var lastUse: Int64 = 0

  init(_ demand: LimitDemand) {
    key = demand.key
    rate = demand.rate
    // That of a workspace may be changed while it is counted, and windows of other lengths have other numbers.
    name = demand.key.subject == .workspace ? "\(demand.key.text):\(demand.rate.window)" : demand.key.text
  }

  /// What may be granted without Redis knowing of it.
  private var slack: Int { rate.count / 16 }

  /// What counts at `now`, as far as it is known here.
  private func used(_ now: Int64) -> Double {
    window.advance(to: now, rate)
    return window.used(at: now, rate) + Double(pending)
  }

  /// Whether one more can be granted without asking: it is far from the limit, and not too much is unconfirmed.
  func isFar(_ now: Int64) -> Bool {
    lastUse = now
    return pending < slack && used(now) + 1 <= Double(rate.count - slack)
  }

  /// Whether the limit is reached, whatever else was done: what Redis has counted is enough for that.
  func isReached(_ now: Int64) -> Bool {
    guard isKnown else { return false }
    window.advance(to: now, rate)
    return window.used(at: now, rate) + 1 > Double(rate.count)
  }

  func grant() {
    pending += 1
    unsent += 1
  }

  /// Takes what is to be reported.
  func takeUnsent() -> Int {
    defer { unsent = 0 }
    return unsent
  }

  /// Redis has said how it stands, and has counted so many of those pending.
  func confirm(_ window: SlidingWindow, counted: Int) {
    self.window = window
    isKnown = true
    pending -= counted
  }

  /// Redis will not hear of these; they are counted here.
  func giveUp(_ count: Int, _ now: Int64) {
    pending -= count
    window.advance(to: now, rate)
    window.add(count)
  }

  /// Whether one more fits, by what is counted here alone.
  func fitsLocally(_ now: Int64) -> Bool {
    lastUse = now
    return used(now) + 1 <= Double(rate.count)
  }

  /// One more, counted here alone, after `fitsLocally`.
  func takeLocally() {
    isKnown = true
    window.add(1)
  }

  func quota(_ now: Int64) -> LimitQuota {
    let left = Double(rate.count) - used(now)
    return LimitQuota(
      rate: rate, remaining: max(Int(left.rounded(.down)), 0), reset: Self.seconds(window.rest(at: now, rate)))
  }

  func refusal(_ now: Int64) -> LimitVerdict {
    window.advance(to: now, rate)
    let quota = LimitQuota(rate: rate, remaining: 0, reset: Self.seconds(window.rest(at: now, rate)))
    return .refused(quota, subject: key.subject, retryAfter: max(Self.seconds(window.wait(at: now, rate)), 1))
  }

  private static func seconds(_ milliseconds: Int64) -> Int { Int((milliseconds + 999) / 1000) }
}
