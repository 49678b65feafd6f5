import CLinux
import Glibc
import Synchronization

/// What other threads hand to a loop. An object of its own, so that a task whose loop has ended finds somewhere to put its
/// continuation: it is never run then, but nothing is touched that is gone.
final class LoopInbox: Sendable {
  struct Contents {
    var jobs: ContiguousArray<EventLoop.Entry> = []
    var calls: ContiguousArray<@Sendable () -> Void> = []
    var isSignalled = false
  }

  /// An eventfd that is readable while there is something. One write for all that comes before the loop looks.
  let descriptor: Int32
  private let contents = Mutex(Contents())

  init() {
    descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    precondition(descriptor >= 0, "cannot create an eventfd: errno \(clinux_errno())")
  }

  deinit { close(descriptor) }

  func add(_ job: EventLoop.Entry) {
    let mustWake = contents.withLock { contents in
      contents.jobs.append(job)
      defer { contents.isSignalled = true }
      return !contents.isSignalled
    }
    if mustWake { wakeUp() }
  }

  func add(_ call: @escaping @Sendable () -> Void) {
    let mustWake = contents.withLock { contents in
      contents.calls.append(call)
      defer { contents.isSignalled = true }
      return !contents.isSignalled
    }
    if mustWake { wakeUp() }
  }

  func wakeUp() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  /// Takes everything. The signal is taken first: what comes in between signals again.
  func drain() -> Contents {
    var value: UInt64 = 0
    _ = read(descriptor, &value, 8)
    return contents.withLock { contents in
      let taken = contents
      contents = Contents()
      return taken
    }
  }
}
