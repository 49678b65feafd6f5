import Primitives

extension LoadReport {
  /// What there is to say to people beside the table: faults, errors, thresholds, and whether to believe it.
  package var words: [String] {
    var lines: [String] = []
    if faults.isNone {
      lines.append("each of \(answered.grouped) messages that were answered reached every member once, in order")
    } else {
      lines.append(
        "\(faults.lost.grouped) deliveries lost, \(faults.duplicates.grouped) repeated, "
          + "\(faults.misordered.grouped) out of order, \(faults.mismatched.grouped) of another message")
      lines += findings.prefix(5)
    }
    lines += errors.prefix(10).map { "\($0.count.grouped) × \($0.what)" }
    for verdict in verdicts where !verdict.holds || !LoadScenario.invariants.contains(verdict.threshold.description) {
      let kind = MetricName.find(verdict.threshold.metric)?.kind ?? .count
      let found = verdict.value.map { Figures.text($0, kind) } ?? "not measured"
      lines.append("\(verdict.holds ? "holds" : "CROSSED"): \(verdict.threshold) (\(found))")
    }
    if let bottleneck {
      lines.append("the generator was the bottleneck: \(bottleneck); the latencies are its own, not chatd's")
    }
    return lines
  }
}

extension LoadRun {
  /// How it goes, in one line.
  package var line: String {
    guard let point = recorder.timeline.points.last else {
      return "load  \(phase.rawValue)  \(connectedUsers.grouped)/\(users.count.grouped) sockets"
    }
    let parts = [
      "load  \(phase.rawValue)", "\(Int(point.time)) s of \(Int(Double(scenario.schedule.duration) / 1e9))",
      "\(Int(point.sends.rounded()).grouped) sends/s", "\(Int(point.deliveries.rounded()).grouped) deliveries/s",
      "p50 \(Figures.duration(point.deliveryP50))", "p99 \(Figures.duration(point.deliveryP99))",
      "due \(verifier.outstanding.grouped)", "errors \(recorder.errors.values.reduce(0, +).grouped)",
      "late \(Figures.duration(point.lateness))",
    ]
    return parts.joined(separator: "  ")
  }
}
