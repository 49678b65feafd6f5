package import JSON

/// What two runs of a scenario differ in, and whether the second is worse.
package struct LoadComparison: Sendable {
  /// What is read of a report.
  package struct Side: Sendable {
    package let scenario: String
    package let startedAt: String
    package let metrics: [String: Double]
    package let bottleneck: String?

    /// Throws `LoadFailure` for what is no report.
    package init(_ report: JSONValue) throws(LoadFailure) {
      guard report["kind"]?.isString("LoadReport") == true, let members = report["metrics"]?.object else {
        throw LoadFailure("it is no report of 'chatctl load run --json'")
      }
      var metrics: [String: Double] = [:]
      for member in members { metrics[member.key] = member.value.double }
      self.init(
        scenario: report["run"]?["scenario"]?.string ?? "", startedAt: report["run"]?["startedAt"]?.string ?? "",
        metrics: metrics, bottleneck: report["bottleneck"]?.string)
    }

    package init(scenario: String, startedAt: String = "", metrics: [String: Double], bottleneck: String? = nil) {
      self.scenario = scenario
      self.startedAt = startedAt
      self.metrics = metrics
      self.bottleneck = bottleneck
    }
  }

  package enum Judgement: String, Sendable { case same, better, worse, changed }

  package struct Line: Sendable {
    package let metric: MetricName.Metric
    package let before: Double
    package let after: Double
    package let judgement: Judgement

    /// As a share of what it was; nil where it was nothing.
    package var change: Double? { before != 0 ? (after - before) / before : nil }
  }

  package let lines: [Line]
  package var isWorse: Bool { lines.contains { $0.judgement == .worse } }

  /// Compared where nobody names anything else: the figures that repeat. Extremes do not.
  private static let usual: Set<String> = [
    "rate", "errorRate", "p50", "p95", "p99", "lost", "duplicates", "misordered", "mismatched", "dropped",
  ]

  /// - Parameters:
  ///   - metrics: those to compare; nil for the usual ones.
  ///   - tolerance: the share by which a figure may be worse.
  ///   - floor: a difference of durations (s) below this is none.
  package init(_ before: Side, _ after: Side, metrics: [String]? = nil, tolerance: Double, floor: Double) {
    lines = MetricName.all.compactMap { metric -> Line? in
      let isChosen =
        metrics.map { $0.contains(metric.name) }
        ?? (metric.direction != .neither && Self.usual.contains(String(metric.name.split(separator: ".").last ?? "")))
      guard isChosen, let old = before.metrics[metric.name], let new = after.metrics[metric.name] else { return nil }
      return Line(
        metric: metric, before: old, after: new, judgement: Self.judge(metric, old, new, tolerance, floor))
    }
  }

  private static func judge(
    _ metric: MetricName.Metric, _ old: Double, _ new: Double, _ tolerance: Double, _ floor: Double
  ) -> Judgement {
    let difference = new - old
    if difference == 0 { return .same }
    if metric.kind == .duration, difference.magnitude < floor { return .same }
    // A loss is a loss, whatever there was before.
    if old != 0 || metric.kind == .duration, difference.magnitude <= old.magnitude * tolerance { return .same }
    switch metric.direction {
    case .neither: return .changed
    case .lessIsBetter: return difference > 0 ? .worse : .better
    case .moreIsBetter: return difference < 0 ? .worse : .better
    }
  }
}
