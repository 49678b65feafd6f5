import Networking

/// The acknowledgements that one socket owes. Allocated when it owes the first.
final class PendingAcks {
  /// Beyond this the client is not answering; new requests fail at once.
  static let limit = 1024

  private struct Pending {
    let timer: LoopTimer
    let completion: (Result<Arguments, AckFailure>) -> Void
  }

  private let loop: EventLoop
  private var nextID: UInt64 = 0
  private var pending: [UInt64: Pending] = [:]

  init(loop: EventLoop) { self.loop = loop }

  /// Returns the id to send, or nil when too many are awaited; `completion` is called exactly once if there is one.
  func expect(
    within timeout: Duration, _ completion: @escaping (Result<Arguments, AckFailure>) -> Void
  ) -> UInt64? {
    guard pending.count < Self.limit else { return nil }
    let id = nextID
    nextID += 1
    let timer = loop.schedule(after: timeout) { [unowned self] in complete(id, .failure(.timedOut)) }
    pending[id] = Pending(timer: timer, completion: completion)
    return id
  }

  /// Ids that are not awaited, or no longer, are ignored.
  func complete(_ id: UInt64, _ result: Result<Arguments, AckFailure>) {
    guard let entry = pending.removeValue(forKey: id) else { return }
    entry.timer.cancel()
    entry.completion(result)
  }

  func failAll() {
    let all = pending
    pending = [:]
    for entry in all.values {
      entry.timer.cancel()
      entry.completion(.failure(.disconnected))
    }
  }
}
