import Synchronization

/// What is left out: everything below `level`. All copies of a log share it, and a reload may change it. Any thread.
package final class LogThreshold: Sendable {
  private let value: Atomic<Int>

  package init(_ level: Log.Level) { value = Atomic(level.rank) }

  package var level: Log.Level {
    get { Log.Level.allCases[value.load(ordering: .relaxed)] }
    set { value.store(newValue.rank, ordering: .relaxed) }
  }

  @inline(__always)
  func admits(_ level: Log.Level) -> Bool { level.rank >= value.load(ordering: .relaxed) }
}
