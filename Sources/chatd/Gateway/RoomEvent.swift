import ChatKit
import JSON
import SocketIO

/// An event for a room's members, not yet the bytes of a packet: those who can be recovered get the hub's offset at the
/// end of its arguments, the others do not; and some get it in the older names (`PacketSet`).
struct RoomEvent {
  /// `["name",…]`
  let json: [UInt8]
  let attachments: [[UInt8]]

  init(json: [UInt8], attachments: [[UInt8]] = []) {
    self.json = json
    self.attachments = attachments
  }

  /// An event with arguments that are written into the open array.
  init(_ name: String, _ arguments: (inout JSONWriter) -> Void) {
    var json = JSONWriter(reserving: 384)
    json.beginArray()
    json.value(name)
    arguments(&json)
    json.endArray()
    self.init(json: json.bytes)
  }

  /// An entry of a conversation's log, from the store.
  static func entry(_ entry: LogEntry) -> RoomEvent { RoomEvent(entry.eventName) { entry.write(to: &$0) } }

  /// The same in the older names.
  var legacy: RoomEvent {
    Vocabulary.legacy(event: json).map { RoomEvent(json: $0, attachments: attachments) } ?? self
  }

  func packet(in vocabulary: Vocabulary) -> PreparedPacket { vocabulary == .legacy ? legacy.packet() : packet() }

  func packet() -> PreparedPacket { PreparedPacket(eventArray: json, attachments: attachments) }

  /// With one more argument, a string that needs no escaping.
  func packet(offset: [UInt8]) -> PreparedPacket {
    var longer: [UInt8] = []
    longer.reserveCapacity(json.count + offset.count + 3)
    longer.append(contentsOf: json.dropLast())
    longer.append(UInt8(ascii: ","))
    longer.append(UInt8(ascii: "\""))
    longer.append(contentsOf: offset)
    longer.append(UInt8(ascii: "\""))
    longer.append(UInt8(ascii: "]"))
    return PreparedPacket(eventArray: longer, attachments: attachments)
  }
}
