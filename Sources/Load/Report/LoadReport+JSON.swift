package import JSON
import Primitives

extension LoadReport {
  package static let kind = "LoadReport"

  /// The report for programs, and for `load compare`. Times are seconds. Fields may be added; none is renamed or removed.
  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("apiVersion", "chatd/v1")
    json.field("kind", Self.kind)
    json.key("run")
    json.beginObject()
    json.field("scenario", origin.scenario)
    json.field("id", origin.run)
    json.field("url", origin.url)
    json.field("host", origin.host)
    json.field("version", origin.version)
    json.field("startedAt", origin.startedAt)
    json.field("interrupted", origin.isInterrupted)
    json.field("seconds", Self.rounded(seconds))
    json.field("users", users)
    json.field("rooms", rooms)
    json.endObject()
    json.field("ok", isGood)
    json.field("bottleneck", bottleneck)
    json.key("metrics")
    json.beginObject()
    for metric in MetricName.all {
      guard let value = metrics[metric.name] else { continue }
      json.key(metric.name)
      json.value(Self.rounded(value))
    }
    json.endObject()
    json.key("thresholds")
    json.beginArray()
    for verdict in verdicts {
      json.beginObject()
      json.field("threshold", verdict.threshold.description)
      json.field("metric", verdict.threshold.metric)
      json.field("value", verdict.value.map(Self.rounded))
      json.field("ok", verdict.holds)
      json.endObject()
    }
    json.endArray()
    writeVerification(to: &json)
    writeDetails(to: &json)
    json.field("file", origin.text)
    json.endObject()
  }

  private func writeVerification(to json: inout JSONWriter) {
    json.key("verification")
    json.beginObject()
    json.field("answered", answered)
    json.field("lost", faults.lost)
    json.field("duplicates", faults.duplicates)
    json.field("misordered", faults.misordered)
    json.field("mismatched", faults.mismatched)
    json.field("findings", findings)
    json.endObject()
    json.key("errors")
    json.beginArray()
    for error in errors {
      json.beginObject()
      json.field("what", error.what)
      json.field("count", error.count)
      json.endObject()
    }
    json.endArray()
  }

  private func writeDetails(to json: inout JSONWriter) {
    json.key("slowestReceivers")
    json.beginArray()
    for receiver in slowest {
      json.beginObject()
      json.field("user", receiver.name)
      json.field("count", receiver.count)
      json.field("p50", Self.rounded(receiver.p50))
      json.field("p99", Self.rounded(receiver.p99))
      json.field("max", Self.rounded(receiver.max))
      json.endObject()
    }
    json.endArray()
    json.key("distributions")
    json.beginObject()
    for distribution in distributions {
      json.key(distribution.name)
      json.beginArray()
      for bucket in distribution.buckets { json.value([Self.rounded(bucket.edge), Double(bucket.count)]) }
      json.endArray()
    }
    json.endObject()
    json.key("timeline")
    json.beginObject()
    json.field("columns", Timeline.columns.map(\.name))
    json.key("rows")
    json.beginArray()
    for point in timeline.points { json.value(Timeline.columns.map { Self.rounded(point[keyPath: $0.path]) }) }
    json.endArray()
    json.endObject()
  }

  /// Microseconds are exact enough.
  private static func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
}
