package import JSON
package import Primitives

/// How far somebody has read a conversation, or got it. Cursors only move forward, so a move can be repeated.
package struct CursorMove: Sendable {
  /// Whose cursors of which conversation.
  package struct Key: Hashable, Sendable {
    package var conversation: UUID
    package var user: UUID

    package init(conversation: UUID, user: UUID) {
      self.conversation = conversation
      self.user = user
    }
  }

  package var key: Key
  /// What is read, through this seq; 0 leaves the cursor where it is. What is beyond the conversation's end means its end.
  package var read: Int64
  package var delivered: Int64

  package init(conversation: UUID, user: UUID, read: Int64 = 0, delivered: Int64 = 0) {
    key = Key(conversation: conversation, user: user)
    self.read = read
    self.delivered = delivered
  }
}

/// Where somebody's cursors are in a conversation.
package struct CursorPosition: Sendable, Equatable {
  package var conversation: UUID
  package var user: UUID
  package var read: Int64
  package var delivered: Int64

  package init(conversation: UUID, user: UUID, read: Int64, delivered: Int64) {
    self.conversation = conversation
    self.user = user
    self.read = read
    self.delivered = delivered
  }

  /// The fields of an object that is open.
  package func writeFields(to json: inout JSONWriter) {
    json.field("conversationId", conversation)
    json.field("readSeq", read)
    json.field("deliveredSeq", delivered)
  }
}
