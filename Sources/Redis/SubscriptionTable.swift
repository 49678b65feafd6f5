/// What a subscriber wants, and what of it the server has confirmed. No I/O.
struct SubscriptionTable {
  struct Name: Hashable {
    var text: String
    var isPattern: Bool
  }

  private struct Entry {
    var isWanted = false
    var isConfirmed = false
    /// (UN)SUBSCRIBE commands for the name that the server has not answered. The state is known when it is 0.
    var underWay = 0
    var waits: [SubscriptionWait] = []
  }

  private var entries: [Name: Entry] = [:]

  var wanted: [Name] { entries.filter { $0.value.isWanted }.map(\.key) }
  private(set) var wantedCount = 0

  func isConfirmed(_ name: Name) -> Bool { entries[name]?.isConfirmed ?? false }

  /// Wishes for a name. True when a SUBSCRIBE has to be sent; `wait` is told when it is confirmed, or at once.
  mutating func want(_ name: Name, _ wait: SubscriptionWait?, isConnected: Bool) -> Bool {
    var entry = entries[name] ?? Entry()
    defer { entries[name] = entry }
    let wasWanted = entry.isWanted
    entry.isWanted = true
    if !wasWanted { wantedCount += 1 }
    if entry.isConfirmed {
      wait?.confirmed()
      return false
    }
    if let wait { entry.waits.append(wait) }
    guard isConnected, !wasWanted else { return false }
    entry.underWay += 1
    return true
  }

  /// Withdraws the wish. True when an UNSUBSCRIBE has to be sent.
  mutating func drop(_ name: Name, isConnected: Bool) -> Bool {
    guard var entry = entries[name], entry.isWanted else { return false }
    entry.isWanted = false
    wantedCount -= 1
    entry.isConfirmed = false
    for wait in entry.waits { wait.fail(RedisError(.closed, .notSent, "unsubscribed from \(name.text)")) }
    entry.waits = []
    if isConnected { entry.underWay += 1 }
    entries[name] = entry.underWay > 0 ? entry : nil
    return isConnected
  }

  /// The server has answered one SUBSCRIBE or UNSUBSCRIBE of the name.
  mutating func answered(_ name: Name) {
    guard var entry = entries[name], entry.underWay > 0 else { return }
    entry.underWay -= 1
    if entry.underWay == 0, entry.isWanted {
      entry.isConfirmed = true
      for wait in entry.waits { wait.confirmed() }
      entry.waits = []
    }
    entries[name] = entry.underWay == 0 && !entry.isWanted ? nil : entry
  }

  /// The connection is gone, and with it all that the server knew. Those who wait go on waiting.
  mutating func connectionLost() {
    entries = entries.filter { $0.value.isWanted }
    for name in entries.keys {
      entries[name]?.isConfirmed = false
      entries[name]?.underWay = 0
    }
  }

  /// Everything that is wanted is about to be subscribed to.
  mutating func resubscribing() {
    for name in entries.keys { entries[name]?.underWay = 1 }
  }

  /// Nobody waits any more. The wishes stay.
  mutating func failWaits(_ error: RedisError) {
    for name in entries.keys {
      for wait in entries[name]?.waits ?? [] { wait.fail(error) }
      entries[name]?.waits = []
    }
  }

  /// Lets go of the waits whose time is up, and returns the next deadline.
  mutating func expireWaits(_ now: UInt64, _ error: RedisError) -> UInt64? {
    var next: UInt64?
    for name in entries.keys {
      for wait in entries[name]?.waits ?? [] {
        if wait.deadline <= now { wait.fail(error) } else { next = min(next ?? .max, wait.deadline) }
      }
      entries[name]?.waits.removeAll { $0.deadline <= now }
    }
    return next
  }
}

/// A caller who waits for the confirmation of a number of names; resumed once.
final class SubscriptionWait {
  let deadline: UInt64
  private var missing: Int
  private var continuation: UnsafeContinuation<Result<Void, RedisError>, Never>?

  init(count: Int, deadline: UInt64, _ continuation: UnsafeContinuation<Result<Void, RedisError>, Never>) {
    missing = count
    self.deadline = deadline
    self.continuation = continuation
  }

  func confirmed() {
    missing -= 1
    if missing == 0 { finish(.success(())) }
  }

  func fail(_ error: RedisError) { finish(.failure(error)) }

  private func finish(_ result: Result<Void, RedisError>) {
    continuation?.resume(returning: result)
    continuation = nil
  }
}
