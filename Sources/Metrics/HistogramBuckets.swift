/// The upper bounds of a histogram's buckets.
///
/// They are log-linear: each decade is divided at 1, 2, 3, 5 and 7, so a bound is at most twice the one before it, the
/// usual limits of alerts (1, 5, 10, 100 ms; 1, 5 s) are bounds themselves, and six decades take 30 buckets. A quantile
/// that is interpolated between bounds is off by a quarter at most, for what is spread evenly between them.
///
/// Finding a bucket takes no search: the position of the highest bit and the two bits below it lead, through a table, to
/// the first bucket that can be meant, and at most a few comparisons from there to the one that is.
package final class HistogramBuckets: @unchecked Sendable, Equatable {
  package let unit: MetricUnit
  /// Ascending; what is above the last one has a bucket of its own.
  package let bounds: [UInt64]
  /// Buckets, the one without a bound included.
  @usableFromInline let count: Int
  @usableFromInline let storage: UnsafeMutablePointer<UInt64>
  /// By `class(of:)`: the first bucket that a value of the class can be in.
  @usableFromInline let table: UnsafeMutablePointer<UInt8>

  /// - Parameters:
  ///   - from: the first bound, a power of ten
  ///   - decades: how many decades follow; the last bound is `from` times ten to that.
  package init(unit: MetricUnit, from: UInt64, decades: Int) {
    self.unit = unit
    var bounds: [UInt64] = []
    var decade = from
    for _ in 0..<decades {
      for step: UInt64 in [1, 2, 3, 5, 7] { bounds.append(decade * step) }
      decade *= 10
    }
    bounds.append(decade)
    self.bounds = bounds
    count = bounds.count + 1
    storage = .allocate(capacity: count)
    for (index, bound) in bounds.enumerated() { (storage + index).initialize(to: bound) }
    (storage + bounds.count).initialize(to: .max)
    table = .allocate(capacity: 256)
    for entry in 0..<256 {
      // The least value of the class.
      let shift = entry / 4
      let least = shift < 2 ? UInt64(1) << shift : (4 | UInt64(entry % 4)) << UInt64(shift - 2)
      (table + entry).initialize(to: UInt8(bounds.firstIndex { least <= $0 } ?? bounds.count))
    }
  }

  deinit {
    storage.deallocate()
    table.deallocate()
  }

  /// The highest bit's position and the two bits below it.
  @inlinable @inline(__always)
  func index(of value: UInt64) -> Int {
    let shift = 63 &- (value | 1).leadingZeroBitCount
    let low = shift < 2 ? 0 : Int(truncatingIfNeeded: value &>> UInt64(truncatingIfNeeded: shift &- 2)) & 3
    var index = Int(table[shift &* 4 &+ low])
    // The last bound is the greatest number there is.
    while value > storage[index] { index &+= 1 }
    return index
  }

  package static func == (a: HistogramBuckets, b: HistogramBuckets) -> Bool {
    a.unit == b.unit && a.bounds == b.bounds
  }

  /// 10 µs to 10 s: what somebody waits for.
  package static let latency = HistogramBuckets(unit: .seconds, from: 10_000, decades: 6)
  /// 1 µs to 1 s: what a loop does between two waits.
  package static let work = HistogramBuckets(unit: .seconds, from: 1000, decades: 6)
  /// 1 to 10,000 things.
  package static let count = HistogramBuckets(unit: .none, from: 1, decades: 4)
  /// 100 bytes to 10 MB.
  package static let size = HistogramBuckets(unit: .bytes, from: 100, decades: 5)
}
