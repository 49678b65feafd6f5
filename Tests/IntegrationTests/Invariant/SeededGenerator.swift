import Glibc
import TestSupport

/// SplitMix64: the same seed gives the same schedule.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A generator of its own for each actor of a test, so that their speed does not change each other's choices.
  init(seed: UInt64, actor: Int) {
    state = seed ^ (UInt64(actor + 1) &* 0x9e37_79b9_7f4a_7c15)
    _ = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// CHATD_TEST_SEED, or a new one.
  static func seedOfThisRun() throws -> UInt64 {
    guard let text = getenv("CHATD_TEST_SEED").map({ String(cString: $0) }), !text.isEmpty else {
      return UInt64.random(in: 1...999_999)
    }
    guard let seed = UInt64(text) else { throw TestFailure("CHATD_TEST_SEED is '\(text)', not a number") }
    return seed
  }
}
