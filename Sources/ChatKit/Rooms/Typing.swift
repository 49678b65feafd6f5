package import JSON
package import Primitives

/// The argument of `typing`: true now, never stored.
package struct Typing: Sendable {
  package var conversation: UUID
  package var user: UUID
  package var username: String
  package var isTyping: Bool

  package init(conversation: UUID, user: UUID, username: String, isTyping: Bool) {
    self.conversation = conversation
    self.user = user
    self.username = username
    self.isTyping = isTyping
  }

  package static let event = "typing"

  /// Reads what `write` has written; nil for something else.
  package init?(_ json: JSONValue) {
    guard let conversation = json["conversationId"]?.uuid, let user = json["userId"]?.uuid,
      let username = json["username"]?.string, let isTyping = json["isTyping"]?.bool
    else { return nil }
    self.init(conversation: conversation, user: user, username: username, isTyping: isTyping)
  }

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("conversationId", conversation)
    json.field("userId", user)
    json.field("username", username)
    json.field("isTyping", isTyping)
    json.endObject()
  }
}
