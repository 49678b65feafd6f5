/// Durations in log-linear buckets, as HdrHistogram has them: with a precision of 6, 64 a power of two, so that a percentile
/// is at most 1.6 % off; with 3, 8 a power of two, 12.5 %, for those of which there are many. It grows with what it has seen.
package struct LatencyHistogram: Sendable {
  private let precision: UInt64
  private var counts: [UInt32] = []
  package private(set) var count = 0
  package private(set) var sum: UInt64 = 0
  package private(set) var minimum = UInt64.max
  package private(set) var maximum: UInt64 = 0

  package init(precision: Int = 6) { self.precision = UInt64(precision) }

  package var isEmpty: Bool { count == 0 }

  /// A duration in nanoseconds.
  package mutating func record(_ value: UInt64) {
    let bucket = bucket(value)
    if bucket >= counts.count { counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count)) }
    counts[bucket] += 1
    count += 1
    sum &+= value
    if value < minimum { minimum = value }
    if value > maximum { maximum = value }
  }

  /// Adds what another of the same precision has.
  package mutating func merge(_ other: LatencyHistogram) {
    precondition(precision == other.precision, "histograms of one precision")
    if other.counts.count > counts.count {
      counts.append(contentsOf: repeatElement(0, count: other.counts.count - counts.count))
    }
    for (index, more) in other.counts.enumerated() { counts[index] += more }
    count += other.count
    sum &+= other.sum
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
  }

  /// Forgets all, and keeps the room.
  package mutating func clear() {
    for index in counts.indices { counts[index] = 0 }
    count = 0
    sum = 0
    minimum = .max
    maximum = 0
  }

  /// The duration (ns) that `fraction` of all do not exceed; the upper edge of its bucket. 0 when nothing was recorded.
  package func percentile(_ fraction: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let rank = max(1, Int((Double(count) * fraction).rounded(.up)))
    var seen = 0
    for (index, count) in counts.enumerated() where count > 0 {
      seen += Int(count)
      if seen >= rank { return min(upperEdge(index), maximum) }
    }
    return maximum
  }

  /// 0 when nothing was recorded.
  package var mean: UInt64 { count > 0 ? sum / UInt64(count) : 0 }

  /// The buckets with something in them: up to which duration (ns), and how many.
  package var buckets: [(edge: UInt64, count: Int)] {
    counts.indices.filter { counts[$0] > 0 }.map { (min(upperEdge($0), maximum), Int(counts[$0])) }
  }

  private var linear: UInt64 { 1 << precision }

  private func bucket(_ value: UInt64) -> Int {
    guard value >= linear else { return Int(value) }
    let exponent = UInt64(63 - value.leadingZeroBitCount) - precision
    return Int(exponent + 1) * Int(linear) + Int((value >> exponent) & (linear - 1))
  }

  private func upperEdge(_ index: Int) -> UInt64 {
    let linear = Int(linear)
    guard index >= linear else { return UInt64(index) }
    let exponent = UInt64(index / linear - 1)
    return ((UInt64(linear + index % linear) + 1) << exponent) - 1
  }
}
