// Trace: the way of one message, from the request to those who have it, told afterwards.
//
// Pattern. `MessageTracer` asks the store, the bus and the groups, and makes a `MessageTrace`: hops in their order, each with its
// time where anything has kept it. It changes nothing.
//
// What can be told. The store has when a message was accepted, what waits in the outbox, what the inbox worker has done and when, and
// whose cursors have passed it (reading with its time). The event on the bus bears when the request was read and when its
// transaction was committed, and the bus when it got it. When the bus acknowledged it, a gateway has read it, and a hub has written it
// to its sockets the processes remember for a while, in memory (`NodeHops`): who can reach their admin listeners has these times
// too. Else the groups' places say only that they have passed it.

package import Primitives

/// A station of a message's way.
package struct TraceHop: Sendable, Equatable {
  package enum State: String, Sendable {
    case done
    /// Not yet.
    case waiting
    case failed
    /// Nothing keeps it, or not any more.
    case unknown
  }

  package var name: String
  package var state: State
  /// Nil where nothing has kept it.
  package var at: Timestamp?
  package var detail: String

  package init(_ name: String, _ state: State, at: Timestamp? = nil, _ detail: String) {
    self.name = name
    self.state = state
    self.at = at
    self.detail = detail
  }
}

/// The way of one message.
package struct MessageTrace: Sendable {
  package var message: UUID
  package var conversation: UUID
  package var seq: Int64
  package var sender: String
  /// The trace that its event bore, for logs.
  package var context: TraceContext?
  package var hops: [TraceHop]

  /// Whether it has come to where it should; false while it waits somewhere, or has failed.
  package var isComplete: Bool { !hops.contains { $0.state == .waiting || $0.state == .failed } }
}
