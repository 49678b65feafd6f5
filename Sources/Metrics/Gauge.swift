package import Synchronization

/// A number that rises and falls. Its owner's thread only.
package struct Gauge: MetricHandle, @unchecked Sendable {
  @usableFromInline let cell: UnsafeMutablePointer<Atomic<UInt64>>

  package init(cells: UnsafeMutablePointer<Atomic<UInt64>>, buckets: HistogramBuckets?) { cell = cells }

  @inlinable @inline(__always)
  package func set(_ value: Int) { cell.pointee.store(UInt64(bitPattern: Int64(value)), ordering: .relaxed) }

  @inlinable @inline(__always)
  package func add(_ amount: Int) {
    let value = cell.pointee.load(ordering: .relaxed)
    cell.pointee.store(value &+ UInt64(bitPattern: Int64(amount)), ordering: .relaxed)
  }

  /// This owner's part.
  package var value: Int { Int(Int64(bitPattern: cell.pointee.load(ordering: .relaxed))) }
}
