import ChatKit
import JSON
import MessagePack

/// What another server asks on the adapter's request channel.
struct RoomRequest {
  struct Selection {
    var rooms: [String]
    var except: [String]
  }

  var uid: String
  var kind: AdapterRequest.Kind
  /// Nil where no answer is wanted.
  var requestID: String?
  var selection: Selection
  var rooms: [String]
  /// Of `disconnect`: close the transport too.
  var closes: Bool
  /// Of `broadcast`: the event, and how long its acknowledgements may take.
  var event: RoomEvent?
  var timeout: Duration

  /// Requests are JSON, or MessagePack (a map) where they carry an event. Nil for what is neither, and for events of
  /// other namespaces.
  init?(_ payload: UnsafeRawBufferPointer) {
    var attachments: [[UInt8]] = []
    let document: JSONDocument?
    if payload.first == UInt8(ascii: "{") {
      document = try? JSONDocument(parsing: payload)
    } else {
      var transcoder = MessagePackToJSON(maximumAttachments: 10)
      let json = try? transcoder.transcode(payload)
      attachments = transcoder.attachments
      document = json.flatMap { try? JSONDocument(parsing: $0) }
    }
    guard let root = document?.root, let kind = root["type"]?.int.flatMap({ AdapterRequest.Kind(rawValue: $0) }) else {
      return nil
    }
    self.kind = kind
    uid = root["uid"]?.string ?? ""
    requestID = root["requestId"]?.string
    closes = root["close"]?.bool ?? false
    let options = root["opts"]
    if options == nil, let socket = root["sid"]?.string {
      // Adapters before version 7 name one socket, and one room.
      selection = Selection(rooms: [socket], except: [])
      rooms = root["room"]?.string.map { [$0] } ?? []
    } else {
      // Without any options a request would mean everybody.
      let isOfSockets = kind != .sockets && kind != .allRooms && kind != .serverSideEmit && kind != .leases
      if isOfSockets, options?.kind != .object { return nil }
      selection = Selection(rooms: Self.strings(options?["rooms"]), except: Self.strings(options?["except"]))
      rooms = Self.strings(root["rooms"])
    }
    let milliseconds = options?["flags"]?["timeout"]?.double ?? 5000
    timeout = .milliseconds(Int64(max(1, min(milliseconds, 600_000))))
    if kind == .broadcast {
      guard let packet = root["packet"], let data = packet["data"], data.kind == .array, data.count > 0,
        packet["nsp"]?.string ?? "/" == "/"
      else { return nil }
      event = RoomEvent(json: Array(data.rawBytes), attachments: attachments)
    }
  }

  private static func strings(_ value: JSONValue?) -> [String] {
    guard let array = value?.array else { return [] }
    return array.compactMap(\.string)
  }
}
