import Primitives

/// Why something was refused or could not be done, in words that may be shown to the one who asked.
package struct ChatError: Error, Equatable, CustomStringConvertible {
  /// Stable and documented: clients branch on it. The raw value is what they see.
  package enum Code: String, Sendable, CaseIterable {
    /// The request cannot be understood or breaks a rule; `field` says where.
    case invalidRequest = "invalid_request"
    /// No token, or one that is not valid (any more).
    case unauthenticated
    /// Known, but not allowed.
    case forbidden
    /// The password is right, and the account was disabled.
    case accountDisabled = "account_disabled"
    /// There is no such thing, or the caller may not know of it.
    case notFound = "not_found"
    /// It exists already, or has changed meanwhile.
    case conflict
    /// One is in a call already, or rung by one.
    case busy
    /// What is encrypted cannot be searched.
    case conversationEncrypted = "conversation_encrypted"
    /// The conversation was archived: it can be read, and nothing is sent to it.
    case conversationArchived = "conversation_archived"
    /// The key of what is encrypted is not available: disabled, destroyed, or not known to this node.
    case keyUnavailable = "key_unavailable"
    /// What is stored is not what was encrypted.
    case decryptionFailed = "decryption_failed"
    /// One of the two blocks the other.
    case blocked
    /// Only the conversation's admins send to it.
    case readOnly = "read_only"
    /// The conversation is in slow mode: again after `retryAfter`.
    case slowMode = "slow_mode"
    /// The filter lets nobody say it.
    case contentRefused = "content_refused"
    /// The workspace has as many as it may have.
    case limitReached = "limit_reached"
    /// Nobody registers in this workspace by themselves.
    case registrationClosed = "registration_closed"
    /// `If-Match` names a state that is not the present one.
    case preconditionFailed = "precondition_failed"
    /// The idempotency key was used for another request.
    case idempotencyKeyReused = "idempotency_key_reused"
    /// Bigger than the limit.
    case tooLarge = "too_large"
    /// Too many wrong passwords; nothing is looked at before `retryAfter`.
    case tooManyAttempts = "too_many_attempts"
    /// More than is allowed in a time; nothing was done; again after `retryAfter`.
    case rateLimited = "rate_limited"
    /// A limit of the server is reached; try again after `retryAfter`.
    case overloaded
    /// A backend is away; nothing was done; try again.
    case unavailable
    /// The connection to the store broke at the wrong moment: done or not done. Repeat with the same idempotency key.
    case outcomeUnknown = "outcome_unknown"
    /// A fault of the server.
    case `internal`
  }

  package var code: Code
  package var message: String
  /// The parameter or field that is at fault, as a path: `participants[2]`.
  package var field: String?
  /// Seconds after which a repetition may succeed.
  package var retryAfter: Int?

  package init(_ code: Code, _ message: String, field: String? = nil, retryAfter: Int? = nil) {
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
  }

  package var isRetriable: Bool {
    switch code {
    case .rateLimited, .slowMode, .overloaded, .unavailable, .outcomeUnknown, .keyUnavailable: true
    default: false
    }
  }

  package var description: String { "\(code.rawValue): \(message)" }

  package static func invalid(_ field: String, _ message: String) -> ChatError {
    ChatError(.invalidRequest, message, field: field)
  }

  package static let noSuchMessage = ChatError(
    .notFound, "There is no such message, or you are not a participant of its conversation.")

  package static let noSuchConversation = ChatError(
    .notFound, "There is no such conversation, or you are not one of its participants.")

  package static let blocked = ChatError(.blocked, "One of you blocks the other; nothing is sent between you.")

  package static let readOnly = ChatError(.readOnly, "Only admins of this conversation send to it.")

  /// The conversation is in slow mode, and its member may send again at `time`.
  static func slow(until time: Timestamp) -> ChatError {
    let rest = (time - Timestamp.now()).components
    return ChatError(
      .slowMode, "This conversation is in slow mode; wait before you send again.",
      retryAfter: max(1, Int(rest.seconds) + (rest.attoseconds > 0 ? 1 : 0)))
  }

  package static let archived = ChatError(
    .conversationArchived, "The conversation is archived; nothing can be sent to it.")
}
