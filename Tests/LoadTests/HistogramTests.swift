import Load
import Testing

@Suite("Latencies")
struct HistogramTests {
  @Test("percentiles are those of the values, up to the width of a bucket", arguments: [(3, 0.126), (6, 0.0157)])
  func percentiles(_ precision: Int, _ error: Double) {
    var histogram = LatencyHistogram(precision: precision)
    var random = SeededRandom(seed: 5)
    var values: [UInt64] = []
    for _ in 0..<20_000 {
      let value = UInt64(1 << random.index(below: 36)) + UInt64(random.index(below: 1000))
      values.append(value)
      histogram.record(value)
    }
    values.sort()
    for fraction in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
      let exact = Double(values[max(0, Int((Double(values.count) * fraction).rounded(.up)) - 1)])
      let found = Double(histogram.percentile(fraction))
      #expect(found >= exact && found <= exact * (1 + error) + 1, "\(fraction): \(exact), \(found)")
    }
    #expect(histogram.maximum == values.last && histogram.minimum == values.first)
    #expect(histogram.mean == values.reduce(0, +) / UInt64(values.count))
    #expect(histogram.buckets.reduce(0) { $0 + $1.count } == values.count)
  }

  @Test("two that are merged are one of both, and one that was cleared is empty")
  func merging() {
    var low = LatencyHistogram()
    var high = LatencyHistogram()
    for value in 1...50 { low.record(UInt64(value)) }
    for value in 51...100 { high.record(UInt64(value) * 1_000_000) }
    low.merge(high)
    #expect(low.count == 100 && low.minimum == 1 && low.maximum == 100_000_000)
    #expect(low.percentile(0.5) == 50)
    low.clear()
    #expect(low.isEmpty && low.percentile(0.99) == 0 && low.buckets.isEmpty)
  }
}
