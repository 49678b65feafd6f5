import ChatKit
import JSON
import MessagePack
import Networking
import Primitives
import SocketIO

// What other Socket.IO servers ask of this hub, as the classic Redis adapter (8.x) has it. Each hub is one server in
// their count (PUBSUB NUMSUB of the request channel), so each answers, for its own sockets, even where it has none.

extension Hub {
  func requested(_ payload: UnsafeRawBufferPointer) {
    guard let request = RoomRequest(payload), request.uid != uid else { return }
    switch request.kind {
    case .sockets:
      let selected = select(RoomRequest.Selection(rooms: request.rooms, except: []))
      answer(request) { json in
        json.key("sockets")
        json.beginArray()
        for session in selected { json.value(session.socket.id) }
        json.endArray()
      }
    case .allRooms:
      answer(request) { json in
        json.key("rooms")
        json.beginArray()
        for name in self.roomNames { json.value(name) }
        json.endArray()
      }
    case .join:
      join(select(request.selection), request.rooms)
      answer(request)
    case .leave:
      leave(select(request.selection), request.rooms)
      answer(request)
    case .disconnect:
      for session in select(request.selection) { session.socket.disconnect(close: request.closes) }
      answer(request)
    case .fetch:
      let selected = select(request.selection)
      answer(request) { json in
        json.key("sockets")
        json.beginArray()
        for session in selected { Self.write(session, to: &json) }
        json.endArray()
      }
    case .serverSideEmit:
      // An event for the servers' own programs. There is no listener here, and null is no answer to wait for.
      answer(request, on: AdapterChannel.responses()) { json in
        json.field("type", AdapterRequest.Kind.serverSideEmit.rawValue)
        json.key("data")
        json.null()
      }
    case .broadcast:
      broadcast(request)
    case .leases: tellLeases(request)
    }
  }

  /// In parts, so that neither this loop nor Redis has much to do at once.
  private func tellLeases(_ request: RoomRequest) {
    let held = leases.held
    var start = 0
    repeat {
      let end = min(start + Self.leasesOfPart, held.count)
      answer(request) { json in
        json.field("node", "\(ProcessInformation.host)/\(ProcessInformation.id)")
        json.key("leases")
        json.beginArray()
        for lease in held[start..<end] { json.value(lease.text) }
        json.endArray()
        if end < held.count { json.field("more", true) }
      }
      start = end
    } while start < held.count
  }

  private static let leasesOfPart = 1000

  /// A conversation's room cannot be joined that way: its members are the store's to say.
  private func join(_ sessions: [GatewaySession], _ names: [String]) {
    for name in names where UUID(name) == nil {
      let (room, isNew) = room(named: name, conversation: nil)
      for session in sessions where session.places.count < limits.rooms + Limits.ownRooms {
        room.insert(session)
        recovery?.changed(session)
      }
      if room.isEmpty {
        forgetIfEmpty(room)
      } else if isNew {
        loop.start { [self] in await subscribe([AdapterChannel.room(name)]) }
      }
    }
  }

  private func leave(_ sessions: [GatewaySession], _ names: [String]) {
    for name in names {
      guard let room = existingRoom(name) else { continue }
      for join in room.joins where sessions.contains(where: { $0 === join.session }) { join.isCancelled = true }
      for session in sessions {
        room.remove(session)
        recovery?.changed(session)
      }
      forgetIfEmpty(room)
    }
  }

  /// An event that each client is to acknowledge: says how many there are, then each acknowledgement as it comes.
  private func broadcast(_ request: RoomRequest) {
    guard let event = request.event, request.requestID != nil else { return }
    let selected = select(request.selection)
    answer(request) { json in
      json.field("type", AdapterRequest.clientCount)
      json.field("clientCount", selected.count)
    }
    for session in selected {
      let event = session.vocabulary == .legacy ? event.legacy : event
      session.socket.emit(eventArray: event.json, timeout: request.timeout, attachments: event.attachments) {
        [self] result in
        if case .success(let arguments) = result { acknowledge(request, arguments) }
      }
    }
  }

  private func acknowledge(_ request: RoomRequest, _ arguments: Arguments) {
    var writer = MessagePackWriter()
    writer.mapHeader(3)
    writer.value("type")
    writer.value(AdapterRequest.acknowledgement)
    writer.value("requestId")
    writer.value(request.requestID ?? "")
    writer.value("packet")
    guard let first = arguments.first else {
      writer.null()
      return respond(request, writer.bytes)
    }
    guard (try? JSONToMessagePack.transcode(first, attachments: arguments.attachments, into: &writer)) != nil else {
      return
    }
    respond(request, writer.bytes)
  }

  /// `{"requestId": …, …}` for who asked, where an answer is wanted.
  private func answer(
    _ request: RoomRequest, on channel: String? = nil, _ body: (inout JSONWriter) -> Void = { _ in }
  ) {
    guard let id = request.requestID else { return }
    var json = JSONWriter()
    json.beginObject()
    json.field("requestId", id)
    body(&json)
    json.endObject()
    respond(request, json.bytes, on: channel)
  }

  /// On the asker's own channel: the others have no use for it.
  private func respond(_ request: RoomRequest, _ bytes: [UInt8], on channel: String? = nil) {
    let own = request.uid.isEmpty ? AdapterChannel.responses() : AdapterChannel.responses(to: request.uid)
    publish(bytes, on: channel ?? own)
  }

  /// What `fetchSockets` tells of a socket. Its user is `data`; the handshake has nothing that is secret.
  private static func write(_ session: GatewaySession, to json: inout JSONWriter) {
    let handshake = session.socket.handshake
    json.beginObject()
    json.field("id", session.socket.id)
    json.key("handshake")
    json.beginObject()
    json.key("headers")
    json.beginObject()
    json.endObject()
    json.field("time", handshake.issued)
    json.field("address", handshake.peer?.host ?? "")
    json.field("xdomain", false)
    json.field("secure", handshake.isSecure)
    json.field("issued", handshake.issued.microseconds / 1000)
    json.field("url", "/socket.io/")
    json.key("query")
    json.beginObject()
    json.endObject()
    json.key("auth")
    json.beginObject()
    json.endObject()
    json.endObject()
    json.key("rooms")
    json.beginArray()
    for place in session.places { json.value(place.room.name) }
    json.endArray()
    json.key("data")
    json.beginObject()
    json.field("userId", session.user)
    json.field("username", session.username)
    json.endObject()
    json.endObject()
  }
}
