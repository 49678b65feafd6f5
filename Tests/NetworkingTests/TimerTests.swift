import Networking
import Testing

@Suite("Timers")
struct TimerTests {
  @Test("fire in the order of their deadlines, whatever the order of arming")
  func order() async throws {
    try await withLoop { loop in
      let fired = try await loop.submit {
        await withUnsafeContinuation { (done: UnsafeContinuation<[Int], Never>) in
          var fired: [Int] = []
          for delay in [5, 1, 4, 2, 3, 0] {
            loop.schedule(after: .milliseconds(delay)) {
              fired.append(delay)
              if fired.count == 6 { done.resume(returning: fired) }
            }
          }
        }
      }
      #expect(fired == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test("a timer may arm and cancel timers when it fires, itself too")
  func reentrancy() async throws {
    try await withLoop { loop in
      let count = try await loop.submit {
        await withUnsafeContinuation { (done: UnsafeContinuation<Int, Never>) in
          let victim = loop.schedule(after: .seconds(600)) { Issue.record("a cancelled timer fired") }
          var count = 0
          var timer: LoopTimer?
          timer = loop.timer {
            count += 1
            victim.cancel()
            loop.schedule(after: .zero) {}
            if count < 100 {
              timer?.arm(after: .zero)
            } else {
              timer = nil
              done.resume(returning: count)
            }
          }
          timer?.arm(after: .zero)
        }
      }
      #expect(count == 100)
    }
  }
}
