import Networking
import Testing

@testable import SocketIO

@Suite("The deadline wheel", .timeLimit(.minutes(1)))
struct DeadlineWheelTests {
  /// Counts how it is asked, and answers with a fixed period.
  private final class Entry: DeadlineEntry, @unchecked Sendable {
    var deadline: UInt64 = 0
    var asked: [UInt64] = []
    var answer: (Entry, UInt64) -> UInt64? = { _, _ in nil }

    override func deadlineReached(now: UInt64) -> UInt64? {
      asked.append(now)
      return answer(self, now)
    }
  }

  private func wait(_ loop: EventLoop, until isDone: @escaping @Sendable () -> Bool) async throws -> Bool {
    try await loop.submit {
      let end = loop.now + 5_000_000_000
      while !isDone(), loop.now < end { try await loop.sleep(for: .milliseconds(1)) }
      return isDone()
    }
  }

  @Test("asks each entry not before its time, and again when it says so")
  func periods() async throws {
    let loop = EventLoop.spawn()
    defer { loop.stop() }
    let (wheel, entries) = try await loop.submit {
      let wheel = DeadlineWheel(loop: loop, shortest: 20_000_000)
      let start = loop.now
      let entries = (0..<50).map { index in
        let entry = Entry()
        entry.deadline = start + UInt64(index % 7) * 3_000_000
        entry.answer = { entry, now in
          guard entry.asked.count < 3 else { return nil }
          entry.deadline = now + 5_000_000
          return entry.deadline
        }
        wheel.schedule(entry, at: entry.deadline)
        return entry
      }
      return (wheel, entries)
    }
    #expect(try await wait(loop) { entries.allSatisfy { $0.asked.count == 3 } })
    for entry in entries {
      for index in 1..<entry.asked.count { #expect(entry.asked[index] >= entry.asked[index - 1] + 5_000_000) }
    }
    withExtendedLifetime(wheel) {}
  }

  @Test("forgets what is removed, from within a callback too")
  func removal() async throws {
    let loop = EventLoop.spawn()
    defer { loop.stop() }
    let (wheel, kept, removed) = try await loop.submit {
      let wheel = DeadlineWheel(loop: loop, shortest: 20_000_000)
      let kept = Entry()
      let removed = Entry()
      let later = loop.now + 4_000_000
      kept.answer = { _, _ in
        wheel.remove(removed)
        return nil
      }
      wheel.schedule(removed, at: later + 8_000_000)
      wheel.schedule(kept, at: later)
      return (wheel, kept, removed)
    }
    #expect(try await wait(loop) { !kept.asked.isEmpty })
    let last = Entry()
    try await loop.submit { wheel.schedule(last, at: loop.now + 20_000_000) }
    #expect(try await wait(loop) { !last.asked.isEmpty })
    #expect(removed.asked.isEmpty)
    #expect(kept.asked.count == 1)
  }

  @Test("takes deadlines beyond its span, and earlier ones after later ones")
  func span() async throws {
    let loop = EventLoop.spawn()
    defer { loop.stop() }
    let (wheel, far, near) = try await loop.submit {
      let wheel = DeadlineWheel(loop: loop, shortest: 20_000_000)
      let far = Entry()
      let near = Entry()
      let start = loop.now
      far.deadline = start + 700_000_000
      far.answer = { entry, now in now >= entry.deadline ? nil : entry.deadline }
      wheel.schedule(far, at: far.deadline)
      wheel.schedule(near, at: start + 3_000_000)
      return (wheel, far, near)
    }
    #expect(try await wait(loop) { near.asked.count == 1 })
    #expect(try await wait(loop) { (far.asked.last ?? 0) >= far.deadline })
    withExtendedLifetime(wheel) {}
  }
}
