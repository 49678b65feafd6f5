import CLinux

/// The executor of tasks that are on a loop without being isolated to it. It is an object of its own because both
/// executor protocols share one `enqueue`, and a job must be run as what it was enqueued as.
package final class EventLoopTasks: TaskExecutor, @unchecked Sendable {
  private let inbox: LoopInbox

  init(inbox: LoopInbox) { self.inbox = inbox }

  /// A task may outlive its loop, as one that waits for another thread's work does: the loop is only touched on its own
  /// thread, where it is alive.
  package func enqueue(_ job: consuming ExecutorJob) {
    let entry = EventLoop.Entry(job: UnownedJob(job), isIsolated: false)
    let isTaken = clinux_tls_loop().map { current in
      Unmanaged<EventLoop>.fromOpaque(current)._withUnsafeGuaranteedRef { loop in
        guard loop.inbox === inbox else { return false }
        loop.putHere(entry)
        return true
      }
    }
    if isTaken != true { inbox.add(entry) }
  }

  package func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
}

extension EventLoop {
  package func enqueue(_ job: consuming ExecutorJob) { put(Entry(job: UnownedJob(job), isIsolated: true)) }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  package func checkIsolated() { precondition(isCurrent, "not on this loop's thread") }

  package func isIsolatingCurrentContext() -> Bool? { isCurrent }

  /// Starts a task that stays on this loop, running at once up to its first suspension. On the loop's thread only.
  /// A task without an executor of its own to prefer would leave the loop.
  @discardableResult
  package func start<Success: Sendable>(
    _ operation: @escaping @Sendable () async -> Success
  ) -> Task<Success, Never> {
    assertCurrent()
    return Task.immediate(executorPreference: tasks, operation: operation)
  }

  /// Runs an async function on this loop and waits for it; cancelling the caller cancels it. Any thread.
  package func submit<Success: Sendable>(
    _ operation: @escaping @Sendable () async throws -> Success
  ) async throws -> Success {
    let task = Task(executorPreference: tasks, operation: operation)
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Suspends for at least `duration`; throws `CancellationError` at once when the task is cancelled.
  package func sleep(for duration: Duration) async throws {
    assertCurrent()
    let sleeper = Sleeper(loop: self)
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in sleeper.begin(duration, continuation) }
    } onCancel: {
      execute { sleeper.cancel() }
    }
  }
}

/// One suspended `sleep`: resumed once, by its timer or by cancellation.
private final class Sleeper: @unchecked Sendable {
  private let loop: EventLoop
  private var continuation: UnsafeContinuation<Void, any Error>?
  private var timer: LoopTimer?

  init(loop: EventLoop) { self.loop = loop }

  func begin(_ duration: Duration, _ continuation: UnsafeContinuation<Void, any Error>) {
    if Task.isCancelled { return continuation.resume(throwing: CancellationError()) }
    self.continuation = continuation
    timer = loop.schedule(after: duration) { [self] in
      self.continuation?.resume()
      finish()
    }
  }

  func cancel() {
    timer?.cancel()
    continuation?.resume(throwing: CancellationError())
    finish()
  }

  /// The timer holds its sleeper as the sleeper holds it.
  private func finish() {
    continuation = nil
    timer = nil
  }
}
