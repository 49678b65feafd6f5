package import Networking

/// Takes what is due out of a queue that lies in PostgreSQL and works on several at a time. On its loop only.
///
/// The queue remembers: `claim` leases its rows to us, and `perform` removes a row or says when it is due again. What a
/// process that died had in hand is due again when its lease ends.
package final class DeliveryPump<Job: Sendable>: @unchecked Sendable {
  private let loop: EventLoop
  private let most: Int
  private let interval: Duration
  private let claim: @Sendable (_ most: Int) async throws -> [Job]
  private let perform: @Sendable (Job) async -> Void
  private let bell: Doorbell
  private var task: Task<Void, Never>?
  private var running: [Int: Task<Void, Never>] = [:]
  private var counter = 0
  private var isStopping = false
  /// Told when the queue cannot be read.
  package var report: (any Error) -> Void = { _ in }

  /// - Parameters:
  ///   - most: jobs at a time.
  ///   - interval: between two looks at a queue that was empty, when nobody rings.
  package init(
    loop: EventLoop, most: Int, interval: Duration, claim: @escaping @Sendable (_ most: Int) async throws -> [Job],
    perform: @escaping @Sendable (Job) async -> Void
  ) {
    self.loop = loop
    self.most = most
    self.interval = interval
    self.claim = claim
    self.perform = perform
    bell = Doorbell(loop: loop)
  }

  package var outstanding: Int { running.count }

  package func start() {
    guard task == nil else { return }
    task = loop.start { [self] in await run() }
  }

  /// There may be something in the queue.
  package func wake() { bell.ring() }

  /// Cancels what is under way and returns when it has ended.
  package func stop() async {
    isStopping = true
    bell.ring()
    await task?.value
    let jobs = Array(running.values)
    for job in jobs { job.cancel() }
    for job in jobs { await job.value }
  }

  private func run() async {
    while !isStopping {
      var found = 0
      let free = most - running.count
      if free > 0 {
        do {
          let jobs = try await claim(free)
          found = jobs.count
          for job in jobs { begin(job) }
        } catch {
          report(error)
        }
      }
      if found == 0 || running.count >= most { await bell.wait(for: interval) }
    }
  }

  private func begin(_ job: Job) {
    counter += 1
    let number = counter
    running[number] = loop.start { [self] in
      // It is known as running before it can have ended.
      await Task.yield()
      await perform(job)
      let wasFull = running.count >= most
      running[number] = nil
      if wasFull { bell.ring() }
    }
  }
}
