/// How metrics are written.
package enum ExpositionFormat: Sendable {
  /// Prometheus' text format 0.0.4.
  case prometheus
  /// OpenMetrics 1.0.
  case openMetrics

  /// What the field `Accept` asks for: OpenMetrics where it is named with a greater weight than anything that the older
  /// format would satisfy, else the older one.
  package init(accept: String?) {
    var openMetrics = 0.0
    var text = 0.0
    for part in (accept ?? "").utf8.split(separator: UInt8(ascii: ",")) {
      var pieces = part.split(separator: UInt8(ascii: ";")).map { String(Substring($0)).filter { $0 != " " } }
      guard !pieces.isEmpty else { continue }
      let type = pieces.removeFirst().lowercased()
      let weight = pieces.first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      switch type {
      case "application/openmetrics-text": openMetrics = max(openMetrics, weight)
      case "text/plain", "text/*", "*/*": text = max(text, weight)
      default: break
      }
    }
    self = openMetrics > 0 && openMetrics >= text ? .openMetrics : .prometheus
  }

  package var contentType: String {
    switch self {
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }
}
