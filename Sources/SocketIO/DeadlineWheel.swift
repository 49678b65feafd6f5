package import Networking

/// Something with a deadline that hangs in a `DeadlineWheel`.
package class DeadlineEntry {
  /// Monotonic nanoseconds. May be moved at will; moving it before the time it was scheduled for needs `schedule`.
  fileprivate var scheduled: UInt64 = 0
  fileprivate final unowned(unsafe) var previous: DeadlineEntry?
  fileprivate final unowned(unsafe) var next: DeadlineEntry?
  fileprivate final var slot: Int32 = -1

  init() {}

  /// The time has come (or the entry was scheduled early to be asked again): returns the next time, or nil when the
  /// entry is to leave the wheel.
  func deadlineReached(now: UInt64) -> UInt64? { nil }
}

/// Deadlines of the sessions of one loop behind one timer: entries hang in slots by time, as in a hashed wheel, linked
/// through themselves, so that an idle session costs no allocation and a heartbeat no heap operation.
///
/// An entry is asked at its slot's end, at most `resolution` late. Who moves its deadline later need not tell the
/// wheel: it is asked at the old time and answers with the new one.
package final class DeadlineWheel: @unchecked Sendable {
  private let loop: EventLoop
  /// The width of a slot in nanoseconds.
  private let resolution: UInt64
  private var slots: [Unmanaged<DeadlineEntry>?]
  /// The slot that is served next, as a count of slots since the clock's zero.
  private var current: UInt64
  private var count = 0
  private var isServing = false
  private lazy var timer = loop.timer { [unowned self] in serve() }

  /// `shortest` is the shortest of the durations that entries are scheduled for; it decides the resolution.
  package init(loop: EventLoop, shortest: UInt64) {
    self.loop = loop
    resolution = min(max(shortest / 200, 1_000_000), 100_000_000)
    slots = Array(repeating: nil, count: 512)
    current = 0
  }

  deinit { timer.cancel() }

  /// Hangs the entry in, or moves it. The wheel does not keep it alive: take it out with `remove`.
  package func schedule(_ entry: DeadlineEntry, at deadline: UInt64) {
    if entry.slot >= 0 { unlink(entry) }
    link(entry, at: deadline)
    count += 1
    arm(at: entry.scheduled)
  }

  package func remove(_ entry: DeadlineEntry) {
    guard entry.slot >= 0 else { return }
    unlink(entry)
  }

  private func link(_ entry: DeadlineEntry, at deadline: UInt64) {
    if count == 0, !isServing { current = max(current, loop.now / resolution) }
    // Beyond the wheel's span the entry hangs in the last slot, and is asked early.
    let last = current &+ UInt64(slots.count) - 1
    let first = isServing ? current &+ 1 : current
    let position = min(max((deadline &+ resolution - 1) / resolution, first), last)
    let slot = Int(position % UInt64(slots.count))
    entry.scheduled = position &* resolution
    entry.slot = Int32(truncatingIfNeeded: slot)
    entry.previous = nil
    entry.next = slots[slot]?.takeUnretainedValue()
    entry.next?.previous = entry
    slots[slot] = Unmanaged.passUnretained(entry)
  }

  private func unlink(_ entry: DeadlineEntry) {
    let slot = Int(entry.slot)
    if let previous = entry.previous {
      previous.next = entry.next
    } else {
      slots[slot] = entry.next.map { Unmanaged.passUnretained($0) }
    }
    entry.next?.previous = entry.previous
    entry.next = nil
    entry.previous = nil
    entry.slot = -1
    count -= 1
  }

  private var armed = UInt64.max

  private func arm(at time: UInt64) {
    guard time < armed else { return }
    armed = time
    timer.arm(at: time)
  }

  private func serve() {
    armed = UInt64.max
    let now = loop.now
    let due = now / resolution
    var served = 0
    isServing = true
    while current <= due, served < slots.count {
      serve(slot: Int(current % UInt64(slots.count)), now: now)
      current += 1
      served += 1
    }
    isServing = false
    current = max(current, due + 1)
    guard count > 0 else { return }
    var position = current
    while slots[Int(position % UInt64(slots.count))] == nil { position += 1 }
    arm(at: position &* resolution)
  }

  private func serve(slot: Int, now: UInt64) {
    // What is asked may remove itself or others and add new ones: take the head each time. Those that stay are linked
    // to a later slot, so this ends.
    var waiting: [DeadlineEntry] = []
    while let entry = slots[slot]?.takeUnretainedValue() {
      unlink(entry)
      waiting.append(entry)
    }
    for entry in waiting where entry.slot < 0 {
      guard let deadline = entry.deadlineReached(now: now), entry.slot < 0 else { continue }
      link(entry, at: deadline)
      count += 1
    }
  }
}
