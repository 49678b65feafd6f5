import Glibc
import Load

/// What a figure is measured in, and how it is shown.
enum Unit: String {
  case microseconds = "µs"
  case milliseconds = "ms"
  case bytes = "B"
  case perSecond = "/s"
  case count = ""
}

/// One figure, with a value of each run.
struct Figure {
  var scenario: String
  var name: String
  var unit: Unit
  /// What it should not exceed.
  var aim: Double?
  var values: [Double] = []

  var median: Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

/// Gathers figures and prints them: medians with their extremes.
final class Report: @unchecked Sendable {
  private let options: BenchOptions
  private var figures: [Figure] = []

  init(options: BenchOptions) { self.options = options }

  /// For people, beside the figures.
  static func note(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
  }

  /// Adds a run's value to the figure of that name.
  func add(_ scenario: String, _ name: String, _ value: Double, _ unit: Unit, aim: Double? = nil) {
    if let index = figures.firstIndex(where: { $0.scenario == scenario && $0.name == name }) {
      figures[index].values.append(value)
    } else {
      figures.append(Figure(scenario: scenario, name: name, unit: unit, aim: aim, values: [value]))
    }
  }

  /// The three percentiles that are looked at, and the worst.
  func add(_ scenario: String, _ name: String, _ histogram: LatencyHistogram) {
    for (label, fraction) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
      add(scenario, "\(name) \(label)", Double(histogram.percentile(fraction)) / 1e6, .milliseconds)
    }
  }

  func finish() {
    if options.isJSON { return printJSON() }
    let nameWidth = figures.map(\.name.count).max() ?? 0
    var last = ""
    for figure in figures {
      if figure.scenario != last {
        print("\(last.isEmpty ? "" : "\n")\(figure.scenario), \(figure.values.count) runs: median (least to most)")
      }
      last = figure.scenario
      let values = figure.values
      var line = "  " + figure.name + String(repeating: " ", count: nameWidth - figure.name.count)
      line += Self.padded(Self.text(figure.median), 10) + " \(figure.unit.rawValue)"
      line += "  (\(Self.text(values.min() ?? 0)) to \(Self.text(values.max() ?? 0)))"
      if let aim = figure.aim {
        line += "  aim \(Self.text(aim))" + (figure.median <= aim ? "" : "  MISSED")
      }
      print(line)
    }
  }

  private func printJSON() {
    for figure in figures {
      let values = figure.values.map(Self.text).joined(separator: ",")
      let aim = figure.aim.map { ",\"aim\":\(Self.text($0))" } ?? ""
      print(
        "{\"scenario\":\"\(figure.scenario)\",\"figure\":\"\(figure.name)\",\"unit\":\"\(figure.unit.rawValue)\","
          + "\"median\":\(Self.text(figure.median)),\"runs\":[\(values)]\(aim)}")
    }
  }

  /// Three significant digits are more than the noise leaves.
  static func text(_ value: Double) -> String {
    let digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = Int((value * scale).rounded())
    guard digits > 0 else { return "\(rounded)" }
    let fraction = "\(rounded % Int(scale))"
    return "\(rounded / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
