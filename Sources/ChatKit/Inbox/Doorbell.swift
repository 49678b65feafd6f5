package import Networking

/// Lets one task wait for a time, or until it is called. On its loop only.
package final class Doorbell: @unchecked Sendable {
  private let loop: EventLoop
  private var waiting: UnsafeContinuation<Void, Never>?
  private var hasRung = false
  private lazy var timer = loop.timer { [unowned self] in release() }

  package init(loop: EventLoop) { self.loop = loop }

  /// Ends the wait that is under way, or the next one.
  package func ring() {
    hasRung = true
    release()
  }

  /// Returns when it rings, at once where it has rung since the last wait; else after `time`.
  package func wait(for time: Duration) async {
    loop.assertCurrent()
    if !hasRung {
      timer.arm(after: time)
      await withUnsafeContinuation { waiting = $0 }
      timer.cancel()
    }
    hasRung = false
  }

  private func release() {
    let continuation = waiting
    waiting = nil
    continuation?.resume()
  }
}
