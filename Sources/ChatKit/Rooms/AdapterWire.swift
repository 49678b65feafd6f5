package import JSON
import MessagePack
package import Primitives

/// The Socket.IO Redis adapter's wire (classic, 8.x): how a program says something to rooms, whichever gateway has
/// their members. See docs/ARCHITECTURE.md, "Rooms".
package enum AdapterChannel {
  package static let prefix = "socket.io"

  /// Broadcasts to everybody of the namespace, or to several rooms.
  package static func all(_ namespace: String = "/") -> String { "\(prefix)#\(namespace)#" }
  /// Broadcasts to one room.
  package static func room(_ room: String, _ namespace: String = "/") -> String { "\(prefix)#\(namespace)#\(room)#" }
  /// Answers to requests: to all servers, or to the one that asked.
  package static func responses(_ namespace: String = "/") -> String { "\(prefix)-response#\(namespace)#" }
  package static func responses(to uid: String, _ namespace: String = "/") -> String {
    "\(responses(namespace))\(uid)#"
  }
  package static func requests(_ namespace: String = "/") -> String { "\(prefix)-request#\(namespace)#" }

  /// The room in which all sockets of a user are.
  package static func userRoom(_ user: UUID) -> String { "user:\(user)" }

  /// Not a room that is spoken to: it names a login's sockets in requests.
  package static func sessionRoom(_ session: UUID) -> String { "session:\(session)" }

  /// The session that `sessionRoom` has named.
  package static func session(ofRoom name: String) -> UUID? {
    name.hasPrefix("session:") ? UUID(String(name.dropFirst(8))) : nil
  }
}

/// `[uid, {type: 2, data: [event, …], nsp}, {rooms, except, flags}]` in MessagePack.
package enum AdapterBroadcast {
  /// Encodes an event with one argument.
  ///
  /// `seq` and `epoch` go into the flags, where other programs ignore them: gateways put a room's messages in order by
  /// the one, and know by the other that somebody was removed, without looking into the packet.
  package static func encode(
    uid: String, event: String, argument: EventData, rooms: [String], except: [String] = [], seq: Int64? = nil,
    epoch: Int64? = nil, origin: EmissionOrigin? = nil, namespace: String = "/"
  ) -> [UInt8] {
    var writer = MessagePackWriter(reserving: 640)
    writer.arrayHeader(3)
    writer.value(uid)
    writer.mapHeader(3)
    writer.value("type")
    writer.value(2)
    writer.value("data")
    writer.arrayHeader(2)
    writer.value(event)
    argument.write(to: &writer)
    writer.value("nsp")
    writer.value(namespace)
    writer.mapHeader(3)
    writer.value("rooms")
    writer.arrayHeader(rooms.count)
    for room in rooms { writer.value(room) }
    writer.value("except")
    writer.arrayHeader(except.count)
    for room in except { writer.value(room) }
    writer.value("flags")
    let origins = origin.map { 1 + ($0.received == nil ? 0 : 1) + ($0.trace == nil ? 0 : 1) } ?? 0
    writer.mapHeader((seq == nil ? 0 : 1) + (epoch == nil ? 0 : 1) + origins)
    if let seq {
      writer.value("seq")
      writer.value(seq)
    }
    if let epoch {
      writer.value("epoch")
      writer.value(epoch)
    }
    if let origin { write(origin, to: &writer) }
    return writer.bytes
  }

  private static func write(_ origin: EmissionOrigin, to writer: inout MessagePackWriter) {
    writer.value("emitted")
    writer.value(origin.emitted.microseconds)
    if let received = origin.received {
      writer.value("received")
      writer.value(received.microseconds)
    }
    if let trace = origin.trace {
      writer.value("trace")
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TraceContext.length) { out in
        guard let base = out.baseAddress else { return }
        trace.write(into: base)
        writer.value(utf8: UnsafeRawBufferPointer(out))
      }
    }
  }

  /// The namespace of notices: no server has it, so only gateways heed them.
  package static let noticeNamespace: StaticString = "#chatd"

  /// No event: tells gateways that somebody was removed from the conversation whose room it is, in `epoch`.
  package static func notice(uid: String, room: String, epoch: Int64) -> [UInt8] {
    encode(uid: uid, event: "epoch", rooms: [room], epoch: epoch, namespace: noticeNamespace.description) { $0.null() }
  }

  /// The same with an argument that is written as JSON.
  package static func encode(
    uid: String, event: String, rooms: [String], except: [String] = [], epoch: Int64? = nil,
    namespace: String = "/", _ argument: (inout JSONWriter) -> Void
  ) -> [UInt8] {
    var json = JSONWriter()
    argument(&json)
    guard let document = json.withBytes({ try? JSONDocument(parsing: $0) }) else { return [] }
    return encode(
      uid: uid, event: event, argument: .json(document.root), rooms: rooms, except: except, epoch: epoch,
      namespace: namespace)
  }
}

/// What servers ask of each other on the request channel, in JSON.
package enum AdapterRequest {
  package enum Kind: Int, Sendable {
    case sockets = 0
    case allRooms = 1
    case join = 2
    case leave = 3
    case disconnect = 4
    case fetch = 5
    case serverSideEmit = 6
    case broadcast = 7
    /// Our own, which others ignore: which leases of presence their sockets hold.
    case leases = 100
  }

  /// Has all servers close the connections of the sockets in any of the rooms.
  package static func disconnect(_ rooms: [String], uid: String) -> [UInt8] {
    select(.disconnect, rooms, uid: uid) { $0.field("close", true) }
  }

  /// A request that concerns the sockets in any of the rooms.
  /// - Parameter requestID: where answers are wanted.
  package static func select(
    _ kind: Kind, _ rooms: [String], uid: String, requestID: String? = nil,
    _ more: (inout JSONWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("uid", uid)
    if let requestID { json.field("requestId", requestID) }
    json.field("type", kind.rawValue)
    json.key("opts")
    json.beginObject()
    json.key("rooms")
    json.beginArray()
    for room in rooms { json.value(room) }
    json.endArray()
    json.key("except")
    json.beginArray()
    json.endArray()
    json.endObject()
    more(&json)
    json.endObject()
    return json.bytes
  }

  /// Answers to a `broadcast`, told apart by their type.
  package static let clientCount = 8
  package static let acknowledgement = 9
}
