import Networking
import Testing

@Suite("Timers")
struct TimerTests {
  @Test("fire in the order of their deadlines, whatever the order of arming")
  func order() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var fired: [Int] = []
      for delay in [5, 1, 4, 2, 3, 0] {
        loop.schedule(after: .milliseconds(delay)) {
          fired.append(delay)
          condition.signal()
        }
      }
      try await condition.wait("six timers") { fired.count == 6 }
      #expect(fired == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test("a timer may arm and cancel timers when it fires, itself too, without starving the loop")
  func reentrancy() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      let victim = loop.schedule(after: .seconds(600)) { Issue.record("a cancelled timer fired") }
      var count = 0
      var ticks = 0
      var timer: LoopTimer?
      timer = loop.timer {
        count += 1
        victim.cancel()
        loop.schedule(after: .zero) {}
        loop.atTickEnd {
          ticks += 1
          condition.signal()
        }
        if count < 100 { timer?.arm(after: .zero) } else { timer = nil }
      }
      timer?.arm(after: .zero)
      try await condition.wait("a hundred ticks") { ticks == 100 }
      #expect(count == 100)
    }
  }

  @Test("never fire early, and only once")
  func once() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      let start = loop.now
      var fired: [UInt64] = []
      let timer = loop.schedule(after: .milliseconds(20)) {
        fired.append(loop.now)
        condition.signal()
      }
      #expect(timer.isArmed)
      try await condition.wait("the timer") { !fired.isEmpty }
      #expect(!timer.isArmed)
      #expect(fired[0] - start >= 20_000_000)
      try await loop.sleep(for: .milliseconds(30))
      #expect(fired.count == 1)
    }
  }

  @Test("a deadline moves later and earlier")
  func moved() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var fired: [String] = []
      func timer(_ name: String) -> LoopTimer {
        loop.timer {
          fired.append(name)
          condition.signal()
        }
      }
      let later = timer("later")
      later.arm(after: .milliseconds(1))
      later.arm(after: .milliseconds(40))
      later.arm(after: .milliseconds(30))
      let earlier = timer("earlier")
      earlier.arm(after: .seconds(600))
      earlier.arm(after: .milliseconds(10))
      let middle = timer("middle")
      middle.arm(after: .milliseconds(20))
      let never = timer("never")
      never.arm(after: .milliseconds(5))
      never.cancel()
      let again = timer("again")
      again.arm(after: .milliseconds(1))
      again.cancel()
      again.arm(after: .milliseconds(25))
      try await condition.wait("four timers") { fired.count == 4 }
      #expect(fired == ["earlier", "middle", "again", "later"])
    }
  }

  @Test("ten thousand, half of them cancelled and a third of them moved, fire in order")
  func many() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var fired: [UInt64] = []
      var timers: [LoopTimer] = []
      var random: UInt64 = 42
      func next(_ bound: UInt64) -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (random >> 33) % bound
      }
      let start = loop.now + 20_000_000
      var expected = 0
      for index in 0..<10_000 {
        var deadline = start + next(20_000) * 1000
        let timer = loop.timer {
          fired.append(deadline)
          condition.signal()
        }
        timer.arm(at: deadline)
        timers.append(timer)
        if index % 3 == 0 {
          deadline = start + next(20_000) * 1000
          timer.arm(at: deadline)
        }
        if index % 2 == 0 { timer.cancel() } else { expected += 1 }
      }
      try await condition.wait("the timers") { fired.count == expected }
      #expect(zip(fired, fired.dropFirst()).allSatisfy { $0 <= $1 })
      #expect(timers.allSatisfy { !$0.isArmed })
    }
  }

  @Test("what a cancelled or fired timer held is released")
  func released() async throws {
    final class Held: Sendable {}
    try await onLoop { loop in
      weak var cancelled: Held?
      weak var fired: Held?
      let condition = Condition(loop)
      var isFired = false
      do {
        let one = Held()
        let two = Held()
        cancelled = one
        fired = two
        loop.schedule(after: .seconds(600)) { withExtendedLifetime(one) {} }.cancel()
        loop.schedule(after: .zero) {
          withExtendedLifetime(two) { isFired = true }
          condition.signal()
        }
      }
      try await condition.wait("the timer") { isFired }
      await Task.yield()
      #expect(cancelled == nil)
      #expect(fired == nil)
    }
  }

  @Test("durations beyond all bounds are cut, not wrapped")
  func durations() {
    #expect(Duration.seconds(-1).nanoseconds == 0)
    #expect(Duration.milliseconds(-1).nanoseconds == 0)
    #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    #expect(Duration.milliseconds(1500).milliseconds == 1500)
    #expect(Duration.seconds(Int64.max).nanoseconds == 9_000_000_000_000_000_000)
  }
}
