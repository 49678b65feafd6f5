import Metrics

/// What a node's metrics said at a moment.
struct NodeReading {
  /// Monotonic, in nanoseconds.
  let time: UInt64
  let metrics: ExpositionReader

  var role: String { metrics.samples("chatd_build_info").first?.labels["role"] ?? "?" }
  var version: String { metrics.samples("chatd_build_info").first?.labels["version"] ?? "?" }
  /// Seconds since 1970.
  var startedAt: Double { metrics.sum("process_start_time_seconds") ?? 0 }
}
