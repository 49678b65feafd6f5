import ChatKit
import HTTP
import JSON
import Primitives
import SocketIO

/// The object that a request or an event brings, read field by field; a field that is missing or of another type is a
/// `ChatError` that names it.
struct Payload: Sendable {
  private let document: JSONDocument?
  private var vocabulary = Vocabulary.modern
  /// A field that the event's name stands for.
  private var implied: (key: String, value: Bool)?

  /// The body of a request. Throws `ChatError` when it is no JSON object.
  init(_ request: HTTPRequest) throws {
    do {
      document = try JSONDocument(parsing: request.body)
    } catch {
      throw ChatError(.invalidRequest, "The body is not valid JSON: \(error).")
    }
    guard document?.root.kind == .object else { throw ChatError(.invalidRequest, "The body must be a JSON object.") }
  }

  /// The first argument of an event; without one every field is missing.
  /// - Parameters:
  ///   - vocabulary: the names that its fields have.
  ///   - implied: a field that the event's name says.
  init(_ arguments: Arguments, vocabulary: Vocabulary = .modern, implied: (key: String, value: Bool)? = nil) {
    self.vocabulary = vocabulary
    self.implied = implied
    guard let first = arguments.first, first.kind == .object else {
      document = nil
      return
    }
    document = first.withRawBytes { try? JSONDocument(parsing: $0) }
  }

  /// An element of a list of objects.
  init(_ value: JSONValue) {
    document = value.kind == .object ? value.withRawBytes { try? JSONDocument(parsing: $0) } : nil
  }

  private subscript(key: String) -> JSONValue? {
    guard let root = document?.root else { return nil }
    if let value = root[key] { return value.isNull ? nil : value }
    guard vocabulary == .legacy, let value = root[vocabulary.field(key)], !value.isNull else { return nil }
    return value
  }

  /// The field is there, and null.
  func isNull(_ key: String) -> Bool { document?.root[key]?.isNull == true }

  func string(_ key: String) throws -> String {
    guard let text = try optionalString(key) else { throw ChatError.invalid(key, "\(key) is missing.") }
    return text
  }

  func optionalString(_ key: String) throws -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else { throw ChatError.invalid(key, "\(key) must be a string.") }
    return text
  }

  /// Any value, as the JSON that it came as.
  func json(_ key: String) throws -> [UInt8] {
    guard let value = self[key] else { throw ChatError.invalid(key, "\(key) is missing.") }
    return value.rawBytes
  }

  func uuid(_ key: String) throws -> UUID {
    guard let id = try optionalUUID(key) else { throw ChatError.invalid(key, "\(key) is missing.") }
    return id
  }

  func optionalUUID(_ key: String) throws -> UUID? {
    guard let value = self[key] else { return nil }
    guard let id = value.uuid else { throw ChatError.invalid(key, "\(key) must be a UUID.") }
    return id
  }

  func uuids(_ key: String) throws -> [UUID] {
    guard let value = self[key] else { return [] }
    guard let array = value.array else { throw ChatError.invalid(key, "\(key) must be an array of UUIDs.") }
    return try array.enumerated().map { index, element in
      guard let id = element.uuid else {
        throw ChatError.invalid("\(key)[\(index)]", "\(key)[\(index)] must be a UUID.")
      }
      return id
    }
  }

  /// The objects of an array, at most `most`.
  func objects(_ key: String, most: Int) throws -> [Payload] {
    guard let array = self[key]?.array, (1...most).contains(array.count) else {
      throw ChatError.invalid(key, "\(key) must be an array of 1 to \(most) objects.")
    }
    return array.map { Payload($0) }
  }

  /// The objects of an array; none where there is no such field.
  func optionalObjects(_ key: String) throws -> [Payload] {
    guard let value = self[key] else { return [] }
    guard let array = value.array else { throw ChatError.invalid(key, "\(key) must be an array of objects.") }
    return try array.enumerated().map { index, element in
      guard element.kind == .object else {
        throw ChatError.invalid("\(key)[\(index)]", "\(key)[\(index)] must be an object.")
      }
      return Payload(element)
    }
  }

  /// An object within; nil where there is none.
  func optionalObject(_ key: String) throws -> Payload? {
    guard let value = self[key] else { return nil }
    guard value.kind == .object else { throw ChatError.invalid(key, "\(key) must be an object.") }
    return Payload(value)
  }

  func optionalTime(_ key: String) throws -> Timestamp? {
    guard let value = self[key] else { return nil }
    guard let time = value.timestamp else { throw ChatError.invalid(key, "\(key) must be a time as RFC 3339 has it.") }
    return time
  }

  /// Empty without the field.
  func strings(_ key: String) throws -> [String] {
    guard let value = self[key] else { return [] }
    guard let array = value.array else { throw ChatError.invalid(key, "\(key) must be an array of strings.") }
    return try array.enumerated().map { index, element in
      guard let text = element.string else {
        throw ChatError.invalid("\(key)[\(index)]", "\(key)[\(index)] must be a string.")
      }
      return text
    }
  }

  func optionalInt64(_ key: String, atLeast minimum: Int64) throws -> Int64? {
    guard let value = self[key] else { return nil }
    guard let number = value.int64, number >= minimum else {
      throw ChatError.invalid(key, "\(key) must be an integer of at least \(minimum).")
    }
    return number
  }

  func optionalBool(_ key: String) throws -> Bool? {
    if let implied, implied.key == key { return implied.value }
    guard let value = self[key] else { return nil }
    guard let flag = value.bool else { throw ChatError.invalid(key, "\(key) must be true or false.") }
    return flag
  }

  /// The trace that an event continues (`traceparent`); nil where there is none, or what is there is none.
  func trace() -> TraceContext? { self["traceparent"]?.withUTF8 { TraceContext(utf8: $0) } ?? nil }

  /// A message to be sent; the same fields over HTTP and over a socket.
  func draft(
    from sender: UUID, named name: String?, of workspace: UUID, idempotencyKey: String? = nil,
    trace: TraceContext? = nil
  ) throws -> MessageDraft {
    let type = try optionalString("type") ?? MessageType.text.rawValue
    guard let type = MessageType(rawValue: type) else {
      throw ChatError.invalid("type", "type is one of: text, image, file.")
    }
    // Of an image or a file it is the caption.
    let body = type == .image || type == .file ? try optionalString("body") ?? "" : try string("body")
    return MessageDraft(
      conversationId: try uuid("conversationId"), workspaceId: workspace, senderId: sender, senderName: name,
      type: type,
      body: body,
      replyTo: try optionalUUID("replyTo"), attachmentId: try optionalUUID("attachmentId"),
      idempotencyKey: try idempotencyKey ?? optionalString("idempotencyKey"), trace: trace)
  }

  /// How far somebody has read, or got, a conversation; without `seq` all of it.
  func cursorMove(_ kind: CursorReceipt.Kind, of user: UUID, in conversation: UUID? = nil) throws -> CursorMove {
    let conversation = try conversation ?? uuid("conversationId")
    let seq = try optionalInt64("seq", atLeast: 1) ?? .max
    return switch kind {
    case .read: CursorMove(conversation: conversation, user: user, read: seq)
    case .delivered: CursorMove(conversation: conversation, user: user, delivered: seq)
    }
  }
}
