import Synchronization

/// A name with its series. Its contents are guarded by the registry's lock.
final class MetricFamily: @unchecked Sendable {
  struct Description: Equatable {
    var name: String
    var help: String
    var kind: MetricKind
    var unit: MetricUnit
    var labels: [String]
    /// Series at most; what is beyond counts as `other`.
    var limit: Int
    var buckets: HistogramBuckets?

    /// Stops where a name breaks Prometheus' rules: a programmer's mistake that every start would show.
    func check() {
      precondition(MetricName.isValid(name), "\(name) is no name of a metric")
      for label in labels { precondition(MetricName.isValidLabel(label), "\(label) is no name of a label") }
      precondition((kind == .counter) == name.hasSuffix("_total"), "\(name): counters, and only they, end in _total")
      let stem = kind == .counter ? String(name.dropLast(6)) : name
      precondition(
        unit == .none || stem.hasSuffix("_\(unit.rawValue)"), "\(name) is in \(unit.rawValue) and must say so")
    }
  }

  struct Series {
    var values: [String]
    var cells: [(owner: Int, cells: UnsafeMutablePointer<Atomic<UInt64>>)]
  }

  static let other = "other"

  let description: Description
  private(set) var series: [Series] = []
  private var known: [[String]: Int] = [:]
  var collect: (@Sendable ((_ labels: [String], _ value: Int64) -> Void) -> Void)?

  init(_ description: Description) { self.description = description }

  private var cellCount: Int { description.buckets.map { $0.bounds.count + 2 } ?? 1 }

  func cells(
    of owner: Int, _ wanted: [String], _ arena: inout CellArena
  ) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(wanted.count == description.labels.count, "\(description.name) has labels \(description.labels)")
    var values = wanted
    if known[values] == nil, series.count >= description.limit { values = wanted.map { _ in Self.other } }
    let index: Int
    if let found = known[values] {
      index = found
    } else {
      index = series.count
      known[values] = index
      series.append(Series(values: values, cells: []))
    }
    if let own = series[index].cells.first(where: { $0.owner == owner }) { return own.cells }
    let cells = arena.take(cellCount)
    series[index].cells.append((owner, cells))
    return cells
  }
}

/// Prometheus' data model: what names may look like.
enum MetricName {
  static func isValid(_ name: String) -> Bool {
    isName(name) { isLetter($0) || $0 == UInt8(ascii: ":") }
  }

  static func isValidLabel(_ name: String) -> Bool {
    // `le` is a histogram's own, two underscores are Prometheus' own.
    name != "le" && !name.hasPrefix("__") && isName(name, isLetter)
  }

  private static func isName(_ name: String, _ isLetter: (UInt8) -> Bool) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_")
  }
}
