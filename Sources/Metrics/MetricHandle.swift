package import Synchronization

/// What counts into cells: `Counter`, `Gauge`, `Histogram`.
package protocol MetricHandle: Sendable {
  init(cells: UnsafeMutablePointer<Atomic<UInt64>>, buckets: HistogramBuckets?)
}

package enum MetricKind: String, Sendable {
  case counter, gauge, histogram
}

/// What a number of a metric stands for. Prometheus wants base units; what counts may be finer.
package enum MetricUnit: String, Sendable {
  case none = ""
  /// Counted in nanoseconds.
  case seconds
  case bytes
}
