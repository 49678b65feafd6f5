import Networking
package import Primitives

/// Sending and reading messages, with their rules. One a loop.
package final class MessageService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Bytes of a body in UTF-8.
    package var body = 16 << 10
    /// Messages on a page of history.
    package var page = 200

    package init() {}
  }

  package struct Page: Sendable {
    /// Oldest first.
    package var messages: [Message]
    /// Continue with what is older, or newer; nil where there is nothing more now.
    package var older: Cursor?
    package var newer: Cursor?
  }

  private let writer: MessageWriter
  private let store: MessageStore
  package let limits: Limits

  package init(writer: MessageWriter, store: MessageStore, limits: Limits = Limits()) {
    self.writer = writer
    self.store = store
    self.limits = limits
  }

  /// Checks and stores a message; the answer comes after its commit. Throws `ChatError`.
  package func send(_ draft: MessageDraft) async throws -> MessageWriter.Outcome {
    guard draft.type == .text else { throw ChatError.invalid("type", "Only text messages can be sent.") }
    let size = draft.body.utf8.count
    guard size > 0 else { throw ChatError.invalid("body", "A message needs a body.") }
    guard size <= limits.body else {
      throw ChatError(.tooLarge, "The body has \(size) bytes; at most \(limits.body) are allowed.", field: "body")
    }
    // PostgreSQL's text cannot hold it, and one such row would fail its whole batch.
    guard !draft.body.utf8.contains(0) else { throw ChatError.invalid("body", "A body must not contain U+0000.") }
    if let key = draft.idempotencyKey { try Self.check(idempotencyKey: key) }
    return try await writer.write(draft)
  }

  /// 1 to 255 printable ASCII characters.
  package static func check(idempotencyKey key: String) throws {
    guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw ChatError.invalid("Idempotency-Key", "An idempotency key has 1 to 255 printable ASCII characters.")
    }
  }

  /// A page of history. Without a cursor: the newest messages.
  /// Throws `ChatError` notFound where `user` is not a participant.
  package func history(
    of conversation: UUID, for user: UUID, cursor: Cursor?, limit: Int
  ) async throws -> Page {
    guard let last = try await store.position(of: user, in: conversation)?.lastSeq else {
      throw ChatError.noSuchConversation
    }
    let limit = min(max(1, limit), limits.page)
    let messages: [Message]
    switch cursor {
    case nil: messages = try await store.messages(of: conversation, before: .max, limit: limit)
    case .some(let cursor) where cursor.direction == .before:
      messages = try await store.messages(of: conversation, before: cursor.seq, limit: limit)
    case .some(let cursor):
      messages = try await store.messages(of: conversation, after: cursor.seq, through: .max, limit: limit)
    }
    var page = Page(messages: messages)
    if let first = messages.first, first.seq > 1 { page.older = Cursor(.before, first.seq) }
    if let newest = messages.last, newest.seq < last { page.newer = Cursor(.after, newest.seq) }
    return page
  }
}
