package import Synchronization

/// A number that only rises. Its owner's thread only.
package struct Counter: MetricHandle, @unchecked Sendable {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>

  package init(cells: UnsafeMutablePointer<Atomic<UInt64>>, buckets: HistogramBuckets?) { cell = cells }

  @inlinable @inline(__always)
  package func add(_ amount: Int = 1) {
    // Nobody else stores, so nothing is lost between the two.
    let value = cell.pointee.load(ordering: .relaxed)
    cell.pointee.store(value &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
  }

  /// Takes over a number that is counted elsewhere on this thread, from zero and only upward.
  @inlinable
  package func set(total: Int) { cell.pointee.store(UInt64(truncatingIfNeeded: total), ordering: .relaxed) }

  /// What this owner has counted.
  package var value: Int { Int(truncatingIfNeeded: cell.pointee.load(ordering: .relaxed)) }
}
