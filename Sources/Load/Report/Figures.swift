import Primitives

/// The figures of a run by their names.
package struct Figures {
  private(set) var values: [String: Double] = [:]
  private(set) var receivers: [LoadReport.Receiver] = []
  private(set) var distributions: [LoadReport.Distribution] = []

  init(_ run: LoadRun) {
    let recorder = run.recorder
    let seconds = run.measuredSeconds
    for kind in OperationKind.allCases {
      guard let operation = recorder.operations[kind] else { continue }
      values["\(kind).count"] = Double(operation.count)
      values["\(kind).rate"] = seconds > 0 ? Double(operation.count - operation.errors) / seconds : 0
      values["\(kind).errors"] = Double(operation.errors)
      values["\(kind).errorRate"] = Double(operation.errors) / Double(max(1, operation.count))
      add(kind.rawValue, operation.latencies)
    }
    values["delivery.count"] = Double(recorder.deliveries.count)
    values["delivery.rate"] = seconds > 0 ? Double(recorder.deliveries.count) / seconds : 0
    values["delivery.resumed"] = Double(recorder.resumed)
    add(MetricName.delivery, recorder.deliveries)
    values["lost"] = Double(run.verifier.faults.lost)
    values["duplicates"] = Double(run.verifier.faults.duplicates)
    values["misordered"] = Double(run.verifier.faults.misordered)
    values["mismatched"] = Double(run.verifier.faults.mismatched)
    values["connect.count"] = Double(recorder.connects.count)
    values["connect.errors"] = Double(recorder.connectErrors)
    add(MetricName.connect, recorder.connects)
    values["sockets.dropped"] = Double(run.dropped)
    values["sockets.resets"] = Double(run.resets)
    values["generator.cpu"] = run.cpu
    values["generator.queued"] = Double(run.gate.queued)
    add(MetricName.lateness, recorder.lateness)
    addReceivers(run.users)
  }

  private mutating func add(_ family: String, _ latencies: LatencyHistogram) {
    guard !latencies.isEmpty else { return }
    values["\(family).min"] = Double(latencies.minimum) / 1e9
    values["\(family).mean"] = Double(latencies.mean) / 1e9
    for (name, fraction) in MetricName.percentiles {
      values["\(family).\(name)"] = Double(latencies.percentile(fraction)) / 1e9
    }
    values["\(family).max"] = Double(latencies.maximum) / 1e9
    distributions.append(
      LoadReport.Distribution(
        name: family, buckets: latencies.buckets.map { (Double($0.edge) / 1e9, $0.count) }))
  }

  private mutating func addReceivers(_ users: [LoadUser]) {
    receivers = users.filter { !$0.latencies.isEmpty }.map { user in
      LoadReport.Receiver(
        name: user.person.name, count: user.latencies.count, p50: Double(user.latencies.percentile(0.5)) / 1e9,
        p99: Double(user.latencies.percentile(0.99)) / 1e9, max: Double(user.latencies.maximum) / 1e9)
    }
    let sorted = receivers.map(\.p99).sorted()
    guard let least = sorted.first, let most = sorted.last else { return }
    values["\(MetricName.receivers).min"] = least
    values["\(MetricName.receivers).p50"] = sorted[sorted.count / 2]
    values["\(MetricName.receivers).p90"] = sorted[min(sorted.count - 1, sorted.count * 9 / 10)]
    values["\(MetricName.receivers).max"] = most
  }

  // MARK: For people

  /// A figure with its unit: `12.3 ms`, `1,000`, `998/s`, `0.1 %`.
  package static func text(_ value: Double, _ kind: MetricName.Kind) -> String {
    switch kind {
    case .duration: duration(value)
    case .count: Int(value.rounded()).grouped
    case .rate: "\(value < 100 ? digits(value) : Int(value.rounded()).grouped)/s"
    case .ratio: "\(digits(value * 100)) %"
    }
  }

  package static func duration(_ seconds: Double) -> String {
    switch seconds {
    case 0: "0"
    case ..<0.001: "\(digits(seconds * 1e6)) µs"
    case ..<1: "\(digits(seconds * 1e3)) ms"
    case ..<120: "\(digits(seconds)) s"
    default: "\(digits(seconds / 60)) min"
    }
  }

  /// Three significant digits.
  package static func digits(_ value: Double) -> String {
    let places = value.magnitude >= 100 ? 0 : value.magnitude >= 10 ? 1 : 2
    let scale = [1.0, 10, 100][places]
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
