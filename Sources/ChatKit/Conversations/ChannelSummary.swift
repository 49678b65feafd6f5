package import JSON
package import Primitives

/// A channel as those see it who may join it.
package struct ChannelSummary: Sendable {
  package var id: UUID
  package var title: String
  package var createdBy: UUID
  package var createdAt: Timestamp
  package var lastMessageAt: Timestamp?
  package var isJoined: Bool
  /// Counted up to a limit.
  package var memberCount: Int64

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("type", ConversationType.channel.rawValue)
    json.field("title", title)
    json.field("createdBy", createdBy)
    json.field("createdAt", createdAt)
    if let lastMessageAt { json.field("lastMessageAt", lastMessageAt) }
    json.field("joined", isJoined)
    json.field("memberCount", memberCount)
    json.endObject()
  }
}
