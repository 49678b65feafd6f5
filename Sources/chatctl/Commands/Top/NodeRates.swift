import Metrics

/// How a node fares, from two readings.
struct NodeRates {
  /// Of a core: all threads, and the busiest loop.
  var cpu: Double?
  var busiestLoop: Double?
  /// Bytes.
  var memory: Double?
  var sockets: Double?
  /// In a second.
  var requests: Double?
  var messages: Double?
  var deliveries: Double?
  var errors: Double?
  /// Seconds; nil where nothing came.
  var requestP99: Double?
  var deliveryP99: Double?
  var loopLagP99: Double?
  /// Events that a group has not read, the worst one.
  var lag: Double?
  /// Of the oldest event in the outbox, in seconds.
  var outboxAge: Double?
  var deadLetters: Double?

  init(_ before: NodeReading, _ after: NodeReading) {
    let seconds = Double(after.time &- before.time) / 1e9
    func rate(_ name: String) -> Double? {
      guard seconds > 0, let now = after.metrics.sum(name) else { return nil }
      // A counter that has fallen began anew: the process did.
      let change = now - (before.metrics.sum(name) ?? 0)
      return (change < 0 ? now : change) / seconds
    }
    func p99(_ name: String) -> Double? {
      ExpositionReader.quantile(0.99, before.metrics.buckets(name), after.metrics.buckets(name))
    }
    cpu = rate("process_cpu_seconds_total")
    busiestLoop = after.metrics.samples("chatd_loop_busy_seconds_total").compactMap { sample -> Double? in
      guard seconds > 0, let now = after.metrics.sum("chatd_loop_busy_seconds_total", where: sample.labels) else {
        return nil
      }
      let earlier = before.metrics.sum("chatd_loop_busy_seconds_total", where: sample.labels) ?? 0
      return max(0, now - earlier) / seconds
    }.max()
    memory = after.metrics.sum("process_resident_memory_bytes")
    sockets = after.metrics.sum("chatd_sockets")
    requests = rate("chatd_http_requests_total")
    messages = rate("chatd_messages_stored_total")
    deliveries = rate("chatd_messages_delivered_total")
    errors = rate("chatd_errors_total")
    requestP99 = p99("chatd_http_request_duration_seconds")
    deliveryP99 = p99("chatd_message_delivery_seconds")
    loopLagP99 = p99("chatd_loop_lag_seconds")
    lag = after.metrics.samples("chatd_bus_lag_events").map(\.value).max()
    outboxAge = after.metrics.sum("chatd_outbox_oldest_age_seconds")
    deadLetters = after.metrics.sum("chatd_dead_letters")
  }
}
