package import JSON
package import Primitives

/// One who has a message: got it, or has read it too.
package struct MessageReceipt: Sendable {
  package var userId: UUID
  package var username: String
  package var displayName: String
  package var isRead: Bool
  /// When the read cursor passed the message; nil when that was too long ago to be kept.
  package var readAt: Timestamp?

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("userId", userId)
    json.field("username", username)
    json.field("displayName", displayName)
    json.field("status", isRead ? "read" : "delivered")
    if let readAt { json.field("readAt", readAt) }
    json.endObject()
  }
}
