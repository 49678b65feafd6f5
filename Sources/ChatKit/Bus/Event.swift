import JSON
import MessagePack
package import Primitives

/// What happened, as it goes over the bus:
/// `{"id","type","v","at","conversationId","seq","epoch","trace","hops","data"}`.
package struct Event: Sendable {
  package enum Kind: String, Sendable {
    case messageCreated = "message.created"
    case messageUpdated = "message.updated"
    case messageDeleted = "message.deleted"
    case reactionChanged = "reaction.changed"
    case messageRead = "message.read"
    case messageDelivered = "message.delivered"
    case conversationChanged = "conversation.changed"
    case participantChanged = "participant.changed"
    case callChanged = "call.changed"
  }

  package var id: UUID
  package var kind: Kind
  package var at: Timestamp
  package var conversationId: UUID
  /// Of events that have a place in the conversation's order.
  package var seq: Int64?
  /// The conversation's epoch when it happened: who was removed before must not have it.
  package var epoch: Int64?
  /// The JSON value of `data`.
  package var data: [UInt8]
  /// The trace that it belongs to. Neither this nor `hops` is in the outbox: what the relay publishes has none.
  package var trace: TraceContext?
  package var hops: EventHops?

  package init(
    id: UUID = .v7(), kind: Kind, at: Timestamp, conversationId: UUID, seq: Int64? = nil, epoch: Int64? = nil,
    data: [UInt8], trace: TraceContext? = nil, hops: EventHops? = nil
  ) {
    self.id = id
    self.kind = kind
    self.at = at
    self.conversationId = conversationId
    self.seq = seq
    self.epoch = epoch
    self.data = data
    self.trace = trace
    self.hops = hops
  }

  package static func messageCreated(
    _ id: UUID, _ message: Message, epoch: Int64, trace: TraceContext? = nil, hops: EventHops? = nil
  ) -> Event {
    .entry(id, LogEntry(message), epoch: epoch, trace: trace, hops: hops)
  }

  /// An entry of a conversation's log; the body of an encrypted one goes over the bus as it is stored. Receivers see its trace
  /// when it is one that is kept.
  package static func entry(
    _ id: UUID, _ entry: LogEntry, epoch: Int64, trace: TraceContext? = nil, hops: EventHops? = nil
  ) -> Event {
    var json = JSONWriter(reserving: 416)
    entry.write(to: &json, trace: trace?.isSampled == true ? trace : nil, isSealed: true)
    return Event(
      id: id, kind: entry.kind, at: entry.at, conversationId: entry.message.conversationId, seq: entry.seq,
      epoch: epoch, data: json.bytes, trace: trace, hops: hops)
  }

  /// For the bus, in its encoding.
  package func busEvent(as encoding: EventEncoding) -> BusEvent {
    encoding == .json ? busEvent : BusEvent(id: id, key: conversationId, payload: packed, committed: hops?.committed)
  }

  /// The same in MessagePack: the same keys, and identifiers and times as strings.
  private var packed: [UInt8] {
    var writer = MessagePackWriter(reserving: data.count + 192)
    writer.mapHeader(
      6 + (seq == nil ? 0 : 1) + (epoch == nil ? 0 : 1) + (trace == nil ? 0 : 1) + (hops == nil ? 0 : 1))
    writer.value("id")
    writer.value(id)
    writer.value("type")
    writer.value(kind.rawValue)
    writer.value("v")
    writer.value(1)
    writer.value("at")
    writer.value(at.description)
    writer.value("conversationId")
    writer.value(conversationId)
    if let seq {
      writer.value("seq")
      writer.value(seq)
    }
    if let epoch {
      writer.value("epoch")
      writer.value(epoch)
    }
    if let trace {
      writer.value("trace")
      writer.value(trace.description)
    }
    if let hops {
      writer.value("hops")
      writer.arrayHeader(2)
      writer.value(hops.received.microseconds)
      writer.value(hops.committed.microseconds - hops.received.microseconds)
    }
    writer.value("data")
    let document = try? JSONDocument(parsing: data)
    if let root = document?.root {
      EventData.json(root).write(to: &writer)
    } else {
      writer.null()
    }
    return writer.bytes
  }

  /// The wire form, as JSON.
  package var busEvent: BusEvent {
    var json = JSONWriter(reserving: data.count + 344)
    json.beginObject()
    json.field("id", id)
    json.field("type", kind.rawValue)
    json.field("v", 1)
    json.field("at", at)
    json.field("conversationId", conversationId)
    if let seq { json.field("seq", seq) }
    if let epoch { json.field("epoch", epoch) }
    if let trace { json.field("trace", trace) }
    if let hops {
      // Microseconds since 1970, and from there.
      json.key("hops")
      json.beginArray()
      json.value(hops.received.microseconds)
      json.value(hops.committed.microseconds - hops.received.microseconds)
      json.endArray()
    }
    json.key("data")
    json.raw(data)
    json.endObject()
    return BusEvent(id: id, key: conversationId, payload: json.bytes, committed: hops?.committed)
  }
}
