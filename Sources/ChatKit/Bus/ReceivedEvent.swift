package import JSON
package import Primitives

/// An event as a consumer gets it: read in place, its data not copied.
package struct ReceivedEvent: Sendable {
  package let id: UUID
  package let kind: Event.Kind
  package let conversationId: UUID
  /// Of events that have a place in the conversation's order.
  package let seq: Int64?
  package let epoch: Int64?
  package let trace: TraceContext?
  package let hops: EventHops?
  package let data: JSONValue

  /// Reads the wire form; nil when it is not an event that this version knows.
  package init?(payload: [UInt8]) {
    guard let document = try? JSONDocument(parsing: payload) else { return nil }
    let root = document.root
    guard let id = root["id"]?.uuid, let kind = root["type"]?.string.flatMap(Event.Kind.init(rawValue:)),
      let conversation = root["conversationId"]?.uuid, let data = root["data"]
    else { return nil }
    self.id = id
    self.kind = kind
    conversationId = conversation
    seq = root["seq"]?.int64
    epoch = root["epoch"]?.int64
    trace = root["trace"]?.withUTF8 { TraceContext(utf8: $0) } ?? nil
    if let hops = root["hops"], let received = hops[0]?.int64, let delay = hops[1]?.int64 {
      self.hops = EventHops(
        received: Timestamp(microseconds: received), committed: Timestamp(microseconds: received &+ delay))
    } else {
      hops = nil
    }
    self.data = data
  }
}
