import Glibc
import Networking
import Synchronization
import Testing

@Suite("Worker threads and signals")
struct WorkerThreadsTests {
  @Test("results and errors come back to the loop that asked")
  func results() async throws {
    struct Refusal: Error {}
    try await onLoop { loop in
      let threads = WorkerThreads(name: "test", threads: 2, queueLimit: 10)
      let answer = try await threads.run { loop.isCurrent ? 0 : 42 }
      #expect(answer == 42)
      #expect(loop.isCurrent)
      await #expect(throws: Refusal.self) { try await threads.run { throw Refusal() } }
      #expect(loop.isCurrent)
    }
  }

  @Test("a full queue refuses, and takes again when it has room")
  func bound() async throws {
    try await onLoop { loop in
      let threads = WorkerThreads(name: "test", threads: 1, queueLimit: 2)
      let gate = Gate()
      let isRunning = Condition(loop)
      let hasBegun = Counter()
      let first = loop.start {
        try? await threads.run {
          loop.execute {
            hasBegun.add()
            isRunning.signal()
          }
          gate.wait()
        }
      }
      try await isRunning.wait("the first job") { hasBegun.count == 1 }
      let waiting = (0..<2).map { number in loop.start { try? await threads.run { number } } }
      do {
        _ = try await threads.run {}
        Issue.record("a third job was queued")
      } catch let error as NetworkError {
        #expect(error.code == .overloaded)
        #expect(error.isRetriable)
      }
      #expect(threads.load.running == 1 && threads.load.waiting == 2 && threads.load.refused == 1)
      gate.open()
      await first.value
      for (number, task) in waiting.enumerated() { #expect(await task.value == number) }
      let isTaken = try await threads.run { true }
      #expect(isTaken)
      #expect(threads.load.waiting == 0 && threads.load.done >= 3)
    }
  }

  @Test("a thousand jobs on three threads all answer, and hold nothing afterwards")
  func many() async throws {
    final class Held: Sendable {}
    try await onLoop { loop in
      let threads = WorkerThreads(name: "test", threads: 3, queueLimit: 1000)
      weak var held: Held?
      let sum = try await {
        let object = Held()
        held = object
        return try await withThrowingTaskGroup(of: Int.self) { group in
          for number in 0..<1000 { group.addTask { try await threads.run { withExtendedLifetime(object) { number } } } }
          return try await group.reduce(0, +)
        }
      }()
      #expect(sum == 499_500)
      let deadline = ContinuousClock.now + .seconds(20)
      while held != nil, ContinuousClock.now < deadline { await Task.yield() }
      #expect(held == nil)
    }
  }

  @Test("a signal is an event of the loop")
  func signals() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      let seen = Mutex<[Int32]>([])
      // The mask and the signal are this thread's alone, so that the other threads of the tests are left in peace.
      SignalSource([SIGUSR1, SIGUSR2]).deliver(on: loop) { signal in
        seen.withLock { $0.append(signal) }
        condition.signal()
      }
      pthread_kill(pthread_self(), SIGUSR2)
      try await condition.wait("SIGUSR2") { seen.withLock { $0 } == [SIGUSR2] }
      pthread_kill(pthread_self(), SIGUSR1)
      try await condition.wait("SIGUSR1") { seen.withLock { $0 } == [SIGUSR2, SIGUSR1] }
    }
  }
}

/// Holds a thread until it is opened.
final class Gate: Sendable {
  private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func wait() { while sem_wait(semaphore) != 0 {} }
  func open() { sem_post(semaphore) }
}
