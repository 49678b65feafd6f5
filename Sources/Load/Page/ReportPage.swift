import Primitives

/// A report as one HTML page that needs nothing else: styles and plots are in it, and no script.
package struct ReportPage {
  private let report: LoadReport

  package init(_ report: LoadReport) { self.report = report }

  package var html: String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(HTML.text(report.origin.scenario)): load on chatd</title>
    <style>\(Self.style)</style></head><body><main>
    \(head)
    \(tiles)
    \(plots.map(\.html).joined(separator: "\n"))
    \(operations)
    \(thresholds)
    \(verification)
    \(receivers)
    \(errors)
    <h2>Scenario</h2>
    <details><summary>\(HTML.text(report.origin.scenario)), as it was run</summary><pre>\(HTML.text(report.origin.text))</pre></details>
    </main></body></html>

    """
  }

  // MARK: Head

  private var head: String {
    let origin = report.origin
    let crossed = report.verdicts.filter { !$0.holds }.count
    let verdict =
      report.isGood
      ? "<p class=\"verdict good\">Passed: every threshold holds, and nothing was lost, repeated or out of order.</p>"
      : "<p class=\"verdict bad\">Failed: \(crossed) threshold\(crossed == 1 ? "" : "s") crossed.</p>"
    let warning =
      report.bottleneck.map {
        "<p class=\"verdict warn\">The generator was the bottleneck: \(HTML.text($0)). The latencies are its own, not chatd's.</p>"
      } ?? ""
    let part =
      origin.isInterrupted ? "<p class=\"verdict warn\">The run was interrupted: this is a part of it.</p>" : ""
    return """
      <h1>\(HTML.text(origin.scenario))</h1>
      <p class=meta>\(origin.startedAt) · \(HTML.text(origin.url)) from \(HTML.text(origin.host)) · run \(HTML.text(origin.run)) · \
      \(report.users.grouped) users in \(report.rooms.grouped) rooms · \(Figures.duration(report.seconds)) measured · \
      chatctl \(HTML.text(origin.version))</p>
      \(verdict)\(part)\(warning)
      """
  }

  private var tiles: String {
    func tile(_ name: String, _ metric: String) -> String {
      guard let value = report.metrics[metric] else { return "" }
      let text = Figures.text(value, MetricName.find(metric)?.kind ?? .count)
      return "<div class=tile><b>\(text)</b><span>\(name)</span></div>"
    }
    return "<section class=tiles>"
      + [
        tile("messages", "send.rate"), tile("deliveries", "delivery.rate"), tile("delivery, p50", "delivery.p50"),
        tile("delivery, p99", "delivery.p99"), tile("delivery, longest", "delivery.max"),
        tile("until answered, p99", "send.p99"),
        tile("deliveries lost", "lost"), tile("generator's CPU", "generator.cpu"),
      ].joined() + "</section>"
  }

  // MARK: Plots

  private static var latencies: [KeyPath<Timeline.Point, Double>] {
    [\.sendP50, \.sendP99, \.deliveryP50, \.deliveryP99, \.deliveryMax, \.lateness]
  }

  private func line(
    _ name: String, _ path: KeyPath<Timeline.Point, Double>, isFilled: Bool = false
  ) -> LinePlot.Series {
    let points = report.timeline.points
    // Of more points than a plot has room for, the highest of each few.
    let step = max(1, points.count / 600)
    let thinned = stride(from: 0, to: points.count, by: step).map { start in
      let part = points[start..<min(start + step, points.count)]
      return (x: part[part.startIndex].time, y: part.map { $0[keyPath: path] }.max() ?? 0)
    }
    // A second in which nothing was measured has no latency.
    let hasGaps = Self.latencies.contains(path)
    return LinePlot.Series(name: name, points: hasGaps ? thinned.filter { $0.y > 0 } : thinned, isFilled: isFilled)
  }

  private var plots: [LinePlot] {
    [
      LinePlot(
        title: "Operations", note: "A second. Where answered lies under due, the system did not keep up.",
        series: [line("answered", \.answered, isFilled: true), line("due", \.intended), line("errors", \.errors)],
        unit: .rate),
      LinePlot(
        title: "Delivery", note: "From when a message was due to be sent until each receiver had it; of each second.",
        series: [line("p50", \.deliveryP50), line("p99", \.deliveryP99), line("longest", \.deliveryMax)],
        unit: .duration,
        isLogarithmic: true),
      LinePlot(
        title: "Until the sender was answered", note: "From when the message was due; of each second.",
        series: [line("p50", \.sendP50), line("p99", \.sendP99)], unit: .duration, isLogarithmic: true),
      percentiles,
      LinePlot(
        title: "Deliveries", note: "A second, to all receivers together.",
        series: [line("deliveries", \.deliveries, isFilled: true)], unit: .rate),
      LinePlot(
        title: "Under way",
        note: "Deliveries of answered messages that have not come yet, and sockets that are connected.",
        series: [line("deliveries due", \.outstanding), line("sockets", \.sockets)], unit: .count),
      LinePlot(
        title: "Generator: lateness",
        note: "The latest that an operation was begun, of each second. Beyond 10 ms the generator measures itself.",
        series: [line("latest", \.lateness)], unit: .duration, isLogarithmic: true),
      LinePlot(
        title: "Generator: CPU", note: "Of the one core that its loop can use.",
        series: [line("CPU", \.cpu, isFilled: true)], unit: .ratio),
    ].filter { plot in plot.series.contains { !$0.points.isEmpty } }
  }

  /// The shares of 1/(1 − p) that a percentile stands at: 90 % at 1, 99 % at 2, 99.9 % at 3 (log10).
  private var percentiles: LinePlot {
    let shown = ["delivery", "send", "history", "inbox"]
    let series = shown.compactMap { name -> LinePlot.Series? in
      guard let distribution = report.distributions.first(where: { $0.name == name }) else { return nil }
      return LinePlot.Series(name: name, points: Self.curve(distribution))
    }
    return LinePlot(
      title: "Percentiles", note: "How long so many of all took at most; further right is rarer.", series: series,
      unit: .duration, isLogarithmic: true,
      ticks: [(0, "0"), (0.30103, "50 %"), (1, "90 %"), (2, "99 %"), (3, "99.9 %"), (4, "99.99 %"), (5, "99.999 %")]
        .filter { tick in series.contains { $0.points.last.map { $0.x >= tick.0 } ?? false } },
      xLabel: { Self.percent($0) })
  }

  private static func curve(_ distribution: LoadReport.Distribution) -> [(x: Double, y: Double)] {
    let total = Double(distribution.buckets.reduce(0) { $0 + $1.count })
    guard total > 0 else { return [] }
    var seen = 0.0
    var points: [(x: Double, y: Double)] = []
    for bucket in distribution.buckets {
      // Where this bucket begins, and where it ends; of the last, half of one is rarer than anything seen.
      points.append((-Logarithm.base10(max(1 - seen / total, 0.5 / total)), bucket.edge))
      seen += Double(bucket.count)
      points.append((-Logarithm.base10(max(1 - seen / total, 0.5 / total)), bucket.edge))
    }
    return points
  }

  private static func percent(_ place: Double) -> String {
    let share = 100 * (1 - Logarithm.power10(-place))
    return "\((share * 1000).rounded() / 1000) %"
  }

  // MARK: Tables

  private var operations: String {
    let columns = ["min", "p50", "p90", "p99", "p99.9", "p99.99", "max"]
    let rows = (OperationKind.allCases.map(\.rawValue) + ["delivery", "connect"]).compactMap { family -> [String]? in
      guard let count = report.metrics["\(family).count"], count > 0 else { return nil }
      let rate = report.metrics["\(family).rate"].map { Figures.text($0, .rate) } ?? ""
      let errors = report.metrics["\(family).errors"].map { Figures.text($0, .count) } ?? ""
      return [family, Figures.text(count, .count), rate, errors]
        + columns.map { report.metrics["\(family).\($0)"].map { Figures.text($0, .duration) } ?? "" }
    }
    return
      "<h2>Operations</h2><p>Latencies count from when an operation was due, so what waited behind a slow answer has waited "
      + "(corrected for coordinated omission).</p>"
      + HTML.table(["operation", "count", "rate", "errors"] + columns, rows)
  }

  private var thresholds: String {
    let rows = report.verdicts.map { verdict -> [String] in
      let kind = MetricName.find(verdict.threshold.metric)?.kind ?? .count
      return [
        HTML.text(verdict.threshold.description), verdict.value.map { Figures.text($0, kind) } ?? "not measured",
        verdict.holds ? "<span class=good>holds</span>" : "<span class=bad>crossed</span>",
      ]
    }
    return "<h2>Thresholds</h2>" + HTML.table(["threshold", "measured", ""], rows)
  }

  private var verification: String {
    let faults = report.faults
    let found = report.findings.map { "<li>\(HTML.text($0))</li>" }.joined()
    return """
      <h2>Verification</h2>
      <p>\(report.answered.grouped) messages were answered with success. Of their deliveries \(faults.lost.grouped) were lost, \
      \(faults.duplicates.grouped) came twice, \(faults.misordered.grouped) out of order, and \(faults.mismatched.grouped) were \
      not the message that others have under that number. Counted by receiver; \
      \(Int(report.metrics["delivery.resumed"] ?? 0).grouped) came by a resume.</p>
      \(found.isEmpty ? "" : "<ul>\(found)</ul>")
      """
  }

  private var receivers: String {
    guard !report.slowest.isEmpty else { return "" }
    let rows = report.slowest.map {
      [
        HTML.text($0.name), $0.count.grouped, Figures.duration($0.p50), Figures.duration($0.p99),
        Figures.duration($0.max),
      ]
    }
    let spread = ["min", "p50", "p90", "max"].compactMap { name in
      report.metrics["receivers.p99.\(name)"].map { "\(name) \(Figures.duration($0))" }
    }.joined(separator: ", ")
    return "<h2>Receivers</h2><p>The p99 of each receiver: \(spread). The ten slowest:</p>"
      + HTML.table(["user", "messages", "p50", "p99", "longest"], rows)
  }

  private var errors: String {
    guard !report.errors.isEmpty else { return "" }
    return "<h2>Errors</h2>"
      + HTML.table(["what", "how often"], report.errors.map { [HTML.text($0.what), $0.count.grouped] })
  }
}
