package import Primitives

/// What one chatd remembers of a message's way.
package struct NodeHops: Sendable {
  package struct Delivery: Sendable {
    /// When a gateway has read it from the bus; nil where it was read from the store.
    package var consumed: Timestamp?
    /// When it was written to the sockets of one loop.
    package var delivered: Timestamp
    package var receivers: Int

    package init(consumed: Timestamp?, delivered: Timestamp, receivers: Int) {
      self.consumed = consumed
      self.delivered = delivered
      self.receivers = receivers
    }
  }

  /// Where it was asked.
  package var place: String
  /// When the bus had acknowledged the event.
  package var published: [Timestamp]
  /// Of each loop that has sockets in the room.
  package var deliveries: [Delivery]

  package init(place: String, published: [Timestamp], deliveries: [Delivery]) {
    self.place = place
    self.published = published
    self.deliveries = deliveries
  }
}
