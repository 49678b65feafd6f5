package import JSON

extension PresenceStatus {
  /// The event by which sockets are told of edges.
  package static let event = "presence"

  /// `{"userId", "status", "lastSeen", "version"}`
  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("userId", user)
    json.field("status", isOnline ? "online" : "offline")
    if !isOnline {
      if let lastSeen { json.field("lastSeen", lastSeen) } else { json.field("lastSeen", raw: Array("null".utf8)) }
    }
    json.field("version", version)
    json.endObject()
  }
}
