// Metrics: counters, gauges and histograms, and the text that Prometheus reads.
//
// Pattern. A family (`chatd_http_requests_total`) has labels; each combination of their values is a series; a series is
// the sum of cells, one for each owner that counts. An owner is one loop. Labels are resolved to a cell once, when a
// part of the program is put together; what remains for the hot path is a load, an add and a store of 64 bits.
//
// Concurrency. A cell is written by its owner's thread only, and read by whoever is asked for the metrics: both with
// relaxed atomics, which cost what plain loads and stores cost and are no data race. No lock is taken for counting. The
// registry's own lock guards the lists: resolving labels, and reading.
//
// A reader sees each cell whole, but not all cells at one moment: a sum of a histogram may be an observation ahead of
// its buckets. The count of a histogram is made of the buckets that were read, so `_count` and `le="+Inf"` agree.
//
// Lifecycle. Families and cells live as long as their registry, which must outlive those who count.
//
// Invariant: what a request brings decides no label without a bound. A family has at most `limit` series; what comes
// beyond is counted under the value `other`.

import Synchronization

/// What there is to know of a process in numbers.
package final class MetricRegistry: Sendable {
  struct State {
    var families: [String: MetricFamily] = [:]
    /// Names in the order of their registration.
    var order: [String] = []
    var arenas: [CellArena] = []
  }

  let state = Mutex(State())

  package init() {}

  /// A new owner of cells: what one loop counts with.
  package func owner() -> MetricOwner {
    state.withLock { state in
      state.arenas.append(CellArena())
      return MetricOwner(registry: self, index: state.arenas.count - 1)
    }
  }

  /// Registers a family, or returns the one that exists; every loop may say what it counts.
  func family(_ description: MetricFamily.Description) -> MetricFamily {
    description.check()
    return state.withLock { state in
      if let known = state.families[description.name] {
        precondition(known.description == description, "\(description.name) is registered in two ways")
        return known
      }
      let family = MetricFamily(description)
      state.families[description.name] = family
      state.order.append(description.name)
      return family
    }
  }

  /// What is asked when the metrics are read, rather than counted: the size of a queue, the memory of the process.
  ///
  /// `collect` is called by whoever reads, on any thread, and gives a value for each combination of label values.
  package func observe(
    _ name: String, _ help: String, _ kind: MetricKind = .gauge, unit: MetricUnit = .none, labels: [String] = [],
    _ collect: @escaping @Sendable (_ give: (_ labels: [String], _ value: Int64) -> Void) -> Void
  ) {
    let family = family(
      MetricFamily.Description(name: name, help: help, kind: kind, unit: unit, labels: labels, limit: 256, buckets: nil)
    )
    state.withLock { _ in family.collect = collect }
  }
}

/// Whoever counts: one thread, which is a loop's.
package struct MetricOwner: Sendable {
  package let registry: MetricRegistry
  let index: Int

  /// A counter: it only rises. The name ends in `_total`; of seconds in `_seconds_total`.
  package func counter(
    _ name: String, _ help: String, unit: MetricUnit = .none, labels: [String] = [], limit: Int = 256
  ) -> MetricVector<Counter> {
    MetricVector(
      family: registry.family(
        .init(name: name, help: help, kind: .counter, unit: unit, labels: labels, limit: limit, buckets: nil)),
      owner: self)
  }

  /// A gauge: each owner sets its part, and the series is the sum.
  package func gauge(
    _ name: String, _ help: String, unit: MetricUnit = .none, labels: [String] = [], limit: Int = 256
  ) -> MetricVector<Gauge> {
    MetricVector(
      family: registry.family(
        .init(name: name, help: help, kind: .gauge, unit: unit, labels: labels, limit: limit, buckets: nil)),
      owner: self)
  }

  package func histogram(
    _ name: String, _ help: String, _ buckets: HistogramBuckets, labels: [String] = [], limit: Int = 256
  ) -> MetricVector<Histogram> {
    MetricVector(
      family: registry.family(
        .init(
          name: name, help: help, kind: .histogram, unit: buckets.unit, labels: labels, limit: limit, buckets: buckets)),
      owner: self)
  }
}

/// The series of a family, as one owner sees them.
package struct MetricVector<Metric: MetricHandle>: Sendable {
  let family: MetricFamily
  let owner: MetricOwner

  /// The cell of these label values, in the order in which the labels were declared. Takes a lock: resolve once, and
  /// keep what is returned.
  package func with(_ values: String...) -> Metric { cell(values) }

  package func cell(_ values: [String]) -> Metric {
    let cells = owner.registry.state.withLock { state in
      family.cells(of: owner.index, values, &state.arenas[owner.index])
    }
    return Metric(cells: cells, buckets: family.description.buckets)
  }
}
