import JSON
import MessagePack
package import Primitives

/// An event as a consumer gets it: read in place, its data not copied.
package struct ReceivedEvent: Sendable {
  package let id: UUID
  package let kind: Event.Kind
  package let conversationId: UUID
  package let at: Timestamp?
  /// Of events that have a place in the conversation's order.
  package let seq: Int64?
  package let epoch: Int64?
  package let trace: TraceContext?
  package let hops: EventHops?
  package let data: EventData

  /// Reads the wire form, in either encoding; nil when it is not an event that this version knows.
  package init?(payload: [UInt8]) {
    let event = payload.first == UInt8(ascii: "{") ? Self(json: payload) : Self(messagePack: payload)
    guard let event else { return nil }
    self = event
  }

  private init?(json payload: [UInt8]) {
    guard let document = try? JSONDocument(parsing: payload) else { return nil }
    let root = document.root
    guard let id = root["id"]?.uuid, let kind = root["type"]?.string.flatMap(Event.Kind.init(rawValue:)),
      let conversation = root["conversationId"]?.uuid, let data = root["data"]
    else { return nil }
    self.id = id
    self.kind = kind
    conversationId = conversation
    at = root["at"]?.timestamp
    seq = root["seq"]?.int64
    epoch = root["epoch"]?.int64
    trace = root["trace"]?.withUTF8 { TraceContext(utf8: $0) } ?? nil
    if let hops = root["hops"], let received = hops[0]?.int64, let delay = hops[1]?.int64 {
      self.hops = EventHops(
        received: Timestamp(microseconds: received), committed: Timestamp(microseconds: received &+ delay))
    } else {
      hops = nil
    }
    self.data = .json(data)
  }

  private init?(messagePack payload: [UInt8]) {
    var id: UUID?
    var kind: Event.Kind?
    var conversation: UUID?
    var at: Timestamp?
    var seq: Int64?
    var epoch: Int64?
    var trace: TraceContext?
    var hops: EventHops?
    var data: [UInt8]?
    let isWhole: Void? = try? payload.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      for _ in 0..<(try reader.readMapHeader()) {
        if reader.readString("id") {
          id = UUID(utf8: try reader.readString())
        } else if reader.readString("type") {
          kind = Event.Kind(rawValue: String(decoding: try reader.readString(), as: UTF8.self))
        } else if reader.readString("conversationId") {
          conversation = UUID(utf8: try reader.readString())
        } else if reader.readString("at") {
          at = Timestamp(rfc3339: try reader.readString())
        } else if reader.readString("seq") {
          seq = try reader.readInt64()
        } else if reader.readString("epoch") {
          epoch = try reader.readInt64()
        } else if reader.readString("trace") {
          trace = TraceContext(utf8: try reader.readString())
        } else if reader.readString("hops") {
          hops = try Self.readHops(&reader)
        } else if reader.readString("data") {
          data = Array(try reader.readRaw())
        } else {
          try reader.skip()
          try reader.skip()
        }
      }
      try reader.finish()
    }
    guard isWhole != nil, let id, let kind, let conversation, let data else { return nil }
    self.id = id
    self.kind = kind
    conversationId = conversation
    self.at = at
    self.seq = seq
    self.epoch = epoch
    self.trace = trace
    self.hops = hops
    self.data = .messagePack(data)
  }

  private static func readHops(_ reader: inout MessagePackReader) throws -> EventHops? {
    let count = try reader.readArrayHeader()
    guard count == 2 else {
      for _ in 0..<count { try reader.skip() }
      return nil
    }
    let received = try reader.readInt64()
    let delay = try reader.readInt64()
    return EventHops(
      received: Timestamp(microseconds: received), committed: Timestamp(microseconds: received &+ delay))
  }
}
