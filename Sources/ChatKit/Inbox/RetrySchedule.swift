/// Pauses that double, up to a limit, each spread by a quarter so that what failed together does not come back together.
package struct RetrySchedule: Sendable {
  package var first: Duration
  package var longest: Duration

  package init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// After the `attempt`th failure, from 1.
  package func pause(after attempt: Int) -> Duration {
    let doubled = first * (1 << min(max(0, attempt - 1), 30))
    return min(doubled, longest) * Double.random(in: 0.75...1.25)
  }
}
