package import Networking

/// One connection that many share, opened anew when it is lost: for a writer that keeps the pipeline full, or a
/// listener. On its loop only.
///
/// Requests go out at once on the present connection and wait for nobody. While there is none they wait for the next
/// one, up to `acquireTimeout` and `queueLimit`. A request that was sent on a connection that is then lost is not
/// repeated: its error says that the outcome is unknown.
package final class PostgresLink: PostgresClient, @unchecked Sendable {
  package let configuration: PostgresConfiguration
  package let loop: EventLoop
  /// Called with each new connection before anybody has it: LISTEN, session settings, hooks.
  package var onConnect: ((PostgresConnection) -> Void)?
  /// Called when the connection was lost or could not be made.
  package var onDisconnect: ((PostgresError) -> Void)?

  /// The open connection, if there is one now.
  package private(set) var current: PostgresConnection?
  private let waiters: ConnectionQueue
  private var isConnecting = false
  private var isClosed = false
  private var backoff: Backoff
  private lazy var retryTimer = loop.timer { [weak self] in self?.connect() }

  /// Connects to nothing yet; `start` or the first request does.
  package init(_ configuration: PostgresConfiguration, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    waiters = ConnectionQueue(configuration, loop: loop)
    backoff = Backoff(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
  }

  /// Begins to connect, and goes on until `close`.
  package func start() {
    loop.assertCurrent()
    if current == nil { connect() }
  }

  package func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows {
    do {
      return try await connection().run(statement, parameters, timeout: timeout)
    } catch  where error.isWorthAnotherConnection {
      return try await connection().run(statement, parameters, timeout: timeout)
    }
  }

  /// The open connection, or the next one.
  package func connection() async throws(PostgresError) -> PostgresConnection {
    loop.assertCurrent()
    if let current { return current }
    if isClosed { throw PostgresError(.closed, "the link is closed") }
    return try await waiters.wait {
      if isClosed { return waiters.failAll(PostgresError(.closed, "the link is closed")) }
      if let current { waiters.serveAll(current) } else { connect() }
    }
  }

  /// Ends the connection; what it was asked and has not answered fails.
  package func close() {
    loop.assertCurrent()
    isClosed = true
    retryTimer.cancel()
    waiters.failAll(PostgresError(.closed, "the link is closed"))
    current?.close()
  }

  private func connect() {
    guard !isClosed, !isConnecting, current == nil, !retryTimer.isArmed else { return }
    isConnecting = true
    loop.start { [self] in
      do throws(PostgresError) {
        let connection = try await PostgresConnection.connect(configuration, loop: loop)
        isConnecting = false
        connected(connection)
      } catch {
        isConnecting = false
        failed(error)
      }
    }
  }

  private func connected(_ connection: PostgresConnection) {
    guard !isClosed else { return connection.close() }
    waiters.lastFailure = nil
    backoff.reset()
    current = connection
    connection.onClose = { [weak self] error in
      guard let self else { return }
      current = nil
      onDisconnect?(error)
      connect()
    }
    onConnect?(connection)
    waiters.serveAll(connection)
  }

  private func failed(_ error: PostgresError) {
    waiters.lastFailure = error
    onDisconnect?(error)
    guard !isClosed else { return }
    if !error.isRetriable { waiters.failAll(error) }
    retryTimer.arm(after: backoff.next())
  }
}
