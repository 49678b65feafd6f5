import ChatKit
import JSON

/// How `chatctl check` says what it has found.
enum CheckFormat: String, CaseIterable, Sendable {
  /// As monitoring plugins do: a line with the worst, perfdata behind a bar, and a line for each.
  case nagios
  case json
  /// Prometheus' text format.
  case prometheus

  func text(_ findings: [HealthFinding]) -> String {
    switch self {
    case .nagios: Self.nagios(findings)
    case .json: Self.json(findings)
    case .prometheus: Self.prometheus(findings)
    }
  }

  static func worst(_ findings: [HealthFinding]) -> HealthFinding.Status {
    findings.reduce(.ok) { $0.worse($1.status) }
  }

  private static func nagios(_ findings: [HealthFinding]) -> String {
    let bad = findings.filter { $0.status != .ok }
    let summary =
      bad.isEmpty
      ? findings.count == 1 ? findings[0].summary : "\(findings.count) checks are fine"
      : bad.sorted { $0.status.worse($1.status) == $0.status && $0.status != $1.status }
        .map { "\($0.name): \($0.summary)" }.joined(separator: "; ")
    let metrics = findings.flatMap { finding in finding.metrics.map { perfdata(finding.name, $0) } }
    // A bar begins the perfdata, wherever it stands.
    var text = "CHATD \(worst(findings).name) - \(clean(summary))"
    if !metrics.isEmpty { text += " | \(metrics.joined(separator: " "))" }
    text += "\n"
    guard findings.count > 1 else { return text }
    for finding in findings {
      text += "[\(finding.status.name)] \(finding.name): \(clean(finding.summary))\n"
    }
    return text
  }

  private static func clean(_ text: String) -> String {
    CellText.printable(String(text.map { $0 == "|" ? "/" : $0 }))
  }

  /// `'label'=value[unit];[warn];[crit]`.
  private static func perfdata(_ check: String, _ metric: HealthFinding.Metric) -> String {
    var text = "'\(check).\(metric.name)'=\(number(metric.value))\(metric.unit)"
    if metric.warning != nil || metric.critical != nil {
      text += ";\(metric.warning.map(number) ?? "");\(metric.critical.map(number) ?? "")"
    }
    return text
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\((value * 1e6).rounded() / 1e6)"
  }

  private static func json(_ findings: [HealthFinding]) -> String {
    var json = JSONWriter(reserving: 2048)
    json.beginObject()
    json.field("status", worst(findings).name)
    json.field("code", worst(findings).rawValue)
    json.key("checks")
    json.beginArray()
    for finding in findings {
      json.beginObject()
      json.field("name", finding.name)
      json.field("status", finding.status.name)
      json.field("summary", finding.summary)
      if let fix = finding.fix { json.field("fix", fix) }
      json.key("metrics")
      json.beginArray()
      for metric in finding.metrics {
        json.beginObject()
        json.field("name", metric.name)
        json.key("value")
        json.value((metric.value * 1e6).rounded() / 1e6)
        if !metric.unit.isEmpty { json.field("unit", metric.unit) }
        if let warning = metric.warning {
          json.key("warning")
          json.value(warning)
        }
        if let critical = metric.critical {
          json.key("critical")
          json.value(critical)
        }
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return String(decoding: json.bytes, as: UTF8.self) + "\n"
  }

  private static func prometheus(_ findings: [HealthFinding]) -> String {
    var text =
      "# HELP chatctl_check_status 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n# TYPE chatctl_check_status gauge\n"
    for finding in findings {
      text += "chatctl_check_status{check=\"\(finding.name)\"} \(finding.status.rawValue)\n"
    }
    text += "# HELP chatctl_check_value What a check has measured.\n# TYPE chatctl_check_value gauge\n"
    for finding in findings {
      for metric in finding.metrics {
        text += "chatctl_check_value{check=\"\(finding.name)\",metric=\"\(metric.name)\",unit=\"\(metric.unit)\"} "
        text += "\(number(metric.value))\n"
      }
    }
    return text
  }
}
