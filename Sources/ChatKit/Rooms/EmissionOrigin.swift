package import Primitives

/// Where an emission comes from, for those who measure its way: goes along in the packet's flags.
package struct EmissionOrigin: Sendable {
  package var trace: TraceContext?
  /// When what caused it was received.
  package var received: Timestamp?
  /// When it was given to Redis.
  package var emitted: Timestamp

  package init(trace: TraceContext?, received: Timestamp?, emitted: Timestamp) {
    self.trace = trace
    self.received = received
    self.emitted = emitted
  }
}
