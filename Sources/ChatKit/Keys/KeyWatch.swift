package import Networking
package import Postgres

/// Keeps a process's keys as the table has them: looks every two seconds whether something has changed, and at once when a
/// loop meets a key that it does not know. One a process; on its loop only.
package final class KeyWatch: @unchecked Sendable {
  package static let interval = Duration.seconds(2)

  private let pool: PostgresPool
  private var master: MasterKey?
  private let findMaster: @Sendable () throws -> MasterKey?
  private let loop: EventLoop
  private let interval: Duration
  private let replaced: @Sendable (MessageKeys) async -> Void
  private var known: String?
  private var task: Task<Void, Never>?
  private var reading: Task<Void, Never>?
  private var lastRead: UInt64 = 0
  /// What every loop of the process has.
  package private(set) var keys: MessageKeys
  /// When other keys are in force: so that the node registry has them without delay.
  package var loaded: () async -> Void = {}
  /// Told of keys that cannot be used, when that changes; and of a table that cannot be read, once an outage.
  package var report: (any Error) -> Void = { _ in }
  private var isFailing = false

  /// - Parameters:
  ///   - keys: those that the loops have now.
  ///   - findMaster: looks for the master key, for a process that began before there was one.
  ///   - replaced: gives them others; when it comes back, all have them.
  package init(
    _ keys: MessageKeys, master: MasterKey?, findMaster: @escaping @Sendable () throws -> MasterKey? = { nil },
    pool: PostgresPool, loop: EventLoop, interval: Duration = KeyWatch.interval,
    replaced: @escaping @Sendable (MessageKeys) async -> Void
  ) {
    self.keys = keys
    self.master = master
    self.findMaster = findMaster
    self.pool = pool
    self.loop = loop
    self.interval = interval
    self.replaced = replaced
  }

  package func start() {
    guard task == nil else { return }
    task = loop.start { [self] in
      while !Task.isCancelled {
        await read()
        try? await loop.sleep(for: interval)
      }
    }
  }

  package func stop() async {
    task?.cancel()
    await task?.value
    task = nil
  }

  /// Looks now, but not more than twice a second: a key that nobody has is asked for with each of its messages.
  package func refresh() async {
    if reading == nil, lastRead > 0, loop.now &- lastRead < Duration.milliseconds(500).nanoseconds { return }
    await read()
  }

  /// One at a time: who comes meanwhile waits for the same.
  private func read() async {
    if let reading { return await reading.value }
    let task = loop.start { [self] in
      do {
        try await readNow()
        isFailing = false
      } catch {
        if !isFailing, !Task.isCancelled { report(error) }
        isFailing = true
      }
      lastRead = loop.now
      reading = nil
    }
    reading = task
    await task.value
  }

  private func readNow() async throws {
    let fingerprint = try await MessageKeyRecord.fingerprint(pool)
    // Empty where there never was a key.
    guard fingerprint != known ?? "" else { return }
    if master == nil { master = try findMaster() }
    var problems: [KeyError] = []
    let keys = MessageKeys(try await MessageKeyRecord.all(pool), master: master, problems: &problems)
    await replaced(keys)
    self.keys = keys
    known = fingerprint
    await loaded()
    for problem in problems { report(problem) }
  }
}
