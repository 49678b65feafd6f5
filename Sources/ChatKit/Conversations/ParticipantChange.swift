package import JSON
package import Primitives

/// The data of a `participant.changed` event.
package struct ParticipantChange: Sendable, Equatable {
  package enum Change: String, Sendable {
    case joined, left
  }

  package var conversation: UUID
  package var user: UUID
  /// Who did it; the user itself when it left.
  package var actor: UUID
  package var change: Change

  package init(conversation: UUID, user: UUID, actor: UUID, change: Change) {
    self.conversation = conversation
    self.user = user
    self.actor = actor
    self.change = change
  }

  package var json: [UInt8] {
    var json = JSONWriter(reserving: 192)
    json.beginObject()
    json.field("conversationId", conversation)
    json.field("userId", user)
    json.field("actorId", actor)
    json.field("change", change.rawValue)
    json.endObject()
    return json.bytes
  }

  package init?(_ json: JSONValue) {
    guard let conversation = json["conversationId"]?.uuid, let user = json["userId"]?.uuid,
      let actor = json["actorId"]?.uuid, let change = json["change"]?.string.flatMap(Change.init(rawValue:))
    else { return nil }
    self.init(conversation: conversation, user: user, actor: actor, change: change)
  }
}
