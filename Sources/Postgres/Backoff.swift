/// Pauses between attempts: each twice as long as the one before up to a limit, and shortened at random by up to a
/// half, so that those who failed together do not return together.
struct Backoff {
  let minimum: Duration
  let maximum: Duration
  private(set) var attempts = 0

  init(minimum: Duration, maximum: Duration) {
    self.minimum = minimum
    self.maximum = maximum
  }

  mutating func next() -> Duration { next(random: Double.random(in: 0..<1)) }

  /// - Parameter random: in 0..<1.
  mutating func next(random: Double) -> Duration {
    let full = min(maximum, minimum * (1 << min(attempts, 20)))
    attempts += 1
    return full * (1 - random / 2)
  }

  mutating func reset() { attempts = 0 }
}
