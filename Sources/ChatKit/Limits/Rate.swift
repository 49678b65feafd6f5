// Limits: how much of what anybody may do in a time, counted in Redis for all processes together.
//
// Pattern. A sliding window (`SlidingWindow`): the count of the present window, and of the one before as much as still lies
// within the last `window`. One key a limit, with a time to live; a Lua script (`LimitScript`) looks at several limits
// at once, and counts in all of them only if all allow it. `RateLimiter`, one a loop, keeps what Redis has last said of the keys
// that it has seen:
//
//   far from the limit   granted at once; counted in Redis afterwards, many requests of a key as one (`report`)
//   near it, or small    asked for (`ask`): one round trip, and what comes meanwhile goes together with the next
//   over it              refused at once: what was counted does not become less before it is due
//
// So a request that is granted waits for nothing, a flood costs Redis nothing, and exact is what has to be exact.
//
// Concurrency. A limiter belongs to its loop.
//
// Invariants.
// - What is refused is not counted: who is over a limit gets further as soon as the window has slid on.
// - A loop has granted at most a sixteenth of a limit that Redis does not know of yet. So with n loops on all machines a limit
//   can be passed by n sixteenths, when a user floods all of them in the same hundredth of a second; never by more.
// - Redis being away or slow holds up nobody longer than `patience`; then `whenUnavailable` says what goes.

import Primitives

/// So many in so long a time: `600/1m`.
package struct Rate: Hashable, Sendable, CustomStringConvertible {
  /// At least 1.
  package let count: Int
  /// In milliseconds, at least a second.
  package let window: Int64

  package init(_ count: Int, per window: Duration) {
    self.count = max(count, 1)
    self.window = max(window.components.seconds * 1000, 1000)
  }

  /// `COUNT/DURATION`; nil for what is none.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000_000).contains(count),
      let window = Duration(text: parts[1]), window >= .seconds(1), window <= .seconds(86_400),
      window.components.attoseconds == 0
    else { return nil }
    self.init(count, per: window)
  }

  /// Whole seconds.
  package var seconds: Int { Int(window / 1000) }

  package var description: String { "\(count)/\(Duration.seconds(seconds).text)" }
}
