import ChatKit
import Logging
import Networking
import Synchronization

/// What a process does when an operator drains it: it opens no more sockets, says that it is not ready, and sheds the
/// sockets that it has, so many a second. Their clients come back by themselves, elsewhere.
///
/// The word is in the node's row, which the process reads whenever it renews its lease (`NodeRegistration`): so it is said
/// once, and holds as long as the process lives, or until it is taken back. On the first shard's loop.
final class NodeDrain: Sendable {
  private static let interval = Duration.milliseconds(100)

  /// What of a shard is drained.
  struct Part: Sendable {
    /// Whether it opens no more sockets.
    let hold: @Sendable (Bool) async -> Void
    /// Closes so many; answers how many it were.
    let shed: @Sendable (Int) async -> Int
  }

  private struct State {
    var rate: Double?
    var task: Task<Void, Never>?
  }

  private let state = Mutex(State())
  private let parts: [Part]
  private let loop: EventLoop
  private let log: Log

  init(parts: [Part], loop: EventLoop, log: Log) {
    self.parts = parts
    self.loop = loop
    self.log = log
  }

  /// Any thread.
  var isDraining: Bool { state.withLock { $0.rate != nil } }

  /// The node's row says this now: sockets a second, or nil where it is not to be drained. On the loop.
  func set(_ rate: Double?) async {
    let before = state.withLock { state in
      defer { state.rate = rate }
      return state.rate
    }
    guard (before == nil) != (rate == nil) else { return }
    for part in parts { await part.hold(rate != nil) }
    if let rate {
      log.notice("this node is drained: it opens no more sockets", ["rate": .describing(rate)])
      let task = loop.start { [self] in await run() }
      state.withLock { $0.task = task }
    } else {
      log.notice("this node is drained no more")
      stop()
    }
  }

  func stop() {
    let task = state.withLock { state in
      defer { state.task = nil }
      return state.task
    }
    task?.cancel()
  }

  private func run() async {
    var owed = 0.0
    var last = loop.now
    while let rate = state.withLock({ $0.rate }), !Task.isCancelled {
      // What a loop that was busy has missed is not made up for all at once.
      owed = min(owed + rate * Double(loop.now &- last) / 1e9, max(1, rate))
      last = loop.now
      let due = Int(owed)
      if due > 0 {
        owed -= Double(due)
        await shed(due)
      }
      try? await loop.sleep(for: Self.interval)
    }
  }

  /// Evenly, and where one has too few, the others more.
  private func shed(_ count: Int) async {
    var rest = count
    for _ in 0..<2 {
      for (index, part) in parts.enumerated() where rest > 0 {
        let others = parts.count - index
        rest -= await part.shed((rest + others - 1) / others)
      }
    }
  }
}
