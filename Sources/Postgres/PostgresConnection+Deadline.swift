import CPostgres
import Networking

/// PQcancel's own copy of what it needs, so that it can run on another thread while the connection goes on.
private final class CancelHandle: @unchecked Sendable {
  /// Threads of their own: a server that cannot be reached holds PQcancel for a minute, and names are to be resolved
  /// meanwhile.
  static let threads = WorkerThreads(name: "pg-cancel", threads: 2, queueLimit: 256)

  private let cancel: OpaquePointer?

  init(_ connection: OpaquePointer) { cancel = PQgetCancel(connection) }

  deinit { if let cancel { PQfreeCancel(cancel) } }

  /// Blocks until the server has taken the request, which is not yet when the statement ends.
  func send() {
    guard let cancel else { return }
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      _ = PQcancel(cancel, message.baseAddress, 256)
    }
  }
}

extension PostgresConnection {
  /// What a request may take before it is cancelled from here: a little more than the server allows it.
  var defaultTimeout: UInt64 {
    configuration.statementTimeout == .zero
      ? .max : (configuration.statementTimeout + configuration.cancelGrace).nanoseconds
  }

  /// The clock runs for the request that the server is working on.
  func headChanged() {
    guard let head = inFlight.first else {
      headDeadline = .max
      return
    }
    headDeadline = head.timeout == .max ? .max : loop.now &+ head.timeout
    // A timer that is left armed when the pipeline empties is cheaper than one that is cancelled each time.
    if headDeadline != .max { deadlineTimer.arm(at: headDeadline) }
  }

  func deadlineCame() {
    guard isOpen, headDeadline != .max, let head = inFlight.first else { return }
    guard loop.now >= headDeadline else { return deadlineTimer.arm(at: headDeadline) }
    if head.cancellation == nil {
      cancelHead(head, because: .timeout)
    } else {
      // The server has not reacted to the cancellation: this session is of no more use.
      fail(PostgresError(.connectionLost, "the server did not answer in time", outcome: .unknown))
    }
  }

  /// The caller has lost interest.
  func cancel(_ request: PostgresRequest) {
    guard isOpen else { return }
    switch request.state {
    case .completed: break
    case .waiting:
      // Not there yet when its task is on the way to `enqueue`, where it looks itself.
      guard backlog.remove(where: { $0 === request }) != nil else { return }
      request.complete(.failure(.taskCancelled))
    case .sent where inFlight.first === request && inFlight.count == 1:
      // The server will say whether it was in time.
      if request.cancellation == nil { cancelHead(request, because: .cancelled) }
    case .sent:
      // A cancel could hit a neighbour. The answer is thrown away when it comes.
      request.complete(.failure(PostgresError(.cancelled, "the task was cancelled", outcome: .unknown)))
    }
  }

  private func cancelHead(_ head: PostgresRequest, because code: PostgresError.Code) {
    head.cancellation = code
    isCancelling = true
    headDeadline = loop.now &+ configuration.cancelGrace.nanoseconds
    deadlineTimer.arm(at: headDeadline)
    let cancel = CancelHandle(handle)
    loop.start { [self] in
      _ = try? await CancelHandle.threads.run { cancel.send() }
      isCancelling = false
      flushAtTickEnd()
      onCancelEnded?()
    }
  }
}
