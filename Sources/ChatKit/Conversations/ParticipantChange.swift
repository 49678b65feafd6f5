package import JSON
package import Primitives

/// The data of a `participant.changed` event.
package struct ParticipantChange: Sendable, Equatable {
  package enum Change: String, Sendable {
    case joined, left
    /// Another role.
    case updated
  }

  package var conversation: UUID
  package var user: UUID
  /// Who did it; the user itself when it joined or left.
  package var actor: UUID
  package var change: Change
  /// The new one, of `updated`.
  package var role: ParticipantRole?

  package init(conversation: UUID, user: UUID, actor: UUID, change: Change, role: ParticipantRole? = nil) {
    self.conversation = conversation
    self.user = user
    self.actor = actor
    self.change = change
    self.role = role
  }

  package var json: [UInt8] {
    var json = JSONWriter(reserving: 208)
    json.beginObject()
    json.field("conversationId", conversation)
    json.field("userId", user)
    json.field("actorId", actor)
    json.field("change", change.rawValue)
    if let role { json.field("role", role.rawValue) }
    json.endObject()
    return json.bytes
  }

  var event: Event {
    Event(kind: .participantChanged, at: .now(), conversationId: conversation, data: json)
  }

  package init?(_ json: JSONValue) {
    guard let conversation = json["conversationId"]?.uuid, let user = json["userId"]?.uuid,
      let actor = json["actorId"]?.uuid, let change = json["change"]?.string.flatMap(Change.init(rawValue:))
    else { return nil }
    self.init(
      conversation: conversation, user: user, actor: actor, change: change,
      role: json["role"]?.string.flatMap(ParticipantRole.init(rawValue:)))
  }
}
