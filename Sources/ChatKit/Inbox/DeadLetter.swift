package import JSON
package import Primitives

/// An event that could not be done, or waits behind one.
package struct DeadLetter: Sendable {
  /// Its place: letters of one key are replayed in this order.
  package var id: Int64
  package var consumer: String
  package var key: UUID
  package var eventId: UUID
  /// The event's kind; `unreadable` for what was no event.
  package var type: String
  package var seq: Int64?
  /// What failed; nil of a letter that only waits behind one that did.
  package var effect: String?
  /// Why.
  package var error: String?
  package var attempts: Int
  package var parkedAt: Timestamp
  /// A replay was asked for and has not come to it yet.
  package var isReplaying: Bool
  /// Given up, and waiting for its turn to be removed.
  package var isDropped: Bool
  /// The event as it was on the bus; nil in lists.
  package var payload: [UInt8]?

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("consumer", consumer)
    json.field("key", key)
    json.field("eventId", eventId)
    json.field("type", type)
    if let seq { json.field("seq", seq) }
    json.field("reason", effect == nil ? "successor" : "failed")
    if let effect { json.field("effect", effect) }
    if let error { json.field("error", error) }
    json.field("attempts", attempts)
    json.field("parkedAt", parkedAt)
    if isReplaying { json.field("replaying", true) }
    if isDropped { json.field("dropped", true) }
    if let payload {
      if let document = try? JSONDocument(parsing: payload) {
        json.key("event")
        json.raw(document.root.rawBytes)
      } else {
        json.field("eventBase64", Base64.standard.encode(payload))
      }
    }
    json.endObject()
  }
}
