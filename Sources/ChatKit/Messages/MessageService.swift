package import Networking
package import Primitives

/// Sending and reading messages, with their rules. One a loop. Changing them is `MessageEditor`'s, finding them by their
/// words `MessageSearch`'s.
package final class MessageService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Bytes of a body in UTF-8.
    package var body = 16 << 10
    /// Messages on a page of history.
    package var page = 200
    /// Messages in one request.
    package var batch = 100
    /// How long a file may go without a message that names it.
    package var orphanAge = Duration.seconds(86_400)

    package init() {}
  }

  private let writer: MessageWriter
  let store: MessageStore
  let uses: AttachmentUses
  let loop: EventLoop
  package let limits: Limits
  /// Looks at bodies before they are stored; nil where nothing is refused.
  package var filter: MessageFilter?

  package init(writer: MessageWriter, store: MessageStore, loop: EventLoop, limits: Limits = Limits()) {
    self.writer = writer
    self.store = store
    self.loop = loop
    self.limits = limits
    uses = AttachmentUses(pool: store.pool, grace: limits.orphanAge)
  }

  // MARK: Sending

  /// Checks and stores a message; the answer comes after its commit. Throws `ChatError`.
  package func send(_ draft: MessageDraft) async throws -> MessageWriter.Outcome {
    try check(draft)
    if let replied = draft.replyTo {
      let found = try await store.existing([(draft.conversationId, replied)], for: draft.senderId)
      if found.isEmpty { try await refuseReply(draft) }
    }
    if draft.attachmentId != nil,
      let refusal = try await refusals(ofAttachmentsIn: [draft], by: draft.senderId)[draft.id]
    {
      throw refusal
    }
    if let filter, filter.concerns(draft.workspaceId) {
      return try await writer.write(try await filtered(draft, filter))
    }
    return try await writer.write(draft)
  }

  /// Stores several messages of one sender, in their order; element n of the answer belongs to element n. One that is
  /// refused does not touch its neighbours.
  package func send(
    batch: [Result<MessageDraft, ChatError>], by sender: UUID
  ) async throws -> [Result<MessageWriter.Outcome, any Error>] {
    guard (1...limits.batch).contains(batch.count) else {
      throw ChatError.invalid("messages", "A batch has 1 to \(limits.batch) messages.")
    }
    let replies = batch.compactMap { result -> (conversation: UUID, message: UUID)? in
      guard let draft = try? result.get(), let replied = draft.replyTo else { return nil }
      return (draft.conversationId, replied)
    }
    let known = replies.isEmpty ? [] : try await store.existing(replies, for: sender)
    let refusals = try await refusals(ofAttachmentsIn: batch.compactMap { try? $0.get() }, by: sender)
    let batch = await filtered(batch)
    // All are with the writer before any is waited for: they go out in their order, and together.
    let tasks = batch.map { result in
      loop.start { [self] () -> Result<MessageWriter.Outcome, any Error> in
        do {
          let draft = try result.get()
          try check(draft)
          if let replied = draft.replyTo,
            !known.contains(where: { $0.conversation == draft.conversationId && $0.message == replied })
          {
            try await refuseReply(draft)
          }
          if let refusal = refusals[draft.id] { throw refusal }
          return .success(try await writer.write(draft))
        } catch {
          return .failure(error)
        }
      }
    }
    var results: [Result<MessageWriter.Outcome, any Error>] = []
    results.reserveCapacity(tasks.count)
    for task in tasks { results.append(await task.value) }
    return results
  }

  /// The server's own message: what `actor` did to the conversation. The actor need not be a participant (any more).
  /// Nobody can edit or delete it, and it is not searched. Throws `ChatError` as `send` does.
  package func announce(
    _ body: String, in conversation: UUID, by actor: UUID, named name: String? = nil
  ) async throws -> Message {
    let draft = MessageDraft(
      conversationId: conversation, senderId: actor, senderName: name, type: .system, body: body)
    try checkBody(body, of: .system)
    switch try await writer.write(draft) {
    case .stored(let message), .replayed(let message): return message
    }
  }

  func check(_ draft: MessageDraft) throws {
    guard draft.type != .system else { throw ChatError.invalid("type", "type is one of: text, image, file.") }
    guard draft.attachmentId == nil || draft.type != .text else {
      throw ChatError.invalid("attachmentId", "A text has no attachment; type is image or file.")
    }
    try checkBody(draft.body, of: draft.type)
    if let key = draft.idempotencyKey { try Self.check(idempotencyKey: key) }
  }

  /// What a body of a message, new or edited, must be. Throws `ChatError`.
  func checkBody(_ body: String, of type: MessageType) throws {
    let size = body.utf8.count
    // Of an image or a file it is the caption.
    guard size > 0 || type == .image || type == .file else {
      throw ChatError.invalid("body", "A message needs a body.")
    }
    guard size <= limits.body else {
      throw ChatError(.tooLarge, "The body has \(size) bytes; at most \(limits.body) are allowed.", field: "body")
    }
    // PostgreSQL's text cannot hold it, and one such row would fail its whole batch.
    guard !body.utf8.contains(0) else { throw ChatError.invalid("body", "A body must not contain U+0000.") }
  }

  /// 1 to 255 printable ASCII characters.
  package static func check(idempotencyKey key: String) throws {
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw ChatError.invalid("Idempotency-Key", "An idempotency key has 1 to 255 printable ASCII characters.")
    }
  }

  /// Messages are never taken out of their conversation (a deleted one leaves a tombstone), so what was looked up before
  /// the commit holds at the commit.
  private func refuseReply(_ draft: MessageDraft) async throws {
    guard try await store.position(of: draft.senderId, in: draft.conversationId) != nil else {
      throw ChatError.noSuchConversation
    }
    throw ChatError.invalid("replyTo", "replyTo is no message of this conversation.")
  }

  // MARK: Reading

  /// A message with its reactions, as `user` sees them. Throws `ChatError` notFound, keyUnavailable,
  /// decryptionFailed.
  package func message(_ id: UUID, for user: UUID) async throws -> (message: Message, reactions: [ReactionCount]) {
    guard let message = try await store.message(id, for: user) else { throw ChatError.noSuchMessage }
    if let unreadable = message.unreadable { throw unreadable.error }
    let reactions = try await store.reactions(
      of: message.conversationId, in: message.seq...message.seq, for: user)
    return (message, reactions[message.seq] ?? [])
  }

  /// Where a page of history begins.
  package enum Start: Sendable {
    case newest
    case cursor(Cursor)
    /// The messages before that time, or from it on.
    case before(Timestamp)
    case after(Timestamp)
  }

  package struct Page: Sendable {
    /// Oldest first.
    package var messages: [Message]
    /// By the seq of their message, as the reader sees them.
    package var reactions: [Int64: [ReactionCount]] = [:]
    /// The conversation's log reached this far when the page was read, or a little less: who joins after it misses
    /// nothing.
    package var lastSeq: Int64
    /// Continue with what is older, or newer; nil where there is nothing more now.
    package var older: Cursor?
    package var newer: Cursor?
  }

  /// A page of history. Throws `ChatError` notFound where `user` is not a participant.
  package func history(of conversation: UUID, for user: UUID, from start: Start, limit: Int) async throws -> Page {
    guard let ends = try await store.ends(of: conversation, for: user) else { throw ChatError.noSuchConversation }
    let cursor: Cursor
    switch start {
    case .newest: cursor = Cursor(.before, .max)
    case .cursor(let given): cursor = given
    case .before(let time): cursor = Cursor(.before, try await store.firstSeq(of: conversation, notBefore: time))
    case .after(let time): cursor = Cursor(.after, try await store.firstSeq(of: conversation, notBefore: time) - 1)
    }
    let limit = min(max(1, limit), limits.page)
    let messages =
      switch cursor.direction {
      case .before: try await store.messages(of: conversation, before: cursor.seq, limit: limit)
      case .after: try await store.messages(of: conversation, after: cursor.seq, limit: limit)
      }
    var page = Page(messages: messages, lastSeq: ends.entry)
    guard let first = messages.first, let newest = messages.last else { return page }
    // The log begins with a message.
    if first.seq > 1 { page.older = Cursor(.before, first.seq) }
    if newest.seq < ends.message { page.newer = Cursor(.after, newest.seq) }
    page.reactions = try await store.reactions(of: conversation, in: first.seq...newest.seq, for: user)
    return page
  }
}
