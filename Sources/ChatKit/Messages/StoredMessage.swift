package import Primitives

/// A message that is committed, with what its event must say.
package struct StoredMessage: Sendable {
  package var draft: MessageDraft
  package var message: Message
  /// The conversation's epoch at the commit, or a later one: who may have the message is who is a participant then.
  package var epoch: Int64
  /// When this process learned of the commit.
  package var committed = Timestamp.now()

  /// The event that tells of it.
  package var event: Event {
    Event.messageCreated(
      draft.eventId, message, epoch: epoch, trace: draft.trace,
      hops: EventHops(received: draft.received, committed: committed))
  }
}
