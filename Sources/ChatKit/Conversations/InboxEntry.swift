package import JSON
package import Primitives

/// A conversation with what its participant wants to know of it at a glance.
package struct InboxEntry: Sendable {
  package var conversation: Conversation
  /// Of the newest message, or else of the beginning: what the inbox is in the order of.
  package var activity: Timestamp
  package var lastMessage: Message?
  /// Messages of others that have not been read; as many as are counted at most.
  package var unread: Int64
  /// Of the unread, those that mention the participant.
  package var mentions: Int64
  package var readSeq: Int64
  package var deliveredSeq: Int64
  package var mute: Mute
  /// Laid aside by the participant, until the next message.
  package var isArchived: Bool
  /// The other one of a direct conversation.
  package var peer: Peer?

  package struct Peer: Sendable {
    package var userId: UUID
    package var username: String
    package var displayName: String
    package var avatarURL: String?
  }

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    conversation.writeFields(to: &json)
    if let peer {
      json.key("peer")
      json.beginObject()
      json.field("userId", peer.userId)
      json.field("username", peer.username)
      json.field("displayName", peer.displayName)
      if let avatar = peer.avatarURL { json.field("avatarUrl", avatar) }
      json.endObject()
    }
    if let lastMessage {
      json.key("lastMessage")
      lastMessage.write(to: &json)
    }
    json.field("unread", unread)
    json.field("mentions", mentions)
    json.field("readSeq", readSeq)
    json.field("deliveredSeq", deliveredSeq)
    mute.write(to: &json)
    json.field("archived", isArchived)
    json.endObject()
  }
}
