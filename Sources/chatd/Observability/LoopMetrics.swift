import Metrics
import Networking

/// How an event loop fares: how long its ticks are, and how late its timers.
final class LoopMetrics: TickObserver {
  private let ticks: Histogram
  private let busy: Counter
  private let lag: Histogram

  init(_ owner: MetricOwner, index: Int) {
    let loop = "\(index)"
    ticks = owner.histogram(
      "chatd_loop_tick_duration_seconds", "From a loop's waking up to its next wait.", .work, labels: ["loop"]
    ).with(loop)
    busy = owner.counter(
      "chatd_loop_busy_seconds_total", "Time in which a loop was not waiting.", unit: .seconds, labels: ["loop"]
    ).with(loop)
    lag = owner.histogram(
      "chatd_loop_lag_seconds", "How late timers were, as far as more than a millisecond.", .latency, labels: ["loop"]
    ).with(loop)
  }

  func ticked(busy time: UInt64, lateness: UInt64) {
    ticks.observe(time)
    busy.add(Int(truncatingIfNeeded: time))
    // Up to a millisecond is the resolution of epoll, not lag.
    if lateness > 0 { lag.observe(lateness > 1_000_000 ? lateness : 0) }
  }
}
