import ChatKit
import Logging
import Metrics

extension Shard {
  /// Begins to look after calls; each process does, and one at a time works.
  static func callSweeper(
    _ calls: CallService, _ presence: PresenceStore, _ settings: CallSweeper.Settings, _ log: Log
  ) -> CallSweeper {
    let sweeper = CallSweeper(calls: calls, presence: presence, loop: calls.loop, settings: settings)
    sweeper.report = { log.warning("calls cannot be looked after; it tries again", ["error": .describing($0)]) }
    sweeper.start()
    return sweeper
  }
}

extension ShardMetrics {
  func watch(_ calls: CallService) {
    let changes = owner.counter("chatd_call_changes_total", "Changes of calls that were stored.").with()
    let signals = owner.counter("chatd_call_signals_total", "Signals that participants were handed.").with()
    onSample { [unowned calls] in
      changes.set(total: calls.counters.changes)
      signals.set(total: calls.counters.signals)
    }
  }
}
