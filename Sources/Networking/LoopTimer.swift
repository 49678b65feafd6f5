/// A timer of one loop; armed, moved and cancelled any number of times. On the loop's thread only.
///
/// Moving a deadline later, which is what an idle timeout does on each request, is one store: the heap learns of it
/// when the old deadline comes up.
package final class LoopTimer {
  fileprivate unowned let loop: EventLoop
  let fire: () -> Void
  /// When it must fire (monotonic ns); `UInt64.max` when it must not.
  fileprivate var deadline = UInt64.max
  /// Where it stands in the heap, by which deadline; -1 when it is not in it.
  fileprivate var position = -1
  fileprivate(set) var heapDeadline = UInt64.max

  fileprivate init(loop: EventLoop, fire: @escaping () -> Void) {
    self.loop = loop
    self.fire = fire
  }

  package var isArmed: Bool { deadline != UInt64.max }

  /// (Re)arms the timer to fire once, `duration` from now.
  package func arm(after duration: Duration) {
    let (time, overflow) = loop.now.addingReportingOverflow(duration.nanoseconds)
    arm(at: overflow ? UInt64.max : time)
  }

  /// (Re)arms the timer for a monotonic time in nanoseconds. Never fires within the tick that arms it, so that a timer
  /// which arms itself for now cannot starve the sockets.
  package func arm(at time: UInt64) {
    loop.assertCurrent()
    deadline = min(max(time, loop.now &+ 1), UInt64.max - 1)
    if position < 0 {
      loop.timers.insert(self)
    } else if time < heapDeadline {
      loop.timers.moveEarlier(self)
    }
  }

  package func cancel() {
    deadline = UInt64.max
    if position >= 0 { loop.timers.remove(self) }
  }
}

extension EventLoop {
  /// A timer that is not armed yet.
  package func timer(_ fire: @escaping () -> Void) -> LoopTimer { LoopTimer(loop: self, fire: fire) }

  /// Fires once after `duration` unless it is cancelled. The loop keeps it until then.
  @discardableResult
  package func schedule(after duration: Duration, _ fire: @escaping () -> Void) -> LoopTimer {
    let timer = timer(fire)
    timer.arm(after: duration)
    return timer
  }
}

extension Duration {
  /// Whole nanoseconds; negative durations are 0, those beyond three centuries are cut.
  package var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(min(seconds, 9_000_000_000)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  /// Whole milliseconds.
  package var milliseconds: Int { Int(nanoseconds / 1_000_000) }
}

/// A binary heap of timers by deadline; each timer knows its place, so that cancelling is O(log n).
struct TimerHeap {
  private var timers: ContiguousArray<LoopTimer> = []

  var next: UInt64? { timers.first?.heapDeadline }
  var count: Int { timers.count }

  mutating func insert(_ timer: LoopTimer) {
    timer.heapDeadline = timer.deadline
    timer.position = timers.count
    timers.append(timer)
    siftUp(timer.position)
  }

  /// Takes out all, armed no longer.
  mutating func removeAll() -> ContiguousArray<LoopTimer> {
    defer { timers = [] }
    for timer in timers {
      timer.position = -1
      timer.deadline = UInt64.max
    }
    return timers
  }

  mutating func moveEarlier(_ timer: LoopTimer) {
    timer.heapDeadline = timer.deadline
    siftUp(timer.position)
  }

  mutating func remove(_ timer: LoopTimer) {
    let position = timer.position
    timer.position = -1
    let last = timers.removeLast()
    guard position < timers.count else { return }
    timers[position] = last
    last.position = position
    siftDown(position)
    siftUp(last.position)
  }

  /// Takes out one timer that is due. One at a time and fired by the caller: what a timer does arms and cancels others,
  /// which must not find the heap under way.
  mutating func popDue(_ now: UInt64) -> LoopTimer? {
    while let timer = timers.first, timer.heapDeadline <= now {
      if timer.deadline > timer.heapDeadline {
        timer.heapDeadline = timer.deadline
        siftDown(0)
        continue
      }
      remove(timer)
      timer.deadline = UInt64.max
      return timer
    }
    return nil
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard timers[index].heapDeadline < timers[parent].heapDeadline else { return }
      exchange(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var least = index
      let left = 2 * index + 1
      if left < timers.count, timers[left].heapDeadline < timers[least].heapDeadline { least = left }
      if left + 1 < timers.count, timers[left + 1].heapDeadline < timers[least].heapDeadline { least = left + 1 }
      if least == index { return }
      exchange(index, least)
      index = least
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    timers.swapAt(a, b)
    timers[a].position = a
    timers[b].position = b
  }
}
