import COpenSSL
import CPostgres
package import Networking

/// One session with the server, which takes any number of requests before the first is answered and answers them in
/// order. On its loop only. Close it when it is no longer needed: the loop keeps an open one alive.
package final class PostgresConnection: @unchecked Sendable {
  package let loop: EventLoop
  package let configuration: PostgresConfiguration
  /// Notices and warnings of the server's. On the loop.
  package var onNotice: ((PostgresNotice) -> Void)?
  /// What arrives for LISTEN. On the loop.
  package var onNotification: ((PostgresNotification) -> Void)?
  /// Called once, when the connection is over, however it came to that.
  package var onClose: ((PostgresError) -> Void)?
  /// Hears of each statement.
  package var observer: (any PostgresObserver)?
  /// When it was opened (the loop's clock).
  package let openedAt: UInt64
  /// When its pool replaces it.
  var retiresAt = UInt64.max

  /// libpq's connection; not used any more once `isOpen` is false.
  let handle: OpaquePointer
  package private(set) var isOpen = true
  // It holds this connection, and the loop holds it, until the end.
  private var watch: DescriptorWatch?
  var cache: StatementCache
  /// Not given to libpq yet, hence certainly not executed.
  var backlog = RequestQueue<PostgresRequest>()
  /// Given to libpq, in the order of their answers.
  var inFlight = RequestQueue<PostgresRequest>()
  /// libpq's TLS, if it uses it. Not ours to write to.
  private let ssl: OpaquePointer?
  /// libpq has output that the socket did not take.
  private var isBlocked = false
  /// Names of evicted statements that the server has not let go of yet.
  var staleNames: [String] = []
  /// A PQcancel is under way: nothing is sent that it could hit.
  var isCancelling = false
  /// Called when a cancel has ended that kept the connection from being reusable.
  var onCancelEnded: (() -> Void)?
  /// The session left pipeline mode for a script.
  var isScripting = false
  /// Why it is not open any more.
  private var ending: PostgresError?
  /// A FATAL error that came when nothing was asked.
  private var farewell: PostgresError?
  /// Received and not told yet.
  private var notices: [PostgresNotice] = []
  var headDeadline = UInt64.max
  lazy var deadlineTimer = loop.timer { [weak self] in self?.deadlineCame() }

  /// Connects, authenticates and returns an open connection. On the loop.
  package static func connect(_ configuration: PostgresConfiguration, loop: EventLoop) async throws(PostgresError)
    -> PostgresConnection
  {
    let handle = try await PostgresConnector.connect(configuration, loop: loop)
    let connection = PostgresConnection(taking: handle, configuration: configuration, loop: loop)
    connection.watchSocket()
    return connection
  }

  private init(taking handle: OpaquePointer, configuration: PostgresConfiguration, loop: EventLoop) {
    self.loop = loop
    self.handle = handle
    ssl = PQsslStruct(handle, "OpenSSL").map { OpaquePointer($0) }
    self.configuration = configuration
    cache = StatementCache(limit: max(1, configuration.statementCacheLimit))
    openedAt = loop.now
    // libpq calls it only from within calls that are made here, so an unretained pointer is enough.
    PQsetNoticeReceiver(
      handle,
      { context, result in
        guard let context, let result else { return }
        Unmanaged<PostgresConnection>.fromOpaque(context).takeUnretainedValue().received(notice: result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func watchSocket() {
    let watch = DescriptorWatch(
      descriptor: PQsocket(handle), loop: loop, flush: { [self] in flush() }, ready: { [self] _ in ready() })
    self.watch = watch
    loop.add(watch, .read)
  }

  /// The server's process for this session.
  package var processID: Int32 { isOpen ? PQbackendPID(handle) : 0 }
  /// 150004 for 15.4.
  package var serverVersion: Int { isOpen ? Int(PQserverVersion(handle)) : 0 }
  /// A parameter that the server reports: `TimeZone`, `in_hot_standby` …
  package func parameter(_ name: String) -> String? {
    isOpen ? PQparameterStatus(handle, name).map { String(cString: $0) } : nil
  }

  /// Requests that are not answered yet.
  package var pendingCount: Int { backlog.count + inFlight.count }

  /// Nothing is under way and no transaction is open: the next may have it.
  var isReusable: Bool {
    isOpen && pendingCount == 0 && !isCancelling && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// A transaction is open, failed or not.
  var isInTransaction: Bool {
    guard isOpen else { return false }
    let status = PQtransactionStatus(handle)
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
  }

  // MARK: Requests

  func enqueue(_ request: PostgresRequest) {
    loop.assertCurrent()
    request.observer = observer
    request.enqueued = loop.now
    guard isOpen else { return complete(unsent: request) }
    guard request.parameters.count <= PostgresParameters.limit else {
      return request.complete(
        .failure(PostgresError(.configuration, "a statement takes \(PostgresParameters.limit) parameters at most")))
    }
    guard pendingCount < configuration.pipelineLimit else {
      return request.complete(
        .failure(PostgresError(.overloaded, "\(configuration.pipelineLimit) requests wait for this connection")))
    }
    backlog.append(request)
    flushAtTickEnd()
  }

  /// For what the connection ended before.
  func complete(unsent request: PostgresRequest) {
    let ending = ending ?? PostgresError(.closed, "the connection is closed")
    request.complete(.failure(ending.with(outcome: .notExecuted)))
  }

  func flushAtTickEnd() {
    if let watch { loop.flushAtTickEnd(watch) }
  }

  /// Once a tick: gives libpq what has gathered, and the socket what libpq has.
  private func flush() {
    guard isOpen else { return }
    // While the socket takes no more, requests are better kept here: they are certain not to have been executed.
    while isOpen, !isBlocked, !isCancelling, !isScripting, let request = backlog.first {
      if request.kind == .script && !inFlight.isEmpty { break }
      _ = backlog.popFirst()
      send(request)
    }
    if isOpen { flushOutput() }
  }

  private func flushOutput() {
    let outcome = PQflush(handle)
    guard outcome >= 0 else { return fail(lostError()) }
    if (outcome == 1) != isBlocked {
      isBlocked = outcome == 1
      if let watch { loop.modify(watch, isBlocked ? [.read, .write] : .read) }
      if !isBlocked && !backlog.isEmpty { flushAtTickEnd() }
    }
  }

  // MARK: Answers

  private func ready() {
    guard isOpen else { return }
    repeat {
      if PQconsumeInput(handle) == 0 {
        // What came before the end may hold answers.
        drain()
        if isOpen { fail(lostError()) }
        return
      }
      drain()
      // A record that is larger than libpq's room for it is left with OpenSSL in part, where epoll does not see it.
    } while isOpen && ssl.map { SSL_pending($0) > 0 } ?? false
    if isOpen, isBlocked { flushOutput() }
  }

  private func drain() {
    var empty = 0
    while isOpen, !inFlight.isEmpty, PQisBusy(handle) == 0 {
      guard let result = PQgetResult(handle) else {
        if isScripting {
          endScript()
          continue
        }
        // A null ends each statement's results; more than one in a row means that libpq has lost count.
        empty += 1
        if empty > 2 { return fail(PostgresError(.protocolViolation, "an answer is missing", outcome: .unknown)) }
        continue
      }
      empty = 0
      // Before the answer, for they belong to it.
      deliverNotices()
      if isOpen { received(result) } else { PQclear(result) }
    }
    deliverNotices()
    guard isOpen else { return }
    // Also parses what came unasked.
    while isOpen, let notification = PQnotifies(handle) {
      let received = PostgresNotification(
        channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra),
        process: notification.pointee.be_pid)
      PQfreemem(notification)
      onNotification?(received)
    }
    deliverNotices()
    if isOpen, PQstatus(handle) == CONNECTION_BAD { fail(lostError()) }
  }

  private func received(_ result: OpaquePointer) {
    guard let request = inFlight.first else { return PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      if request.prepareAnswer == request.answers, let entry = request.entry { prepared(entry) }
      request.answers += 1
      request.rows = PostgresRows(taking: result)
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      headAnswered()
    case PGRES_PIPELINE_ABORTED:
      PQclear(result)
      request.answers += 1
    case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR:
      var error = PostgresError(result: result)
      PQclear(result)
      request.answers += 1
      // libpq's own: the connection is lost, or what arrived made no sense.
      if error.sqlState == nil { return fail(error) }
      // The commit may have happened before the session was ended.
      if error.endsConnection { error = error.with(code: .connectionLost, outcome: .unknown) }
      if request.error == nil { request.error = error }
    default:
      let status = PQresultStatus(result)
      PQclear(result)
      fail(PostgresError(.protocolViolation, "unexpected result \(status.rawValue); COPY is not supported"))
    }
  }

  private func prepared(_ entry: StatementCache.Entry) {
    entry.isPrepared = true
    // It was pushed out while it was under way.
    if entry.isEvicted { staleNames.append(entry.name) }
  }

  /// The head's Sync was answered: what it did is committed, or rolled back.
  func headAnswered() {
    guard let request = inFlight.popFirst() else { return }
    headChanged()
    if request.prepareAnswer >= 0, let entry = request.entry, !entry.isPrepared { cache.remove(entry) }
    if !backlog.isEmpty { flushAtTickEnd() }
    guard var error = request.error else {
      guard let rows = request.rows else {
        return request.complete(.failure(PostgresError(.protocolViolation, "an answer without a result")))
      }
      return request.complete(.success(rows))
    }
    if let entry = request.entry, error.isStatementStale, cache.remove(entry) { staleNames.append(entry.name) }
    if let cancellation = request.cancellation, error.sqlState == .queryCanceled {
      error = error.with(code: cancellation)
    }
    request.complete(.failure(error))
  }

  private func received(notice result: OpaquePointer) {
    let notice = PostgresNotice(result: result)
    // An error that answers nothing: the server says why it ends the session.
    if notice.severity == "FATAL" || notice.severity == "PANIC" {
      farewell = PostgresError(.connectionLost, notice.message, sqlState: notice.sqlState)
    }
    // Its hook may close the connection, which must not be under libpq's feet.
    if onNotice != nil { notices.append(notice) }
  }

  private func deliverNotices() {
    guard !notices.isEmpty else { return }
    let arrived = notices
    notices = []
    for notice in arrived { onNotice?(notice) }
  }

  // MARK: The end

  private func lostError() -> PostgresError {
    farewell ?? PostgresError(.connectionLost, PostgresError.message(of: handle))
  }

  /// Ends the session. What was sent and not answered fails with an unknown outcome.
  package func close() {
    fail(PostgresError(.closed, "the connection was closed"))
  }

  func fail(_ error: PostgresError) {
    guard isOpen else { return }
    isOpen = false
    ending = error
    if let watch { loop.remove(watch) }
    watch = nil
    deadlineTimer.cancel()
    PQfinish(handle)
    var outcome = PostgresError.Outcome.unknown
    for request in inFlight.takeAll() {
      if let own = request.error {
        request.complete(.failure(own))
        // The session ended while it was this one's turn: those behind it were never looked at.
        if own.endsConnection { outcome = .notExecuted }
      } else {
        request.complete(.failure(error.with(code: request.cancellation, outcome: outcome)))
      }
    }
    for request in backlog.takeAll() { request.complete(.failure(error.with(outcome: .notExecuted))) }
    let onClose = onClose
    self.onClose = nil
    onClose?(error)
  }
}
