package import JSON
package import Primitives

/// What somebody has against a message, and what came of it.
package struct MessageReport: Sendable {
  package enum Reason: String, Sendable, CaseIterable {
    case spam, harassment, hate, violence, sexual, illegal, other
  }

  package enum Action: String, Sendable, CaseIterable {
    case dismiss
    case deleteMessage = "delete_message"
    case disableUser = "disable_user"
  }

  package struct Resolution: Sendable {
    package var action: Action
    package var moderator: UUID
    package var at: Timestamp
  }

  package var id: UUID
  package var messageId: UUID
  package var conversationId: UUID
  package var senderId: UUID
  package var reporterId: UUID
  package var reason: Reason
  package var note: String?
  package var createdAt: Timestamp
  package var resolution: Resolution?

  package func write(to json: inout JSONWriter, message: Message? = nil) {
    json.beginObject()
    json.field("id", id)
    json.field("messageId", messageId)
    json.field("conversationId", conversationId)
    json.field("senderId", senderId)
    json.field("reporterId", reporterId)
    json.field("reason", reason.rawValue)
    if let note { json.field("note", note) }
    json.field("createdAt", createdAt)
    json.field("state", resolution == nil ? "open" : "resolved")
    if let resolution {
      json.field("action", resolution.action.rawValue)
      json.field("resolvedBy", resolution.moderator)
      json.field("resolvedAt", resolution.at)
    }
    if let message {
      json.key("message")
      message.write(to: &json)
    }
    json.endObject()
  }
}
