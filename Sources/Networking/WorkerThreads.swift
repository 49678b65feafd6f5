import Glibc
import Synchronization

/// Threads for work that blocks or burns: getaddrinfo, password hashing. The queue is bounded; a full one is an error
/// that says so, which is how a flood of logins is kept from taking all memory.
package final class WorkerThreads: Sendable {
  /// Name look-ups and file work.
  package static let blocking = WorkerThreads(name: "blocking", threads: 2, queueLimit: 1024)

  private struct State {
    /// A job that has been taken leaves nil, so that nothing it holds outlives it.
    var queue: [(@Sendable () -> Void)?] = []
    var head = 0
    var waiting: Int { queue.count - head }
    var running = 0
    var done = 0
    var refused = 0
  }

  private let name: String
  private let queueLimit: Int
  private let state = Mutex(State())
  /// Counts the jobs in the queue.
  private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

  /// Starts `threads` threads that live as long as the process.
  package init(name: String, threads: Int, queueLimit: Int) {
    self.name = name
    self.queueLimit = queueLimit
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    self.semaphore = semaphore
    for _ in 0..<threads { EventLoop.startThread(named: name) { [self] in work() } }
  }

  /// Runs `body` on one of the threads. Throws what it throws, or `NetworkError` (overloaded) when the queue is full.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Result, any Error>) in
      let isAccepted = state.withLock { state in
        guard state.waiting < queueLimit else {
          state.refused += 1
          return false
        }
        state.queue.append { continuation.resume(with: Swift.Result { try body() }) }
        return true
      }
      if isAccepted {
        sem_post(semaphore)
      } else {
        continuation.resume(
          throwing: NetworkError(.overloaded, "queue \(name) work", reason: "\(queueLimit) are waiting"))
      }
    }
  }

  /// How busy the threads are: jobs that wait, run, have run, and were refused for want of room. Any thread.
  package struct Load: Sendable {
    package var waiting: Int
    package var running: Int
    package var done: Int
    package var refused: Int
  }

  package var load: Load {
    state.withLock { Load(waiting: $0.waiting, running: $0.running, done: $0.done, refused: $0.refused) }
  }

  private func work() {
    while true {
      while sem_wait(semaphore) != 0 {}
      let job = state.withLock { state -> (@Sendable () -> Void)? in
        guard state.head < state.queue.count else { return nil }
        let job = state.queue[state.head]
        state.queue[state.head] = nil
        state.head += 1
        state.running += 1
        if state.head == state.queue.count || state.head > 256 {
          state.queue.removeFirst(state.head)
          state.head = 0
        }
        return job
      }
      guard let job else { continue }
      job()
      state.withLock { state in
        state.running -= 1
        state.done += 1
      }
    }
  }
}
