import JSON
package import Primitives

/// What the others of a room are told: somebody has read, or got, everything through `seq`. The data of `message.read` and
/// `message.delivered`, and the argument of `read:receipt` and `delivered:receipt`.
package struct CursorReceipt: Sendable, Equatable {
  package enum Kind: Sendable {
    case read, delivered
  }

  package var kind: Kind
  package var conversation: UUID
  package var user: UUID
  package var seq: Int64
  package var at: Timestamp

  package init(_ kind: Kind, _ position: CursorPosition, at: Timestamp) {
    self.kind = kind
    conversation = position.conversation
    user = position.user
    seq = kind == .read ? position.read : position.delivered
    self.at = at
  }

  /// As `move_cursors` writes it into the outbox.
  package func event(_ id: UUID, epoch: Int64) -> Event {
    var json = JSONWriter(reserving: 192)
    json.beginObject()
    json.field("conversationId", conversation)
    json.field("userId", user)
    json.field("seq", seq)
    json.field("at", at)
    json.endObject()
    return Event(
      id: id, kind: kind == .read ? .messageRead : .messageDelivered, at: at, conversationId: conversation,
      epoch: epoch, data: json.bytes)
  }
}
