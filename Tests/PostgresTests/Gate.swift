import Networking

/// Lets pass when `count` have come, or when one who waits is cancelled; open from then on. On one loop.
final class Gate: @unchecked Sendable {
  private let loop: EventLoop
  private var missing: Int
  private var waiting: [UnsafeContinuation<Void, Never>] = []

  init(_ count: Int, loop: EventLoop) {
    missing = count
    self.loop = loop
  }

  func pass() async {
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        missing -= 1
        waiting.append(continuation)
        if missing <= 0 || Task.isCancelled { open() }
      }
    } onCancel: {
      loop.execute { [self] in open() }
    }
  }

  private func open() {
    missing = 0
    for continuation in waiting { continuation.resume() }
    waiting = []
  }
}
