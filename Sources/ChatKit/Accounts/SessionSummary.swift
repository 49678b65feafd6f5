package import JSON
package import Primitives

/// A session as its user sees it.
package struct SessionSummary: Sendable {
  package var id: UUID
  /// When it was logged in to.
  package var createdAt: Timestamp
  /// When it was last logged in to or refreshed.
  package var lastUsedAt: Timestamp
  package var expiresAt: Timestamp
  /// Of the last refresh.
  package var client: ClientInfo
  /// The one that asks.
  package var isCurrent: Bool

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("createdAt", createdAt)
    json.field("lastUsedAt", lastUsedAt)
    json.field("expiresAt", expiresAt)
    if let userAgent = client.userAgent { json.field("userAgent", userAgent) }
    if let address = client.address { json.field("address", address) }
    json.field("current", isCurrent)
    json.endObject()
  }
}
