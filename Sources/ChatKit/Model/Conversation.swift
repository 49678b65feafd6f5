package import JSON
package import Primitives

/// Who takes part and how: two people, invited people, or whoever joins.
package enum ConversationType: String, CaseIterable, Sendable {
  case direct, group, channel
}

package enum ParticipantRole: String, CaseIterable, Sendable {
  case admin, member
}

/// A conversation as one of its participants sees it.
package struct Conversation: Sendable {
  package var id: UUID
  package var type: ConversationType
  package var title: String?
  package var createdBy: UUID
  /// The seq of the newest message; 0 when there is none.
  package var lastSeq: Int64
  package var lastMessageAt: Timestamp?
  package var createdAt: Timestamp
  /// By an admin, for all: it can be read, and nothing is sent to it.
  package var archivedAt: Timestamp?
  /// The bodies of its messages are encrypted at rest; from its beginning, or never.
  package var isEncrypted = false
  /// The role of the one who asks.
  package var role: ParticipantRole
  /// Only admins send.
  package var isReadOnly = false
  /// Seconds between two messages of one member, admins excepted; 0 for none.
  package var slowMode: Int32 = 0

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    writeFields(to: &json)
    json.endObject()
  }

  /// The fields of an object that is open.
  func writeFields(to json: inout JSONWriter) {
    json.field("id", id)
    json.field("type", type.rawValue)
    if let title { json.field("title", title) }
    json.field("createdBy", createdBy)
    json.field("lastSeq", lastSeq)
    if let lastMessageAt { json.field("lastMessageAt", lastMessageAt) }
    json.field("createdAt", createdAt)
    if let archivedAt { json.field("archivedAt", archivedAt) }
    if isEncrypted { json.field("encrypted", true) }
    json.field("role", role.rawValue)
    if isReadOnly { json.field("readOnly", true) }
    if slowMode > 0 { json.field("slowMode", slowMode) }
  }
}

/// One who takes part in a conversation.
package struct Participant: Sendable {
  package var userId: UUID
  package var username: String
  package var displayName: String
  package var role: ParticipantRole
  package var joinedAt: Timestamp
  /// How far they have read, and got.
  package var readSeq: Int64
  package var deliveredSeq: Int64

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("userId", userId)
    json.field("username", username)
    json.field("displayName", displayName)
    json.field("role", role.rawValue)
    json.field("joinedAt", joinedAt)
    json.field("readSeq", readSeq)
    json.field("deliveredSeq", deliveredSeq)
    json.endObject()
  }
}
