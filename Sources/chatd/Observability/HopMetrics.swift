import Metrics
import Primitives

/// How long a message takes from hop to hop: received -> stored -> published, consumed -> emitted -> delivered.
///
/// Times are wall clocks, for the hops are in different processes; between machines they are as good as their clocks.
struct HopMetrics: Sendable {
  /// Received by the API or a socket, to committed.
  let store: Histogram
  /// Committed, to acknowledged by the bus.
  let publish: Histogram
  /// Committed, to read from the bus by a gateway.
  let consume: Histogram
  /// Read from the bus, to taken by Redis for the room's gateways.
  let emit: Histogram
  /// Emitted, to written to the sockets of one loop.
  let deliver: Histogram
  /// The whole way: received, to written to the sockets of one loop.
  let total: Histogram
  let batch: Histogram
  let consumed: Counter
  /// Single messages of late.
  let recent = RecentHops()

  init(_ owner: MetricOwner) {
    let hops = owner.histogram(
      "chatd_message_hop_seconds", "How long a message took for a hop of its way.", .latency, labels: ["hop"])
    store = hops.with("store")
    publish = hops.with("publish")
    consume = hops.with("consume")
    emit = hops.with("emit")
    deliver = hops.with("deliver")
    total = owner.histogram(
      "chatd_message_delivery_seconds",
      "From a message's being received to its being written to the sockets of a loop.", .latency
    ).with()
    batch = owner.histogram("chatd_writer_batch_messages", "Messages that were committed at once.", .count).with()
    consumed = owner.counter("chatd_bus_consumed_total", "Events that were read from the bus.").with()
  }

  /// Records a hop between two wall clocks; one that went back is no time.
  static func observe(_ histogram: Histogram, _ start: Timestamp, _ end: Timestamp) {
    let microseconds = end.microseconds - start.microseconds
    histogram.observe(microseconds > 0 ? UInt64(microseconds) &* 1000 : 0)
  }
}
