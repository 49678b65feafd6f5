package import JSON
import Primitives

/// The data of a `call.changed` event: what has changed, the call after it, and who is to be told.
package enum CallChange {
  static func event(_ call: Call, _ changes: [Call.Change], audience: [UUID], at time: Timestamp) -> Event {
    var json = JSONWriter(reserving: 1024)
    json.beginObject()
    json.key("changes")
    json.beginArray()
    for change in changes {
      json.beginObject()
      json.field("change", change.kind.rawValue)
      json.key("userIds")
      write(change.users, to: &json)
      json.endObject()
    }
    json.endArray()
    json.key("audience")
    write(audience, to: &json)
    json.key("call")
    call.write(to: &json)
    json.endObject()
    return Event(kind: .callChanged, at: time, conversationId: call.conversation, data: json.bytes)
  }

  private static func write(_ users: [UUID], to json: inout JSONWriter) {
    json.beginArray()
    for user in users { json.value(user) }
    json.endArray()
  }

  /// What sockets are told: an event for each change, with the call after all of them. Members only: they were asked for
  /// in the transaction of the change.
  package static func emissions(_ data: JSONValue, _ emitter: RoomEmitter) -> [RoomEmitter.Emission] {
    let rooms = (data["audience"]?.array.map { Array($0) } ?? []).compactMap(\.uuid).map { AdapterChannel.userRoom($0) }
    guard !rooms.isEmpty, let call = data["call"], let id = call["id"]?.uuid,
      let conversation = call["conversationId"]?.uuid
    else { return [] }
    return (data["changes"]?.array.map { Array($0) } ?? []).compactMap { change in
      guard let kind = change["change"]?.string.flatMap({ Call.Change.Kind(rawValue: $0) }) else { return nil }
      return emitter.emission(kind.event, toAny: rooms) { json in
        json.beginObject()
        json.field("callId", id)
        json.field("conversationId", conversation)
        json.key("userIds")
        if let users = change["userIds"] { users.withRawBytes { json.raw($0) } } else { json.null() }
        json.key("call")
        call.withRawBytes { json.raw($0) }
        json.endObject()
      }
    }
  }
}
