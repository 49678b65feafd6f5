package import JSON
package import Primitives

/// One entry of a conversation's log: a message that was created, or what somebody did to it later. Entries are numbered
/// 1, 2, 3, without gaps, whatever they are.
package struct LogEntry: Sendable, Equatable {
  package enum Change: Sendable, Equatable {
    case created, updated, deleted
    /// - Parameter total: how many of them the message had after it.
    case reaction(emoji: String, isAdded: Bool, total: Int64)
  }

  package var seq: Int64
  package var change: Change
  /// The message in its present state, which may be later than the entry's: who reads a log that was left behind is told
  /// what is so now, and then of the changes that made it so.
  package var message: Message
  /// Who did it.
  package var actorId: UUID
  package var at: Timestamp

  package init(seq: Int64, change: Change, message: Message, actorId: UUID, at: Timestamp) {
    self.seq = seq
    self.change = change
    self.message = message
    self.actorId = actorId
    self.at = at
  }

  /// A message's own entry.
  package init(_ message: Message) {
    self.init(
      seq: message.seq, change: .created, message: message, actorId: message.senderId, at: message.createdAt)
  }

  /// What sockets are told it is.
  package var eventName: String { Self.eventName(of: kind) ?? "" }

  /// The socket event of a kind that is an entry of a log; nil for the others.
  package static func eventName(of kind: Event.Kind) -> String? {
    switch kind {
    case .messageCreated: "message:new"
    case .messageUpdated: "message:updated"
    case .messageDeleted: "message:deleted"
    case .reactionChanged: "reaction"
    default: nil
    }
  }

  package var kind: Event.Kind {
    switch change {
    case .created: .messageCreated
    case .updated: .messageUpdated
    case .deleted: .messageDeleted
    case .reaction: .reactionChanged
    }
  }

  /// The one JSON form: the data of its event, and the argument that sockets get.
  package func write(to json: inout JSONWriter, trace: TraceContext? = nil) {
    write(to: &json, trace: trace, isSealed: false)
  }

  /// - Parameter isSealed: for the bus: the body of an encrypted conversation as it is stored.
  func write(to json: inout JSONWriter, trace: TraceContext?, isSealed: Bool) {
    if change == .created { return message.write(to: &json, trace: trace, isSealed: isSealed) }
    json.beginObject()
    switch change {
    case .created, .updated:
      message.writeFields(to: &json, entry: seq, isSealed: isSealed)
      json.field("actorId", actorId)
    case .deleted:
      writePlace(to: &json)
      json.field("actorId", actorId)
      json.field("deletedAt", message.deletedAt ?? at)
      json.field("version", message.version)
    case .reaction(let emoji, let isAdded, let total):
      writePlace(to: &json)
      json.field("userId", actorId)
      json.field("emoji", emoji)
      json.field("added", isAdded)
      json.field("total", total)
      json.field("at", at)
    }
    if let trace { json.field("trace", trace) }
    json.endObject()
  }

  private func writePlace(to json: inout JSONWriter) {
    json.field("id", message.id)
    json.field("conversationId", message.conversationId)
    json.field("seq", seq)
    json.field("messageSeq", message.seq)
  }
}
