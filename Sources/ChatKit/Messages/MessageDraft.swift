package import Primitives

/// A message on its way into the store: checked, with its identifiers, without its seq.
package struct MessageDraft: Sendable {
  package var id: UUID
  /// The identifier of the `message.created` event that will tell of it.
  package var eventId: UUID
  package var conversationId: UUID
  /// The sender's, where it is known: whose filter looks at it.
  package var workspaceId: UUID?
  package var senderId: UUID
  /// The sender's username, where it is known: receivers are spared looking it up.
  package var senderName: String?
  package var type: MessageType
  package var body: String
  package var replyTo: UUID?
  package var attachmentId: UUID?
  package var idempotencyKey: String?
  /// SHA-256 over what the key stands for; the same key with another fingerprint is refused.
  package var fingerprint: [UInt8]
  /// The step of a trace that sending it is.
  package var trace: TraceContext?
  /// When this process had read it.
  package var received: Timestamp

  package init(
    id: UUID = .v7(), eventId: UUID = .v7(), conversationId: UUID, workspaceId: UUID? = nil, senderId: UUID,
    senderName: String? = nil,
    type: MessageType = .text, body: String, replyTo: UUID? = nil, attachmentId: UUID? = nil,
    idempotencyKey: String? = nil, trace: TraceContext? = nil, received: Timestamp = .now()
  ) {
    self.id = id
    self.eventId = eventId
    self.conversationId = conversationId
    self.workspaceId = workspaceId
    self.senderId = senderId
    self.senderName = senderName
    self.type = type
    self.body = body
    self.replyTo = replyTo
    self.attachmentId = attachmentId
    self.idempotencyKey = idempotencyKey
    self.trace = trace
    self.received = received
    fingerprint =
      idempotencyKey == nil
      ? []
      : Fingerprint.of(
        conversationId: conversationId, type: type, body: body, replyTo: replyTo, attachmentId: attachmentId)
  }

  func message(seq: Int64, at time: Timestamp) -> Message {
    Message(
      id: id, conversationId: conversationId, seq: seq, senderId: senderId, senderName: senderName, type: type,
      body: body, replyTo: replyTo, attachmentId: attachmentId, createdAt: time)
  }
}

/// What two requests with one idempotency key must have in common to be the same request.
enum Fingerprint {
  static func of(
    conversationId: UUID, type: MessageType, body: String, replyTo: UUID?, attachmentId: UUID?
  ) -> [UInt8] {
    var text = "\(conversationId)\u{0}\(type.rawValue)\u{0}\(replyTo?.description ?? "")\u{0}"
    if let attachmentId { text += "\(attachmentId)\u{0}" }
    text += body
    return SHA256.digest(Array(text.utf8))
  }
}
