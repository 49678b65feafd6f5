import Networking

/// Lets tasks of one loop wait until something may have changed, or a deadline. On that loop only.
final class LoopSignal {
  private final class Waiter: @unchecked Sendable {
    var continuation: UnsafeContinuation<Void, Never>?
    var timer: LoopTimer?

    func resume() {
      timer?.cancel()
      continuation?.resume()
      continuation = nil
    }
  }

  private let loop: EventLoop
  private var waiters: [Waiter] = []

  init(_ loop: EventLoop) { self.loop = loop }

  /// Wakes all that wait.
  func fire() {
    let waiters = waiters
    self.waiters = []
    for waiter in waiters { waiter.resume() }
  }

  /// Returns at the next `fire`, or at `deadline` (monotonic ns).
  func wait(until deadline: UInt64) async {
    let waiter = Waiter()
    waiters.append(waiter)
    await withUnsafeContinuation { continuation in
      waiter.continuation = continuation
      guard deadline < .max else { return }
      waiter.timer = loop.timer { [weak waiter] in waiter?.resume() }
      waiter.timer?.arm(at: deadline)
    }
    waiters.removeAll { $0 === waiter }
  }
}
