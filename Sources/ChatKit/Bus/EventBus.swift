package import Primitives

/// An event on its way over the bus.
package struct BusEvent: Sendable {
  /// The event's own identifier; consumers use it to do things once.
  package var id: UUID
  /// Events of one key stay in order: the conversation.
  package var key: UUID
  /// The event (`Event`), as JSON or MessagePack.
  package var payload: [UInt8]
  /// When its transaction was known to be committed, where this process did that.
  package var committed: Timestamp?

  package init(id: UUID, key: UUID, payload: [UInt8], committed: Timestamp? = nil) {
    self.id = id
    self.key = key
    self.payload = payload
    self.committed = committed
  }
}

/// Why the bus did not take, or give, events. Always worth another try: the outbox keeps what was not acknowledged.
package struct BusError: Error, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}

/// What carries events from those who commit to those who react: Redis Streams, or Kafka.
///
/// At least once, in the order of each key, spread over the members of a group. A consumer's records are acknowledged
/// after its handler has returned; a handler that throws is given the same records again, and nothing behind them.
package protocol EventBus: AnyObject, Sendable {
  /// Makes what the bus needs, where it is not there yet: a topic. To be called before `subscribe`; again and again is no
  /// harm, from several processes neither.
  func prepare() async throws

  /// Publishes in order; returns when the bus has acknowledged all of them. Throws `BusError` when it is not sure of
  /// all: publishing again is safe, for consumers know an event by its id.
  func publish(_ events: [BusEvent]) async throws

  /// Throws when the bus cannot be reached now; for those who ask whether the process is ready.
  func check() async throws

  /// How many events `group` has not read yet; nil where that cannot be told.
  func backlog(of group: String) async throws -> Int?

  /// Consumes as a member of `group` until the returned subscription is closed.
  func subscribe(group: String, handler: @escaping @Sendable ([[UInt8]]) async throws -> Void) -> any BusSubscription

  /// Ends what publishes. Subscriptions are closed by their owners, before.
  func close() async
}

extension EventBus {
  package func prepare() async throws {}
  package func close() async {}
}

/// A bus that cannot tell says so.
extension EventBus {
  package func check() async throws {}
  package func backlog(of group: String) async throws -> Int? { nil }
}

/// A member of a consumer group.
package protocol BusSubscription: AnyObject, Sendable {
  /// Finishes what is in the handler, acknowledges it, and leaves the group.
  func close() async
}
