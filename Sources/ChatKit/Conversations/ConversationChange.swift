package import JSON
package import Primitives

/// The data of a `conversation.changed` event, and the argument of `conversation:updated`: the state after the change.
package struct ConversationChange: Sendable {
  package enum Content: Sendable {
    /// Of the conversation itself; for its room.
    case shared(title: String?, archivedAt: Timestamp?, isReadOnly: Bool, slowMode: Int32)
    /// Of what the actor wants for themselves; for their sockets only.
    case personal(mute: Mute, isArchived: Bool)
  }

  package var conversation: UUID
  package var actor: UUID
  package var content: Content

  package init(conversation: UUID, actor: UUID, content: Content) {
    self.conversation = conversation
    self.actor = actor
    self.content = content
  }

  package var event: Event {
    var json = JSONWriter(reserving: 256)
    json.beginObject()
    json.field("conversationId", conversation)
    switch content {
    case .shared(let title, let archivedAt, let isReadOnly, let slowMode):
      json.field("actorId", actor)
      if let title { json.field("title", title) }
      json.key("archivedAt")
      if let archivedAt { json.value(archivedAt) } else { json.null() }
      json.field("readOnly", isReadOnly)
      json.field("slowMode", slowMode)
    case .personal(let mute, let isArchived):
      json.field("userId", actor)
      mute.write(to: &json)
      json.field("archived", isArchived)
    }
    json.endObject()
    return Event(kind: .conversationChanged, at: .now(), conversationId: conversation, data: json.bytes)
  }

  /// Whose sockets alone are told; nil where the room is.
  package static func addressee(_ data: JSONValue) -> UUID? { data["userId"]?.uuid }
}

extension Mute {
  /// The fields `muted` and `mutedUntil` of an object that is open.
  func write(to json: inout JSONWriter) {
    json.field("muted", self != .off)
    if case .until(let end) = self { json.field("mutedUntil", end) }
  }
}
