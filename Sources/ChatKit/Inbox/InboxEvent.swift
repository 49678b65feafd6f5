import JSON
package import Primitives

/// An event as the inbox worker's effects see it.
package struct InboxEvent: Sendable {
  /// The message that `message.created`, `message.updated` and `message.deleted` are about, as they tell of it.
  package struct Subject: Sendable {
    package let id: UUID
    /// Its own place, whatever the entry's is.
    package let seq: Int64
    package let senderId: UUID
    package let type: MessageType
    /// Empty of one that was deleted.
    package let body: String
    package let createdAt: Timestamp
    package let isDeleted: Bool
    /// Of an encrypted conversation: `body` must not be stored anywhere.
    package var isSealed = false
  }

  /// Its own; of an entry that was read from the store a new one.
  package let id: UUID
  package let kind: Event.Kind
  package let conversationId: UUID
  /// Its place in the conversation's log.
  package let seq: Int64?
  package let at: Timestamp
  /// The JSON of its data; of an encrypted conversation with the body as it is stored.
  package let data: [UInt8]
  package let subject: Subject?

  /// A message that is new.
  package var posted: Subject? { kind == .messageCreated ? subject : nil }

  /// From the bus. Throws `InboxFailure` where it lacks what an event of its kind has.
  /// - Parameter opened: what `MessageVault.openSealed` has made of it, where it is sealed; a body that is not there is empty.
  package init(_ event: ReceivedEvent, opened: EventData? = nil) throws(InboxFailure) {
    guard let value = event.data.value else { throw InboxFailure("decoding", "its data is no JSON") }
    try self.init(
      id: event.id, kind: event.kind, event.conversationId, event.seq, at: event.at ?? .now(), value,
      opened: opened?.value ?? value)
  }

  /// An entry of a log that the bus did not bring.
  package init(_ entry: LogEntry) throws(InboxFailure) {
    func written(isSealed: Bool) -> JSONValue? {
      var json = JSONWriter(reserving: 384)
      entry.write(to: &json, trace: nil, isSealed: isSealed)
      return (try? JSONDocument(parsing: json.bytes))?.root
    }
    guard let value = written(isSealed: true),
      let opened = entry.message.sealed == nil ? value : written(isSealed: false)
    else { throw InboxFailure("decoding", "entry \(entry.seq) cannot be written as JSON") }
    try self.init(
      id: .v7(), kind: entry.kind, entry.message.conversationId, entry.seq, at: entry.at, value, opened: opened)
  }

  private init(
    id: UUID, kind: Event.Kind, _ conversation: UUID, _ seq: Int64?, at: Timestamp, _ value: JSONValue,
    opened: JSONValue
  ) throws(InboxFailure) {
    self.id = id
    self.kind = kind
    conversationId = conversation
    self.seq = seq
    self.at = at
    data = value.rawBytes
    switch kind {
    case .messageCreated, .messageUpdated:
      var found = try Self.subject(opened, seq)
      found.isSealed = value["keyVersion"] != nil
      subject = found
    case .messageDeleted:
      guard let message = value["id"]?.uuid, let place = value["messageSeq"]?.int64 else {
        throw InboxFailure("decoding", "it lacks the message's id or seq")
      }
      subject = Subject(
        id: message, seq: place, senderId: value["actorId"]?.uuid ?? message, type: .text, body: "", createdAt: at,
        isDeleted: true)
    default: subject = nil
    }
  }

  private static func subject(_ value: JSONValue, _ seq: Int64?) throws(InboxFailure) -> Subject {
    guard let place = value["messageSeq"]?.int64 ?? seq, let message = value["id"]?.uuid,
      let sender = value["senderId"]?.uuid, let created = value["createdAt"]?.timestamp
    else { throw InboxFailure("decoding", "it lacks the message's id, seq, sender or time") }
    return Subject(
      id: message, seq: place, senderId: sender,
      type: value["type"]?.string.flatMap(MessageType.init(rawValue:)) ?? .text, body: value["body"]?.string ?? "",
      createdAt: created, isDeleted: value["deletedAt"]?.isNull == false)
  }
}
