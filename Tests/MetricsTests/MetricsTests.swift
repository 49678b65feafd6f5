import Glibc
import Metrics
import Synchronization
import Testing

@Suite("Metrics")
struct MetricsTests {
  private func text(_ registry: MetricRegistry, _ format: ExpositionFormat = .prometheus) -> String {
    String(decoding: registry.text(format), as: UTF8.self)
  }

  @Test("a counter is the sum of what its owners counted")
  func counters() {
    let registry = MetricRegistry()
    let (a, b) = (registry.owner(), registry.owner())
    let requests = "requests_total"
    let first = a.counter(requests, "Requests.", labels: ["code"]).with("2xx")
    let second = b.counter(requests, "Requests.", labels: ["code"]).with("2xx")
    first.add()
    first.add(2)
    second.add(4)
    a.counter(requests, "Requests.", labels: ["code"]).with("5xx").add()
    #expect(
      text(registry) == """
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{code="2xx"} 7
        requests_total{code="5xx"} 1

        """)
  }

  @Test("the same labels are the same cell, so a part that is put together twice goes on counting")
  func sameCell() {
    let registry = MetricRegistry()
    let owner = registry.owner()
    owner.counter("a_total", "A.").with().add()
    owner.counter("a_total", "A.").with().add()
    #expect(owner.counter("a_total", "A.").with().value == 2)
  }

  @Test("a gauge falls too, also below zero, and what is collected is asked when it is read")
  func gauges() {
    let registry = MetricRegistry()
    let owner = registry.owner()
    let depth = owner.gauge("depth", "Depth.").with()
    depth.add(2)
    depth.add(-5)
    let size = Atomic<Int>(3)
    let box = UnsafeShared(size: size)
    registry.observe("size_bytes", "Size.", unit: .bytes, labels: ["of"]) { give in
      give(["a"], Int64(box.size.load(ordering: .relaxed)))
    }
    #expect(text(registry).contains("\ndepth -3\n"))
    #expect(text(registry).contains("\nsize_bytes{of=\"a\"} 3\n"))
    box.size.store(9, ordering: .relaxed)
    #expect(text(registry).contains("\nsize_bytes{of=\"a\"} 9\n"))
  }

  private final class UnsafeShared: Sendable {
    let size: Atomic<Int>
    init(size: consuming Atomic<Int>) { self.size = size }
  }

  @Test("each value falls into the first bucket whose bound it does not exceed", arguments: [1, 2, 3, 4])
  func bucketOfEachValue(seed: UInt64) {
    for buckets in [HistogramBuckets.latency, .work, .count, .size] {
      let registry = MetricRegistry()
      let histogram = registry.owner().histogram(
        "h" + (buckets.unit == .none ? "" : "_\(buckets.unit.rawValue)"), "H.", buckets
      ).with()
      var values: [UInt64] = [0, 1, .max >> 20]
      for bound in buckets.bounds { values += [bound - 1, bound, bound + 1] }
      var state = seed
      for _ in 0..<2000 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        values.append((state >> 8) >> (state & 63))
      }
      var expected = [Int](repeating: 0, count: buckets.bounds.count + 1)
      for value in values {
        histogram.observe(value)
        expected[buckets.bounds.firstIndex { value <= $0 } ?? buckets.bounds.count] += 1
      }
      var cumulative = 0
      let counts = text(registry).split(separator: "\n").filter { $0.contains("_bucket") }.map {
        Int($0.split(separator: " ").last ?? "") ?? -1
      }
      for (index, count) in counts.enumerated() {
        cumulative += expected[index]
        #expect(count == cumulative, "bucket \(index) of \(buckets.unit)")
      }
      #expect(counts.count == expected.count)
      #expect(histogram.observed.count == UInt64(values.count))
    }
  }

  @Test("bounds are at most twice the one before, and in seconds")
  func bounds() {
    for (below, above) in zip(HistogramBuckets.latency.bounds, HistogramBuckets.latency.bounds.dropFirst()) {
      #expect(above <= below * 2)
    }
    let registry = MetricRegistry()
    let histogram = registry.owner().histogram("wait_seconds", "Wait.", .latency).with()
    histogram.observe(1_500_000)
    histogram.observe(from: 10, to: 5)
    let output = text(registry)
    #expect(output.contains("wait_seconds_bucket{le=\"0.001\"} 1\n"))
    #expect(output.contains("wait_seconds_bucket{le=\"0.002\"} 2\n"))
    #expect(output.contains("wait_seconds_bucket{le=\"10.0\"} 2\n"))
    #expect(output.contains("wait_seconds_bucket{le=\"+Inf\"} 2\n"))
    #expect(output.contains("wait_seconds_sum 0.0015\n"))
    #expect(output.contains("wait_seconds_count 2\n"))
  }

  @Test("values of labels and texts are escaped")
  func escaping() {
    let registry = MetricRegistry()
    registry.owner().counter("a_total", "A \"b\" \\ c\nd", labels: ["x"]).with("q\"b\\s\nn").add()
    #expect(
      text(registry) == #"""
        # HELP a_total A "b" \\ c\nd
        # TYPE a_total counter
        a_total{x="q\"b\\s\nn"} 1

        """#)
  }

  @Test("a family has no more series than its limit: the rest counts as other")
  func cardinality() {
    let registry = MetricRegistry()
    let owner = registry.owner()
    let family = owner.counter("a_total", "A.", labels: ["x", "y"], limit: 10)
    for number in 0..<100 { family.with("\(number)", "z").add() }
    let lines = text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines.count == 11)
    #expect(lines.contains("a_total{x=\"other\",y=\"other\"} 90"))
  }

  @Test("OpenMetrics: counters without their suffix, units, an end")
  func openMetrics() {
    let registry = MetricRegistry()
    let owner = registry.owner()
    owner.counter("cpu_seconds_total", "CPU.", unit: .seconds).with().add(1_500_000_000)
    owner.gauge("depth", "Depth.").with().set(1)
    #expect(
      text(registry, .openMetrics) == """
        # HELP cpu_seconds CPU.
        # TYPE cpu_seconds counter
        # UNIT cpu_seconds seconds
        cpu_seconds_total 1.5
        # HELP depth Depth.
        # TYPE depth gauge
        depth 1
        # EOF

        """)
  }

  @Test(
    "the format is what Accept prefers",
    arguments: [
      (nil, false), ("*/*", false), ("text/plain", false), ("application/openmetrics-text", true),
      (
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5",
        true
      ),
      ("application/openmetrics-text;q=0.3, text/plain;q=0.8", false), ("application/json", false),
    ] as [(String?, Bool)])
  func accept(field: String?, isOpen: Bool) {
    #expect((ExpositionFormat(accept: field) == .openMetrics) == isOpen)
  }

  @Test("loops count while somebody reads, and nothing is lost")
  func concurrently() async throws {
    let registry = MetricRegistry()
    let rounds = 200_000
    let threads = 3
    let running = Atomic<Int>(threads)
    let box = UnsafeShared(size: running)
    for _ in 0..<threads {
      let owner = registry.owner()
      let counter = owner.counter("a_total", "A.").with()
      let histogram = owner.histogram("h", "H.", .count).with()
      let thread = Thread {
        for round in 0..<rounds {
          counter.add()
          histogram.observe(UInt64(round & 1023))
        }
        box.size.subtract(1, ordering: .acquiringAndReleasing)
      }
      thread.start()
    }
    var last = 0
    while box.size.load(ordering: .acquiring) > 0 {
      let now = value(of: "a_total", in: registry)
      #expect(now >= last)
      last = now
      await Task.yield()
    }
    #expect(value(of: "a_total", in: registry) == rounds * threads)
    #expect(value(of: "h_count", in: registry) == rounds * threads)
  }

  private func value(of name: String, in registry: MetricRegistry) -> Int {
    text(registry).split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
      Int($0.split(separator: " ")[1])
    }
      ?? -1
  }

  /// A thread, without a loop.
  private struct Thread {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let body: @Sendable () -> Void

    func start() {
      var thread = pthread_t()
      let box = Unmanaged.passRetained(Box(body)).toOpaque()
      pthread_create(
        &thread, nil,
        { argument in
          Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
          return nil
        }, box)
      pthread_detach(thread)
    }
  }
}
