/// How often something was done in the present window and in the one before; the windows of all limits begin at
/// multiples of their length since 1970. Times are in milliseconds.
///
/// What counts is the present window, and the last one as if what was done in it had been spread evenly. That needs two
/// numbers instead of a time for each request, and is wrong by as much as the requests were not spread.
struct SlidingWindow: Equatable, Sendable {
  /// Which window is the present one.
  private(set) var index: Int64
  private(set) var current: Int
  private(set) var previous: Int

  init(index: Int64 = 0, current: Int = 0, previous: Int = 0) {
    self.index = index
    self.current = current
    self.previous = previous
  }

  /// Goes on to the window of `now`. A clock that goes back changes nothing.
  mutating func advance(to now: Int64, _ rate: Rate) {
    let index = now / rate.window
    guard index > self.index else { return }
    previous = index == self.index + 1 ? current : 0
    current = 0
    self.index = index
  }

  mutating func add(_ count: Int) { current += count }

  /// What counts at `now`, after `advance`.
  func used(at now: Int64, _ rate: Rate) -> Double {
    Double(current) + Double(previous) * (1 - Double(elapsed(now, rate)) / Double(rate.window))
  }

  /// How long until one more is allowed, as far as nothing else is done; 0 when it is now.
  func wait(at now: Int64, _ rate: Rate) -> Int64 {
    guard used(at: now, rate) + 1 > Double(rate.count) else { return 0 }
    let room = Double(rate.count - 1)
    let elapsed = elapsed(now, rate)
    if Double(current) <= room {
      // The last window has to slide out far enough.
      let share = 1 - (room - Double(current)) / Double(previous)
      return max(Int64((share * Double(rate.window)).rounded(.up)) - elapsed, 1)
    }
    // Nothing before this window is the last one; then what is left of it has to.
    let share = 1 - room / Double(current)
    return rate.window - elapsed + Int64((share * Double(rate.window)).rounded(.up))
  }

  /// How long the present window still takes.
  func rest(at now: Int64, _ rate: Rate) -> Int64 { rate.window - elapsed(now, rate) }

  /// What of the present window has passed. A clock that is behind the store's is taken to be at the window's beginning.
  private func elapsed(_ now: Int64, _ rate: Rate) -> Int64 { min(max(now - index * rate.window, 0), rate.window) }
}
