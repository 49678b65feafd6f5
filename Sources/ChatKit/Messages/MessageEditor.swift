import Postgres
package import Primitives

/// Editing, deleting and reacting: what changes a message. One a loop.
///
/// Each change is an entry of the conversation's log, made by one call of `change_message` in one commit: it locks the
/// conversation as sending does, looks at who asks and at the message's version, takes the next seq, and leaves an event in
/// the outbox. A change that is so already is answered as done and makes no entry: so whoever got no answer repeats the
/// request, and it is done once.
package final class MessageEditor: Sendable {
  package struct Limits: Sendable {
    /// Different emoji on one message.
    package var kinds: Int32 = 20
    /// Of one user on one message.
    package var own: Int32 = 10
    /// Bytes of an emoji in UTF-8: those that are joined of many, and names like `:party:`.
    package var emoji = 64

    package init() {}
  }

  private enum Kind: String {
    case updated, deleted, reacted, unreacted
  }

  private struct Outcome {
    var conversation: UUID
    var messageSeq: Int64
    /// The seq of the entry that was made; nil where it was so already.
    var entry: Int64?
    var epoch: Int64
    var total: Int64
  }

  private let store: MessageStore
  private let messages: MessageService
  private let publisher: OutboxPublisher
  private let encoding: EventEncoding
  package let limits: Limits

  package init(
    store: MessageStore, messages: MessageService, publisher: OutboxPublisher, encoding: EventEncoding = .json,
    limits: Limits = Limits()
  ) {
    self.store = store
    self.messages = messages
    self.publisher = publisher
    self.encoding = encoding
    self.limits = limits
  }

  /// Gives a message another body; its sender's only.
  /// - Parameters:
  ///   - version: the one that the editor has seen; nil for whichever there is.
  ///   - workspace: the editor's: whose filter looks at it.
  /// Throws `ChatError` notFound, forbidden, preconditionFailed (another version), conflict (deleted), conversationArchived,
  /// blocked, readOnly, contentRefused, invalidRequest, tooLarge, keyUnavailable.
  package func edit(
    _ id: UUID, body: String, version: Int64?, by user: UUID, of workspace: UUID? = nil, trace: TraceContext? = nil
  ) async throws -> Message {
    let received = Timestamp.now()
    guard let present = try await store.message(id, for: user) else { throw ChatError.noSuchMessage }
    try messages.checkBody(body, of: present.type)
    // Somebody else's is refused below, whatever it says.
    let body = present.senderId == user ? try await messages.filtered(body, of: present, in: workspace) : body
    let event = UUID.v7()
    let content = try await content(body, of: present)
    let outcome = try await change(id, .updated, event, version: version, content: content, by: user, at: received)
    guard let entry = outcome.entry else { return try await message(at: outcome) }
    // The row may have been changed again since; this answer and this event tell of this edit.
    var message = present
    message.keep(content.sealed)
    message.open(.success(body))
    message.editedAt = received
    message.version = entry
    publish(event, message, .updated, outcome, by: user, at: received, trace)
    return message
  }

  /// Leaves a tombstone in a message's place: its sender, or an admin of the conversation.
  /// Throws `ChatError` notFound, forbidden, preconditionFailed (another version).
  package func delete(
    _ id: UUID, version: Int64?, by user: UUID, trace: TraceContext? = nil
  ) async throws -> Message {
    let received = Timestamp.now()
    let event = UUID.v7()
    let outcome = try await change(id, .deleted, event, version: version, by: user, at: received)
    var message = try await message(at: outcome)
    guard outcome.entry != nil else { return message }
    message.deletedAt = received
    publish(event, message, .deleted, outcome, by: user, at: received, trace)
    return message
  }

  /// Deletes a message, whoever's it is, as a moderator, who need not take part in its conversation. That it is deleted
  /// already is no error. Throws `ChatError` notFound.
  package func remove(at seq: Int64, of conversation: UUID, by moderator: UUID) async throws {
    let received = Timestamp.now()
    let event = UUID.v7()
    let rows = try await store.pool.query(
      "SELECT status, r_entry, r_epoch FROM remove_message($1, $2, $3, $4, $5)", conversation, seq, moderator, event,
      received)
    switch try rows[0].get(0, as: Int32.self) {
    case 0:
      let outcome = Outcome(
        conversation: conversation, messageSeq: seq, entry: try rows[0].get(1), epoch: try rows[0].get(2), total: 0)
      var message = try await message(at: outcome)
      message.deletedAt = received
      publish(event, message, .deleted, outcome, by: moderator, at: received, nil)
    case 1: break
    default: throw ChatError.noSuchMessage
    }
  }

  /// Adds a user's reaction to a message, or takes it back. Answers how many of that emoji there are then.
  /// Throws `ChatError` notFound, conflict (the message was deleted, or has too many), conversationArchived, blocked,
  /// invalidRequest.
  package func react(
    _ id: UUID, emoji: String, isAdded: Bool, by user: UUID, trace: TraceContext? = nil
  ) async throws -> ReactionCount {
    try check(emoji)
    let received = Timestamp.now()
    let event = UUID.v7()
    let outcome = try await change(
      id, isAdded ? .reacted : .unreacted, event, emoji: emoji, by: user, at: received)
    if outcome.entry != nil {
      let reaction = LogEntry.Change.reaction(emoji: emoji, isAdded: isAdded, total: outcome.total)
      publish(event, try await message(at: outcome), reaction, outcome, by: user, at: received, trace)
    }
    return ReactionCount(emoji: emoji, total: outcome.total, isOwn: isAdded)
  }

  private func check(_ emoji: String) throws {
    let isVisible = emoji.unicodeScalars.allSatisfy { scalar in
      !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control
    }
    guard (1...limits.emoji).contains(emoji.utf8.count), isVisible else {
      throw ChatError.invalid("emoji", "A reaction has 1 to \(limits.emoji) bytes, without spaces.")
    }
  }

  private func message(at outcome: Outcome) async throws -> Message {
    guard let message = try await store.message(of: outcome.conversation, at: outcome.messageSeq) else {
      throw ChatError.noSuchMessage
    }
    return message
  }

  /// What an edit gives a message.
  private struct Content {
    var body: String?
    var sealed: SealedBody?
    /// The version of which the body is this one already; the store cannot compare what is sealed.
    var same: Int64?
  }

  /// Sealed where the present one is: a conversation is encrypted from its beginning, or never.
  private func content(_ body: String, of present: Message) async throws -> Content {
    guard present.sealed != nil else { return Content(body: body) }
    guard let vault = store.vault else { throw Unreadable.keyUnavailable.error }
    return Content(
      sealed: try await vault.seal(body, of: present),
      same: !present.isClosed && present.body == body ? present.version : nil)
  }

  private func change(
    _ id: UUID, _ kind: Kind, _ event: UUID, version: Int64? = nil, content: Content = Content(), emoji: String? = nil,
    by user: UUID, at time: Timestamp
  ) async throws -> Outcome {
    let sealed = content.sealed
    let rows = try await store.pool.query(
      """
      SELECT status, r_conversation, r_seq, r_entry, r_epoch, r_total
      FROM change_message($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      """, id, user, kind.rawValue, event, version, content.body, sealed?.keyVersion, sealed?.ciphertext, sealed?.iv,
      sealed?.tag, content.same, emoji, time, limits.kinds, limits.own)
    let status: Int32 = try rows[0].get(0)
    switch status {
    case 0, 1:
      return Outcome(
        conversation: try rows[0].get(1), messageSeq: try rows[0].get(2), entry: try rows[0].get(3),
        epoch: try rows[0].get(4), total: try rows[0].get(5))
    case 3:
      throw ChatError(
        .forbidden,
        kind == .updated
          ? "Only its sender may edit a message."
          : "Only its sender, or an admin of the conversation, may delete a message.")
    case 4: throw ChatError(.preconditionFailed, "The message has changed since; read it again.", field: "If-Match")
    case 5: throw ChatError(.conflict, "The message was deleted.")
    case 6:
      throw ChatError(
        .conflict,
        "A message has at most \(limits.kinds) different reactions, and \(limits.own) of one user.", field: "emoji")
    case 7: throw Unreadable.keyUnavailable.error
    case 8: throw ChatError.archived
    case 9: throw ChatError.blocked
    case 10: throw ChatError.readOnly
    default: throw ChatError.noSuchMessage
    }
  }

  private func publish(
    _ id: UUID, _ message: Message, _ change: LogEntry.Change, _ outcome: Outcome, by user: UUID, at time: Timestamp,
    _ trace: TraceContext?
  ) {
    let entry = LogEntry(seq: outcome.entry ?? 0, change: change, message: message, actorId: user, at: time)
    let event = Event.entry(
      id, entry, epoch: outcome.epoch, trace: trace, hops: EventHops(received: time, committed: .now()))
    publisher.publish([event.busEvent(as: encoding)])
  }
}
