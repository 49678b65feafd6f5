package import Primitives

/// When an event passed the stations before the bus, by the clock of the machine that it came from.
package struct EventHops: Sendable, Equatable {
  /// What caused it had been read.
  package var received: Timestamp
  /// Its transaction was known to be committed.
  package var committed: Timestamp

  package init(received: Timestamp, committed: Timestamp) {
    self.received = received
    self.committed = committed
  }
}
