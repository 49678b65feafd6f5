/// Lets so many requests through at once; others wait in their order, and their waiting counts: an open model does not slow
/// down. On one loop's thread only.
final class RequestGate: @unchecked Sendable {
  private let limit: Int
  private var underWay = 0
  private var waiting: [UnsafeContinuation<Bool, Never>] = []
  private var first = 0
  /// Who had to wait.
  private(set) var queued = 0

  /// More than these do not even wait.
  private static let queueLimit = 200_000

  init(_ limit: Int) { self.limit = limit }

  /// False when too many wait already. Else call `leave()` when it is over.
  func enter() async -> Bool {
    if underWay < limit {
      underWay += 1
      return true
    }
    queued += 1
    guard waiting.count - first < Self.queueLimit else { return false }
    return await withUnsafeContinuation { waiting.append($0) }
  }

  func leave() {
    guard first < waiting.count else {
      underWay -= 1
      return
    }
    let next = waiting[first]
    first += 1
    if first == waiting.count || first >= 1024 {
      waiting.removeFirst(first)
      first = 0
    }
    next.resume(returning: true)
  }
}
