package import Networking

/// Connections of one loop, lent out one request or transaction at a time. On its loop only.
///
/// Who comes when all are out waits in a queue, first come, first served, up to `queueLimit` and `acquireTimeout`.
/// Connections that have failed, have grown old or were left inside a transaction are replaced. While the server cannot
/// be reached the pool tries again with backoff, and those who wait go on waiting until their time is over; when it
/// refuses for a reason that does not pass (a wrong password), they are told at once.
package final class PostgresPool: PostgresClient, @unchecked Sendable {
  package let configuration: PostgresConfiguration
  package let loop: EventLoop
  /// Notices of the server's on any connection. On the loop.
  package var onNotice: ((PostgresNotice) -> Void)?
  /// Hears of each statement, and of waiting for a connection. Set it before the first request.
  package var observer: (any PostgresObserver)?

  private struct Idle {
    var connection: PostgresConnection
    var since: UInt64
  }

  /// Most recently used last, so that a small load uses few connections and the others can be closed.
  private var idle: [Idle] = []
  private let waiters: ConnectionQueue
  private var lent = 0
  private var connecting = 0
  private var isClosed = false
  private var backoff: Backoff
  private lazy var upkeepTimer = loop.timer { [weak self] in self?.upkeep() }
  private lazy var retryTimer = loop.timer { [weak self] in self?.connectIfNeeded() }
  private var closeContinuations: [UnsafeContinuation<Void, Never>] = []

  /// Connects to nothing yet; `warmUp` or the first request does.
  package init(_ configuration: PostgresConfiguration, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    waiters = ConnectionQueue(configuration, loop: loop)
    backoff = Backoff(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
  }

  package var idleCount: Int { idle.count }
  package var lentCount: Int { lent }
  package var waitingCount: Int { waiters.count }
  private var openCount: Int { idle.count + lent + connecting }

  /// Opens the first connection, so that a wrong configuration shows at the start.
  package func warmUp() async throws(PostgresError) { release(try await acquire()) }

  // MARK: Requests

  package func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows {
    var isSecondTry = false
    while true {
      let connection = try await acquire()
      do {
        let rows = try await connection.run(statement, parameters, timeout: timeout)
        release(connection)
        return rows
      } catch {
        release(connection)
        guard error.isWorthAnotherConnection, !isSecondTry else { throw error }
        isSecondTry = true
      }
    }
  }

  /// Lends a connection for the time of `body`. What `body` sets in the session stays set.
  package func withConnection<Result>(_ body: (PostgresConnection) async throws -> Result) async throws -> Result {
    let connection = try await acquire()
    defer { release(connection) }
    return try await body(connection)
  }

  /// Runs `body` in a transaction: commits when it returns, rolls back when it throws. After a serialization failure
  /// or a deadlock, of which nothing remains, `body` is run again, up to `attempts` times in all: it must not leave
  /// traces elsewhere.
  package func transaction<Result>(
    isolation: PostgresTransaction.Isolation = .readCommitted, readOnly: Bool = false, attempts: Int = 3,
    _ body: (PostgresTransaction) async throws -> Result
  ) async throws -> Result {
    var pauses = Backoff(minimum: .milliseconds(5), maximum: .milliseconds(200))
    while true {
      do {
        return try await withConnection {
          try await $0.transaction(isolation: isolation, readOnly: readOnly, body)
        }
      } catch let error as PostgresError
        where (error.isSerializationFailure || error.isStatementStale) && pauses.attempts + 1 < attempts
      {
        try await loop.sleep(for: pauses.next())
      }
    }
  }

  // MARK: Lending

  private func acquire() async throws(PostgresError) -> PostgresConnection {
    loop.assertCurrent()
    if isClosed { throw PostgresError(.closed, "the pool is closed") }
    if waiters.isEmpty, let connection = takeIdle() { return connection }
    let start = loop.now
    do throws(PostgresError) {
      let connection = try await waiters.wait {
        if isClosed { return waiters.failAll(PostgresError(.closed, "the pool is closed")) }
        serveWaiting()
        connectIfNeeded()
      }
      observer?.waited(since: start, error: nil)
      return connection
    } catch {
      observer?.waited(since: start, error: error)
      throw error
    }
  }

  private func takeIdle() -> PostgresConnection? {
    guard let entry = idle.popLast() else { return nil }
    lent += 1
    return entry.connection
  }

  /// Nobody waits while a connection is idle.
  private func serveWaiting() {
    while !waiters.isEmpty, let connection = takeIdle() { _ = waiters.serveFirst(connection) }
  }

  private func release(_ connection: PostgresConnection) {
    loop.assertCurrent()
    if connection.isOpen, connection.isCancelling {
      // What it may still hit must not be the next one's.
      connection.onCancelEnded = { [self, unowned connection] in
        connection.onCancelEnded = nil
        release(connection)
      }
      return
    }
    lent -= 1
    if connection.isOpen {
      if isClosed || !connection.isReusable || connection.retiresAt <= loop.now {
        connection.close()
      } else if waiters.serveFirst(connection) {
        lent += 1
        return
      } else {
        idle.append(Idle(connection: connection, since: loop.now))
        if !upkeepTimer.isArmed { upkeepTimer.arm(after: .seconds(1)) }
        return
      }
    }
    finishClosing()
    connectIfNeeded()
  }

  // MARK: Connecting

  /// Opens what is needed for those who wait and for `minimumIdle`, one attempt at a time while the server refuses.
  private func connectIfNeeded() {
    guard !isClosed, !retryTimer.isArmed else { return }
    let wanted = max(waiters.count, configuration.minimumIdle - idle.count - lent)
    var missing = min(wanted - connecting, configuration.poolSize - openCount)
    if waiters.lastFailure != nil { missing = min(missing, 1 - connecting) }
    guard missing > 0 else { return }
    for _ in 0..<missing {
      connecting += 1
      loop.start { [self] in
        do throws(PostgresError) {
          let connection = try await PostgresConnection.connect(configuration, loop: loop)
          connecting -= 1
          connected(connection)
        } catch {
          connecting -= 1
          failed(error)
        }
      }
    }
  }

  private func connected(_ connection: PostgresConnection) {
    waiters.lastFailure = nil
    backoff.reset()
    // Spread by a tenth, so that connections of one age are not replaced at one time.
    let lifetime = configuration.maximumLifetime * Double.random(in: 0.9...1)
    connection.retiresAt = connection.openedAt &+ lifetime.nanoseconds
    connection.observer = observer
    connection.onNotice = { [weak self] in self?.onNotice?($0) }
    connection.onClose = { [weak self, unowned connection] _ in self?.closed(connection) }
    lent += 1
    release(connection)
    connectIfNeeded()
  }

  private func failed(_ error: PostgresError) {
    waiters.lastFailure = error
    if isClosed { return finishClosing() }
    if !error.isRetriable { waiters.failAll(error) }
    // With nobody waiting it is tried again for the sake of `minimumIdle`.
    if !retryTimer.isArmed { retryTimer.arm(after: backoff.next()) }
  }

  /// A connection has ended. One that is lent out is counted when it is given back.
  private func closed(_ connection: PostgresConnection) {
    guard let index = idle.firstIndex(where: { $0.connection === connection }) else { return }
    idle.remove(at: index)
    connectIfNeeded()
  }

  /// Closes what has been idle for too long or has grown old.
  private func upkeep() {
    guard !isClosed else { return }
    let timeout = configuration.idleTimeout.nanoseconds
    // The longest idle come first.
    for entry in idle
    where entry.connection.retiresAt <= loop.now
      || (loop.now &- entry.since > timeout && idle.count + lent > configuration.minimumIdle)
    {
      entry.connection.close()
    }
    connectIfNeeded()
    upkeepTimer.arm(after: .seconds(1))
  }

  // MARK: Closing

  /// Refuses new requests, fails those who wait, and returns when everything that is out has come back.
  package func close() async {
    loop.assertCurrent()
    isClosed = true
    upkeepTimer.cancel()
    retryTimer.cancel()
    waiters.failAll(PostgresError(.closed, "the pool is closed"))
    for entry in idle { entry.connection.close() }
    idle = []
    guard lent + connecting > 0 else { return }
    await withUnsafeContinuation { closeContinuations.append($0) }
  }

  private func finishClosing() {
    guard isClosed, lent + connecting == 0 else { return }
    for continuation in closeContinuations { continuation.resume() }
    closeContinuations = []
  }
}
