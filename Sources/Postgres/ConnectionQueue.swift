import Networking

/// Those who wait for a connection: first come, first served, bounded in number and time. On its loop only.
final class ConnectionQueue: @unchecked Sendable {
  private typealias Outcome = Result<PostgresConnection, PostgresError>

  private final class Waiter: @unchecked Sendable {
    let deadline: UInt64
    private var continuation: UnsafeContinuation<Outcome, Never>?

    init(deadline: UInt64, _ continuation: UnsafeContinuation<Outcome, Never>) {
      self.deadline = deadline
      self.continuation = continuation
    }

    func resume(_ outcome: Outcome) {
      continuation?.resume(returning: outcome)
      continuation = nil
    }
  }

  /// What an expired wait gives as its cause.
  var lastFailure: PostgresError?
  private let loop: EventLoop
  private let limit: Int
  private let timeout: Duration
  private var waiters = RequestQueue<Waiter>()
  private lazy var timer = loop.timer { [weak self] in self?.expire() }

  init(_ configuration: PostgresConfiguration, loop: EventLoop) {
    self.loop = loop
    limit = configuration.queueLimit
    timeout = configuration.acquireTimeout
  }

  var count: Int { waiters.count }
  var isEmpty: Bool { waiters.isEmpty }

  /// Waits for `serveFirst` or `serveAll`. `begin` runs once the caller stands in the queue; whatever was free before
  /// may have been taken by others, or become free, since the caller looked.
  func wait(_ begin: () -> Void) async throws(PostgresError) -> PostgresConnection {
    let place = Place()
    let outcome: Outcome = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let waiter = Waiter(deadline: loop.now &+ timeout.nanoseconds, continuation)
        // A cancellation from now on finds the waiter.
        if Task.isCancelled { return waiter.resume(.failure(.taskCancelled)) }
        guard waiters.count < limit else {
          return waiter.resume(.failure(PostgresError(.overloaded, "\(limit) requests wait for a connection")))
        }
        place.waiter = waiter
        waiters.append(waiter)
        if !timer.isArmed { timer.arm(at: waiter.deadline) }
        begin()
      }
    } onCancel: {
      loop.execute { [self] in
        guard let waiter = place.waiter, waiters.remove(where: { $0 === waiter }) != nil else { return }
        waiter.resume(.failure(.taskCancelled))
      }
    }
    return try outcome.get()
  }

  /// How a cancellation finds the waiter, on the loop.
  private final class Place: @unchecked Sendable {
    var waiter: Waiter?
  }

  /// Gives the connection to who has waited longest; false when nobody waits.
  func serveFirst(_ connection: PostgresConnection) -> Bool {
    guard let waiter = waiters.popFirst() else { return false }
    waiter.resume(.success(connection))
    return true
  }

  /// Gives the connection to all who wait, to share it.
  func serveAll(_ connection: PostgresConnection) {
    for waiter in waiters.takeAll() { waiter.resume(.success(connection)) }
  }

  func failAll(_ error: PostgresError) {
    timer.cancel()
    for waiter in waiters.takeAll() { waiter.resume(.failure(error)) }
  }

  private func expire() {
    while let waiter = waiters.first, waiter.deadline <= loop.now {
      _ = waiters.popFirst()
      waiter.resume(
        .failure(PostgresError(.acquireTimeout, "no connection within \(timeout)", cause: lastFailure)))
    }
    if let next = waiters.first { timer.arm(at: next.deadline) }
  }
}
