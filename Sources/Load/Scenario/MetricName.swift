import Primitives

/// What a run measures, by name: thresholds, reports and comparisons speak of these. Stable.
package enum MetricName {
  package enum Kind: Sendable {
    /// In seconds.
    case duration
    case count
    /// In a second.
    case rate
    /// From 0 to 1.
    case ratio
  }

  /// Whether more of it is worse, better, or neither.
  package enum Direction: Sendable { case lessIsBetter, moreIsBetter, neither }

  package struct Metric: Sendable {
    package let name: String
    package let kind: Kind
    package let direction: Direction
  }

  package static let percentiles: [(name: String, fraction: Double)] = [
    ("p50", 0.5), ("p75", 0.75), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999),
  ]

  /// What has latencies beside the operations.
  package static let delivery = "delivery"
  package static let connect = "connect"
  package static let lateness = "generator.lateness"
  /// The p99 of each receiver: how they lie.
  package static let receivers = "receivers.p99"

  /// All, in the order of a report.
  package static let all: [Metric] = {
    var all: [Metric] = []
    for operation in OperationKind.allCases {
      all += [
        Metric(name: "\(operation).count", kind: .count, direction: .neither),
        Metric(name: "\(operation).rate", kind: .rate, direction: .moreIsBetter),
        Metric(name: "\(operation).errors", kind: .count, direction: .lessIsBetter),
        Metric(name: "\(operation).errorRate", kind: .ratio, direction: .lessIsBetter),
      ]
      all += durations(operation.rawValue)
    }
    all += [
      Metric(name: "delivery.count", kind: .count, direction: .neither),
      Metric(name: "delivery.rate", kind: .rate, direction: .moreIsBetter),
      Metric(name: "delivery.resumed", kind: .count, direction: .neither),
    ]
    all += durations(delivery)
    all += ["min", "p50", "p90", "max"].map {
      Metric(name: "\(receivers).\($0)", kind: .duration, direction: .lessIsBetter)
    }
    for name in ["lost", "duplicates", "misordered", "mismatched"] {
      all.append(Metric(name: name, kind: .count, direction: .lessIsBetter))
    }
    all += [
      Metric(name: "connect.count", kind: .count, direction: .neither),
      Metric(name: "connect.errors", kind: .count, direction: .lessIsBetter),
    ]
    all += durations(connect)
    all += [
      Metric(name: "sockets.dropped", kind: .count, direction: .lessIsBetter),
      Metric(name: "sockets.resets", kind: .count, direction: .lessIsBetter),
      Metric(name: "generator.cpu", kind: .ratio, direction: .neither),
      Metric(name: "generator.queued", kind: .count, direction: .lessIsBetter),
    ]
    all += durations(lateness, .neither)
    return all
  }()

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  package static func find(_ name: String) -> Metric? { byName[name] }

  /// What somebody who wrote `name` has probably meant.
  package static func suggestion(for name: String) -> String? {
    if let near = NearestMatch.of(name, in: all.map(\.name)) { return near }
    // Right in its first part, as in delivery.p98.
    let head = name.prefix { $0 != "." }
    let family = all.map(\.name).filter { $0.hasPrefix("\(head).") }
    return family.isEmpty ? nil : family.first { $0.hasSuffix(".p99") } ?? family[0]
  }

  private static func durations(_ family: String, _ direction: Direction = .lessIsBetter) -> [Metric] {
    (["min", "mean"] + percentiles.map(\.name) + ["max"]).map {
      Metric(name: "\(family).\($0)", kind: .duration, direction: direction)
    }
  }
}
