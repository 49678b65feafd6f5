import Synchronization

/// Writes families in Prometheus' text format or in OpenMetrics, which differ in how a counter's family is called, in
/// the line with the unit and in the end.
struct ExpositionWriter {
  private let format: ExpositionFormat
  private var bytes: [UInt8] = []

  init(_ format: ExpositionFormat) {
    self.format = format
    bytes.reserveCapacity(64 << 10)
  }

  consuming func finish() -> [UInt8] {
    if format == .openMetrics { bytes.append(contentsOf: "# EOF\n".utf8) }
    return bytes
  }

  mutating func write(_ family: MetricFamily, _ collected: [(labels: [String], value: Int64)]) {
    guard !family.series.isEmpty || !collected.isEmpty else { return }
    let description = family.description
    writeHead(description)
    for series in family.series {
      if let buckets = description.buckets {
        writeHistogram(description, buckets, series)
      } else {
        var value: UInt64 = 0
        for (_, cell) in series.cells { value &+= cell.pointee.load(ordering: .relaxed) }
        writeSample(description, series.values, Int64(bitPattern: value))
      }
    }
    for sample in collected { writeSample(description, sample.labels, sample.value) }
  }

  private mutating func writeHead(_ description: MetricFamily.Description) {
    var name = description.name
    if format == .openMetrics, description.kind == .counter { name.removeLast("_total".count) }
    put("# HELP \(name) ")
    putEscaped(description.help, quotes: format == .openMetrics)
    put("\n# TYPE \(name) \(description.kind.rawValue)\n")
    if format == .openMetrics, description.unit != .none { put("# UNIT \(name) \(description.unit.rawValue)\n") }
  }

  private mutating func writeSample(_ description: MetricFamily.Description, _ values: [String], _ value: Int64) {
    put(description.name)
    writeLabels(description.labels, values)
    put(" ")
    writeNumber(value, description.unit)
    put("\n")
  }

  private mutating func writeHistogram(
    _ description: MetricFamily.Description, _ buckets: HistogramBuckets, _ series: MetricFamily.Series
  ) {
    var count: UInt64 = 0
    for index in 0...buckets.bounds.count {
      for (_, cells) in series.cells { count &+= cells[index].load(ordering: .relaxed) }
      put("\(description.name)_bucket")
      writeLabels(
        description.labels, series.values, bound: index < buckets.bounds.count ? buckets.bounds[index] : nil,
        unit: description.unit)
      put(" \(count)\n")
    }
    var sum: UInt64 = 0
    for (_, cells) in series.cells { sum &+= cells[buckets.bounds.count + 1].load(ordering: .relaxed) }
    put("\(description.name)_sum")
    writeLabels(description.labels, series.values)
    put(" ")
    writeNumber(Int64(truncatingIfNeeded: sum), description.unit)
    put("\n\(description.name)_count")
    writeLabels(description.labels, series.values)
    put(" \(count)\n")
  }

  private mutating func writeLabels(_ names: [String], _ values: [String]) {
    guard !names.isEmpty else { return }
    put("{")
    writePairs(names, values)
    put("}")
  }

  /// With the bound of a bucket; nil is infinity.
  private mutating func writeLabels(_ names: [String], _ values: [String], bound: UInt64?, unit: MetricUnit) {
    put("{")
    writePairs(names, values)
    put(names.isEmpty ? "le=\"" : ",le=\"")
    // A float, in OpenMetrics with a point; the same text in both, so that a change of format starts no new series.
    if let bound {
      let start = bytes.count
      writeNumber(Int64(bound), unit)
      if !bytes[start...].contains(UInt8(ascii: ".")) { put(".0") }
    } else {
      put("+Inf")
    }
    put("\"}")
  }

  private mutating func writePairs(_ names: [String], _ values: [String]) {
    for (index, name) in names.enumerated() {
      put(index == 0 ? "\(name)=\"" : ",\(name)=\"")
      putEscaped(index < values.count ? values[index] : "", quotes: true)
      put("\"")
    }
  }

  /// Nanoseconds are written as seconds, exactly.
  private mutating func writeNumber(_ value: Int64, _ unit: MetricUnit) {
    guard unit == .seconds else { return put("\(value)") }
    if value < 0 { put("-") }
    let (seconds, nanoseconds) = value.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    put("\(seconds)")
    guard nanoseconds > 0 else { return }
    var digits = String(nanoseconds)
    digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while digits.last == "0" { digits.removeLast() }
    put(".")
    put(digits)
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Backslash and line feed, and in values of labels the quotation mark.
  private mutating func putEscaped(_ text: String, quotes: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): put("\\\\")
      case UInt8(ascii: "\n"): put("\\n")
      case UInt8(ascii: "\"") where quotes: put("\\\"")
      default: bytes.append(byte)
      }
    }
  }
}
