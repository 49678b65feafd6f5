import Glibc

/// A plot of lines over time, or over percentiles, as SVG within a page: its colours are the page's.
struct LinePlot {
  struct Series {
    let name: String
    /// Not necessarily of every x; ascending.
    let points: [(x: Double, y: Double)]
    /// Whether the area beneath it is filled.
    var isFilled = false
  }

  let title: String
  /// What it shows and how to read it, in a sentence.
  let note: String
  let series: [Series]
  let unit: MetricName.Kind
  var isLogarithmic = false
  /// Marks beneath the x axis; seconds by default.
  var ticks: [(x: Double, label: String)]?
  var xLabel: (Double) -> String = { LinePlot.clock($0) }

  private static let width = 860.0
  private static let height = 240.0
  private static let left = 66.0
  private static let right = 12.0
  private static let top = 10.0
  private static let bottom = 28.0
  /// More columns than these cannot be told apart.
  private static let columns = 240

  // MARK: Scales

  private var xs: ClosedRange<Double> {
    let all = series.flatMap { $0.points.map(\.x) }
    guard let least = all.min(), let most = all.max(), most > least else { return 0...1 }
    return least...most
  }

  private var ys: ClosedRange<Double> {
    let all = series.flatMap { $0.points.map(\.y) }
    let most = all.max() ?? 1
    guard isLogarithmic else { return 0...(most > 0 ? Self.rounded(most) : 1) }
    let least = all.filter { $0 > 0 }.min() ?? most / 10
    let low = pow(10, log10(max(least, 1e-6)).rounded(.down))
    let high = pow(10, log10(max(most, low * 10)).rounded(.up))
    return low...high
  }

  /// The next of 1, 2, 2.5, 5 times a power of ten.
  private static func rounded(_ value: Double) -> Double {
    let power = pow(10, log10(value).rounded(.down))
    for step in [1.0, 1.5, 2, 2.5, 3, 4, 5, 7.5] where step * power >= value * 0.999 { return step * power }
    return 10 * power
  }

  private func x(_ value: Double) -> Double {
    Self.left + (value - xs.lowerBound) / (xs.upperBound - xs.lowerBound) * (Self.width - Self.left - Self.right)
  }

  private func y(_ value: Double, _ ys: ClosedRange<Double>) -> Double {
    let share =
      isLogarithmic
      ? (log10(max(value, ys.lowerBound)) - log10(ys.lowerBound)) / (log10(ys.upperBound) - log10(ys.lowerBound))
      : (value - ys.lowerBound) / (ys.upperBound - ys.lowerBound)
    return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
  }

  // MARK: Drawing

  var html: String {
    let ys = ys
    var svg =
      "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(HTML.text(title))\">"
    for mark in marks(ys) {
      let place = Self.number(y(mark, ys))
      svg += "<line class=grid x1=\(Int(Self.left)) x2=\(Int(Self.width - Self.right)) y1=\(place) y2=\(place) />"
      svg +=
        "<text class=label x=\(Int(Self.left - 6)) y=\(place) dy=4 text-anchor=end>\(Figures.text(mark, unit))</text>"
    }
    for tick in ticks ?? times {
      let place = Self.number(x(tick.x))
      svg +=
        "<line class=tick x1=\(place) x2=\(place) y1=\(Int(Self.height - Self.bottom)) y2=\(Int(Self.height - Self.bottom + 4)) />"
      svg += "<text class=label x=\(place) y=\(Int(Self.height - 8)) text-anchor=middle>\(HTML.text(tick.label))</text>"
    }
    for (index, line) in series.enumerated() where !line.points.isEmpty { svg += draw(line, index, ys) }
    svg += hover(ys) + "</svg>"
    let legend = series.enumerated().map { "<span class=key><i class=\"s\($0)\"></i>\(HTML.text($1.name))</span>" }
      .joined()
    return
      "<figure><figcaption><b>\(HTML.text(title))</b> \(legend)<small>\(HTML.text(note))</small></figcaption>\(svg)</figure>"
  }

  private func draw(_ line: Series, _ index: Int, _ ys: ClosedRange<Double>) -> String {
    let path = line.points.enumerated().map { place, point in
      "\(place == 0 ? "M" : "L")\(Self.number(x(point.x))),\(Self.number(y(point.y, ys)))"
    }.joined()
    var drawn = ""
    if line.isFilled, let first = line.points.first, let last = line.points.last {
      let floor = Self.number(Self.height - Self.bottom)
      drawn +=
        "<path class=\"area a\(index)\" d=\"\(path)L\(Self.number(x(last.x))),\(floor)L\(Self.number(x(first.x))),\(floor)Z\"/>"
    }
    return drawn + "<path class=\"line l\(index)\" d=\"\(path)\"/>"
  }

  /// Columns that tell their values when they are pointed at.
  private func hover(_ ys: ClosedRange<Double>) -> String {
    guard let first = series.max(by: { $0.points.count < $1.points.count }), first.points.count > 1 else { return "" }
    let step = max(1, first.points.count / Self.columns)
    let width = (Self.width - Self.left - Self.right) / Double(max(1, first.points.count / step))
    var svg = ""
    for index in stride(from: 0, to: first.points.count, by: step) {
      let place = first.points[index].x
      let values = series.compactMap { line -> String? in
        guard let point = line.points.last(where: { $0.x <= place }) else { return nil }
        return "\(line.name): \(Figures.text(point.y, unit))"
      }
      svg +=
        "<rect class=hit x=\(Self.number(x(place) - width / 2)) y=\(Int(Self.top)) width=\(Self.number(width)) "
        + "height=\(Int(Self.height - Self.top - Self.bottom))><title>\(HTML.text(([xLabel(place)] + values).joined(separator: "\n")))</title></rect>"
    }
    return svg
  }

  private func marks(_ ys: ClosedRange<Double>) -> [Double] {
    guard isLogarithmic else { return (0...4).map { ys.upperBound * Double($0) / 4 } }
    var marks: [Double] = []
    var mark = ys.lowerBound
    while mark <= ys.upperBound * 1.001 {
      marks.append(mark)
      mark *= 10
    }
    return marks
  }

  private var times: [(x: Double, label: String)] {
    let span = xs.upperBound - xs.lowerBound
    let steps = [1.0, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
    let step = steps.first { span / $0 <= 10 } ?? 86_400
    var ticks: [(x: Double, label: String)] = []
    var place = (xs.lowerBound / step).rounded(.up) * step
    while place <= xs.upperBound {
      ticks.append((place, Self.clock(place)))
      place += step
    }
    return ticks
  }

  static func clock(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let rest = whole % 60
    return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest)"
  }

  private static func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
