package import Synchronization

/// How observations are spread over fixed buckets. Its owner's thread only.
package struct Histogram: MetricHandle, @unchecked Sendable {
  /// One for each bucket, then the sum.
  @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>
  @usableFromInline let buckets: HistogramBuckets

  package init(cells: UnsafeMutablePointer<Atomic<UInt64>>, buckets: HistogramBuckets?) {
    self.cells = cells
    self.buckets = buckets ?? .count
  }

  /// - Parameter value: in the buckets' unit: nanoseconds, bytes, or things.
  @inlinable @inline(__always)
  package func observe(_ value: UInt64) {
    let bucket = cells + buckets.index(of: value)
    bucket.pointee.store(bucket.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    let sum = cells + buckets.count
    sum.pointee.store(sum.pointee.load(ordering: .relaxed) &+ value, ordering: .relaxed)
  }

  /// Nanoseconds from one reading of a clock to another; a clock that went back is no time.
  @inlinable @inline(__always)
  package func observe(from start: UInt64, to end: UInt64) { observe(end > start ? end &- start : 0) }

  /// What this owner has observed.
  package var observed: (count: UInt64, sum: UInt64) {
    var count: UInt64 = 0
    for index in 0..<buckets.count { count &+= cells[index].load(ordering: .relaxed) }
    return (count, cells[buckets.count].load(ordering: .relaxed))
  }
}
