package import JSON
package import Primitives

/// What a message carries.
package enum MessageType: String, Sendable {
  case text, image, file, system
}

/// A message as it is stored and as everybody sees it.
package struct Message: Sendable, Equatable {
  package var id: UUID
  package var conversationId: UUID
  /// The message's place in its conversation: 1, 2, 3, without gaps.
  package var seq: Int64
  package var senderId: UUID
  package var type: MessageType
  package var body: String
  package var replyTo: UUID?
  package var createdAt: Timestamp
  package var editedAt: Timestamp?
  package var deletedAt: Timestamp?

  package init(
    id: UUID, conversationId: UUID, seq: Int64, senderId: UUID, type: MessageType, body: String, replyTo: UUID? = nil,
    createdAt: Timestamp, editedAt: Timestamp? = nil, deletedAt: Timestamp? = nil
  ) {
    self.id = id
    self.conversationId = conversationId
    self.seq = seq
    self.senderId = senderId
    self.type = type
    self.body = body
    self.replyTo = replyTo
    self.createdAt = createdAt
    self.editedAt = editedAt
    self.deletedAt = deletedAt
  }

  /// The one JSON form of a message: HTTP answers, events and `message:new` are all this.
  /// - Parameter trace: written for those who asked for it, by a trace that is kept.
  package func write(to json: inout JSONWriter, trace: TraceContext? = nil) {
    json.beginObject()
    json.field("id", id)
    json.field("conversationId", conversationId)
    json.field("seq", seq)
    json.field("senderId", senderId)
    json.field("type", type.rawValue)
    json.field("body", body)
    if let replyTo { json.field("replyTo", replyTo) }
    json.field("createdAt", createdAt)
    if let editedAt { json.field("editedAt", editedAt) }
    if let deletedAt { json.field("deletedAt", deletedAt) }
    if let trace { json.field("trace", trace) }
    json.endObject()
  }
}
