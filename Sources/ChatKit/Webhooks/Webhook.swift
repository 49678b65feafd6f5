package import JSON
package import Primitives

/// An address that is told of a workspace's events.
package struct Webhook: Sendable {
  package enum State: String, Sendable {
    case active
    /// By itself, after it had failed for too long, or because it answered 410.
    case disabled
  }

  package var id: UUID
  package var url: String
  /// Kinds of events; `*` is all.
  package var events: [String]
  package var state: State
  package var createdBy: UUID
  package var createdAt: Timestamp
  /// Since when nothing was delivered; nil when the last attempt succeeded.
  package var failingSince: Timestamp?
  package var disabledAt: Timestamp?
  package var lastError: String?

  /// - Parameter secret: shown once, to who makes it.
  package func write(to json: inout JSONWriter, secret: String? = nil) {
    json.beginObject()
    json.field("id", id)
    json.field("url", url)
    json.key("events")
    json.beginArray()
    for event in events { json.value(event) }
    json.endArray()
    json.field("state", state.rawValue)
    if let secret { json.field("secret", secret) }
    json.field("createdBy", createdBy)
    json.field("createdAt", createdAt)
    if let failingSince { json.field("failingSince", failingSince) }
    if let disabledAt { json.field("disabledAt", disabledAt) }
    if let lastError { json.field("lastError", lastError) }
    json.endObject()
  }
}

/// Something that is still to be said to a webhook, or was given up.
package struct WebhookDelivery: Sendable {
  package var id: UUID
  package var eventId: UUID
  package var type: String
  package var isParked: Bool
  package var attempts: Int
  package var nextAttemptAt: Timestamp
  package var lastStatus: Int?
  package var lastError: String?
  package var createdAt: Timestamp

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("eventId", eventId)
    json.field("type", type)
    json.field("state", isParked ? "parked" : "pending")
    json.field("attempts", attempts)
    if !isParked { json.field("nextAttemptAt", nextAttemptAt) }
    if let lastStatus { json.field("lastStatus", lastStatus) }
    if let lastError { json.field("lastError", lastError) }
    json.field("createdAt", createdAt)
    json.endObject()
  }
}
