import Testing

@testable import ChatKit

@Suite("a sliding window")
struct SlidingWindowTests {
  private let rate = Rate(10, per: .seconds(60))

  @Test("counts the present window, and the last one as far as it has not slid out")
  func used() {
    var window = SlidingWindow(index: 5, current: 8)
    #expect(window.used(at: 300_000, rate) == 8)
    window.advance(to: 360_000, rate)
    #expect(window == SlidingWindow(index: 6, current: 0, previous: 8))
    #expect(window.used(at: 360_000, rate) == 8)
    #expect(window.used(at: 375_000, rate) == 6)
    window.add(3)
    #expect(window.used(at: 390_000, rate) == 7)
    window.advance(to: 480_000, rate)
    #expect(window == SlidingWindow(index: 8))
  }

  @Test("does not go back with a clock that does")
  func backwards() {
    var window = SlidingWindow(index: 6, current: 2, previous: 3)
    window.advance(to: 300_000, rate)
    #expect(window == SlidingWindow(index: 6, current: 2, previous: 3))
    #expect(window.used(at: 300_000, rate) == 5)
  }

  @Test(
    "says how long to wait, and one more is allowed then and not before", arguments: 0...20, [0, 1, 29_999, 59_999])
  func wait(current: Int, elapsed: Int64) {
    for previous in 0...12 {
      let window = SlidingWindow(index: 6, current: current, previous: previous)
      let now = 360_000 + elapsed
      let wait = window.wait(at: now, rate)
      func isAllowed(_ time: Int64) -> Bool {
        var later = window
        later.advance(to: time, rate)
        return later.used(at: time, rate) + 1 <= 10
      }
      #expect(isAllowed(now + wait), "\(window) at \(elapsed): \(wait)")
      if wait > 1 { #expect(!isAllowed(now + wait - 2), "\(window) at \(elapsed): \(wait)") }
      #expect(wait > 0 || isAllowed(now))
    }
  }

  @Test("a rate is COUNT/DURATION")
  func rates() {
    #expect(Rate("600/1m")?.count == 600)
    #expect(Rate("600/1m")?.window == 60_000)
    #expect(Rate("600/1m")?.description == "600/1m")
    for text in ["", "600", "/1m", "0/1m", "-1/1m", "5/0s", "5/500ms", "5/1500ms", "5/25h", "1/1s/1s", "x/1s"] {
      #expect(Rate(text) == nil, "\(text)")
    }
  }
}
