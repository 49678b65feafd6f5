package import JSON
package import Primitives

/// What a message carries.
package enum MessageType: String, Sendable {
  case text, image, file
  /// Written by the server alone: what happened in the conversation.
  case system
}

/// A message as it is stored and as everybody sees it.
package struct Message: Sendable, Equatable {
  package var id: UUID
  package var conversationId: UUID
  /// The message's place in its conversation's log.
  package var seq: Int64
  package var senderId: UUID
  /// The sender's username; nil where nobody has looked it up.
  package var senderName: String?
  package var type: MessageType
  /// Empty once the message is deleted, and where it is not open (`isClosed`, `unreadable`).
  package var body: String
  /// The body as it is stored, in an encrypted conversation.
  package private(set) var sealed: SealedBody?
  /// `sealed` is there, and was not opened (yet).
  package private(set) var isClosed = false
  /// Why it cannot be opened.
  package private(set) var unreadable: Unreadable?
  package var replyTo: UUID?
  package var attachmentId: UUID?
  package var createdAt: Timestamp
  package var editedAt: Timestamp?
  package var deletedAt: Timestamp?
  /// The seq of the log's entry that made the message what it is: its own, or that of its last edit, or of its delete.
  /// Its entity tag.
  package var version: Int64

  /// - Parameter version: nil for a message that was never changed.
  package init(
    id: UUID, conversationId: UUID, seq: Int64, senderId: UUID, senderName: String? = nil, type: MessageType,
    body: String, replyTo: UUID? = nil, attachmentId: UUID? = nil, createdAt: Timestamp, editedAt: Timestamp? = nil,
    deletedAt: Timestamp? = nil, version: Int64? = nil
  ) {
    self.id = id
    self.conversationId = conversationId
    self.seq = seq
    self.senderId = senderId
    self.senderName = senderName
    self.type = type
    self.body = body
    self.replyTo = replyTo
    self.attachmentId = attachmentId
    self.createdAt = createdAt
    self.editedAt = editedAt
    self.deletedAt = deletedAt
    self.version = version ?? seq
  }

  // MARK: Encryption

  /// As a row has it: it is to be opened.
  mutating func close(_ sealed: SealedBody) {
    self.sealed = sealed
    body = ""
    isClosed = true
    unreadable = nil
  }

  /// Where the body is known: in which form it is stored.
  mutating func keep(_ sealed: SealedBody?) { self.sealed = sealed }

  mutating func open(_ result: Result<String, Unreadable>) {
    switch result {
    case .success(let text):
      body = text
      isClosed = false
      unreadable = nil
    case .failure(let reason): unreadable = reason
    }
  }

  /// The one JSON form of a message: HTTP answers, events and `message:new` are all this.
  /// - Parameters:
  ///   - trace: written for those who asked for it, by a trace that is kept.
  ///   - reactions: as one reader sees them; left out where there are none.
  package func write(to json: inout JSONWriter, trace: TraceContext? = nil, reactions: [ReactionCount] = []) {
    write(to: &json, trace: trace, reactions: reactions, isSealed: false)
  }

  func write(to json: inout JSONWriter, trace: TraceContext?, reactions: [ReactionCount] = [], isSealed: Bool) {
    json.beginObject()
    writeFields(to: &json, entry: nil, isSealed: isSealed)
    if !reactions.isEmpty {
      json.key("reactions")
      json.beginArray()
      for reaction in reactions { reaction.write(to: &json) }
      json.endArray()
    }
    if let trace { json.field("trace", trace) }
    json.endObject()
  }

  /// The fields, into an open object.
  /// - Parameters:
  ///   - entry: the seq of a later entry that tells of the message: it is `seq` then, and the message's own `messageSeq`.
  ///   - isSealed: for the bus: the body of an encrypted conversation as it is stored.
  func writeFields(to json: inout JSONWriter, entry: Int64?, isSealed: Bool = false) {
    json.field("id", id)
    json.field("conversationId", conversationId)
    json.field("seq", entry ?? seq)
    if entry != nil { json.field("messageSeq", seq) }
    json.field("senderId", senderId)
    if let senderName { json.field("senderName", senderName) }
    json.field("type", type.rawValue)
    if isSealed, let sealed {
      sealed.writeFields(to: &json)
    } else if isClosed {
      json.field("unreadable", (unreadable ?? .keyUnavailable).rawValue)
    } else {
      json.field("body", body)
    }
    if let replyTo { json.field("replyTo", replyTo) }
    if let attachmentId { json.field("attachmentId", attachmentId) }
    json.field("createdAt", createdAt)
    if let editedAt { json.field("editedAt", editedAt) }
    if let deletedAt { json.field("deletedAt", deletedAt) }
    json.field("version", version)
  }
}
