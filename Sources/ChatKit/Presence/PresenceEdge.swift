import JSON
import MessagePack
package import Primitives

/// Somebody came or went: the event `presence.user.changed`. On the bus its key is the user, so that a user's edges stay in
/// order.
package struct PresenceEdge: Equatable, Sendable {
  package static let kind = "presence.user.changed"

  package var user: UUID
  package var isOnline: Bool
  /// Greater than that of the user's earlier edges.
  package var version: Int64
  /// When the user came, or the last lease ended.
  package var at: Timestamp

  package init(user: UUID, isOnline: Bool, version: Int64, at: Timestamp) {
    self.user = user
    self.isOnline = isOnline
    self.version = version
    self.at = at
  }

  package var status: PresenceStatus {
    PresenceStatus(user: user, isOnline: isOnline, lastSeen: isOnline ? nil : at, version: version)
  }

  /// The same edge has the same identifier, whoever publishes it: a version 7 UUID of the version's time and the user.
  package var id: UUID {
    let milliseconds = UInt64(version / 1000)
    return UUID(
      high: milliseconds << 16 | 0x7000 | UInt64(version % 1000), low: user.low & ~(3 << 62) | 2 << 62)
  }

  /// For the bus, in its encoding: `{"id","type","v","at","userId","data"}`, the data as sockets get it.
  package func busEvent(as encoding: EventEncoding) -> BusEvent {
    var json = JSONWriter(reserving: 320)
    json.beginObject()
    json.field("id", id)
    json.field("type", Self.kind)
    json.field("v", 1)
    json.field("at", at)
    json.field("userId", user)
    json.key("data")
    status.write(to: &json)
    json.endObject()
    let payload = json.bytes
    guard encoding == .messagePack, let document = try? JSONDocument(parsing: payload) else {
      return BusEvent(id: id, key: user, payload: payload)
    }
    var writer = MessagePackWriter(reserving: 256)
    EventData.json(document.root).write(to: &writer)
    return BusEvent(id: id, key: user, payload: writer.bytes)
  }

  /// False where `type` stands where our own events have it, and is another: a message need not be read twice.
  private static func mayBeOne(_ json: [UInt8]) -> Bool {
    let prefix: StaticString = "\"type\":\"presence."
    let start = 45
    let count = prefix.utf8CodeUnitCount
    guard json.count > start + count else { return false }
    return json.withUnsafeBytes { bytes in
      bytes[start..<(start + count)].elementsEqual(UnsafeRawBufferPointer(start: prefix.utf8Start, count: count))
    }
  }

  /// Reads the wire form, in either encoding; nil for another event.
  package init?(payload: [UInt8]) {
    let root: JSONValue?
    if payload.first == UInt8(ascii: "{") {
      guard Self.mayBeOne(payload) else { return nil }
      root = try? JSONDocument(parsing: payload).root
    } else {
      root = EventData.messagePack(payload).value
    }
    guard let root, root["type"]?.isString("presence.user.changed") == true, let user = root["userId"]?.uuid,
      let at = root["at"]?.timestamp, let data = root["data"], let version = data["version"]?.int64,
      let status = data["status"]
    else { return nil }
    self.init(user: user, isOnline: status.isString("online"), version: version, at: at)
  }
}
