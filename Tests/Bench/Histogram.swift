/// Durations in log-linear buckets (as HdrHistogram has them): 64 a power of two, so a percentile is at most 1.6 % off.
struct Histogram {
  private static let linearBits: UInt64 = 6
  private var counts = [UInt32](repeating: 0, count: 64 * 64)
  private(set) var count = 0
  private(set) var maximum: UInt64 = 0

  /// A duration in nanoseconds.
  mutating func record(_ value: UInt64) {
    counts[Self.bucket(value)] += 1
    count += 1
    if value > maximum { maximum = value }
  }

  mutating func clear() { self = Histogram() }

  /// The duration (ns) that `fraction` of all do not exceed; the upper edge of its bucket. 0 when nothing was recorded.
  func percentile(_ fraction: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let rank = max(1, Int((Double(count) * fraction).rounded(.up)))
    var seen = 0
    for (index, count) in counts.enumerated() where count > 0 {
      seen += Int(count)
      if seen >= rank { return min(Self.upperEdge(index), maximum) }
    }
    return maximum
  }

  private static func bucket(_ value: UInt64) -> Int {
    guard value >= 64 else { return Int(value) }
    let exponent = UInt64(63 - value.leadingZeroBitCount) - linearBits
    return Int(exponent + 1) * 64 + Int((value >> exponent) & 63)
  }

  private static func upperEdge(_ index: Int) -> UInt64 {
    guard index >= 64 else { return UInt64(index) }
    let exponent = UInt64(index / 64 - 1)
    return ((64 + UInt64(index % 64) + 1) << exponent) - 1
  }
}
