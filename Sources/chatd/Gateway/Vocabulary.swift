import JSON

/// The names by which a client speaks with the gateway. Everything inside is in the modern ones; a client that says
/// `vocabulary: "legacy"` in its handshake is understood, and answered, in the older ones.
///
/// This file is the whole of the difference: add a row where an event or a field has an older name. What is in none of the
/// tables goes through under its own name. Where nobody is legacy a request's name is compared once, and that is all.
enum Vocabulary: String, Sendable {
  case modern, legacy

  /// What a client says: the older name, the modern one, and the fields that the older name stands for as well.
  private static let requests: [(legacy: String, modern: String, implied: (key: String, value: Bool)?)] = [
    ("join_room", "join", nil),
    ("leave_room", "leave", nil),
    ("send_message", "message:send", nil),
    ("edit_message", "message:edit", nil),
    ("delete_message", "message:delete", nil),
    ("mark_read", "message:read", nil),
    ("typing_start", "typing", ("isTyping", true)),
    ("typing_stop", "typing", ("isTyping", false)),
  ]

  /// What the server says. An event with `fields` has those only, in that order.
  private static let events: [(modern: String, legacy: String, fields: [String]?)] = [
    (
      "message:new", "message",
      ["id", "roomId", "userId", "username", "content", "type", "seq", "timestamp", "unreadable"]
    ),
    ("message:updated", "message:updated", nil),
    ("message:deleted", "message:deleted", nil),
    ("reaction", "reaction", nil),
    ("typing", "typing", nil),
    ("read:receipt", "message_read", nil),
    ("delivered:receipt", "delivered:receipt", nil),
    ("presence", "presence_update", nil),
    ("participant:joined", "user_joined", nil),
    ("participant:left", "user_left", nil),
    ("participant:updated", "participant:updated", nil),
    ("inbox:update", "inbox:update", nil),
    ("conversation:updated", "conversation:updated", nil),
    // Not `call:signal`, whose data are the clients' own.
    ("call:invite", "call:invite", nil),
    ("call:busy", "call:busy", nil),
    ("call:accepted", "call:accepted", nil),
    ("call:declined", "call:declined", nil),
    ("call:missed", "call:missed", nil),
    ("call:left", "call:left", nil),
    ("call:ended", "call:ended", nil),
  ]

  /// Fields, wherever they are.
  private static let fields: [(modern: String, legacy: String)] = [
    ("conversationId", "roomId"),
    ("body", "content"),
    ("createdAt", "timestamp"),
    ("senderId", "userId"),
    ("senderName", "username"),
  ]

  private static let modernRequest = Dictionary(
    uniqueKeysWithValues: requests.map { ($0.legacy, (name: $0.modern, implied: $0.implied)) })
  private static let legacyEvent = Dictionary(
    uniqueKeysWithValues: events.map { ($0.modern, (name: $0.legacy, fields: $0.fields)) })
  private static let legacyField = Dictionary(uniqueKeysWithValues: fields.map { ($0.modern, $0.legacy) })

  /// The request that a client means, and a field that its name stands for.
  func request(_ name: String) -> (name: String, implied: (key: String, value: Bool)?) {
    guard self == .legacy, let found = Self.modernRequest[name] else { return (name, nil) }
    return found
  }

  /// How a client calls a field.
  func field(_ name: String) -> String { self == .legacy ? Self.legacyField[name] ?? name : name }

  /// An event array, `["name",…]`, in the older names; nil for an event that has none.
  static func legacy(event json: [UInt8]) -> [UInt8]? {
    guard let root = try? JSONDocument(parsing: json).root, let name = root[0]?.string,
      let older = legacyEvent[name]
    else { return nil }
    var writer = JSONWriter(reserving: json.count + 32)
    writer.beginArray()
    writer.value(older.name)
    for argument in (root.array.map { Array($0) } ?? []).dropFirst() {
      if let fields = older.fields, argument.kind == .object {
        write(argument, only: fields, to: &writer)
      } else {
        write(argument, to: &writer)
      }
    }
    writer.endArray()
    return writer.bytes
  }

  /// An answer in the older names.
  static func legacy(answer json: [UInt8]) -> [UInt8] {
    guard let root = try? JSONDocument(parsing: json).root else { return json }
    var writer = JSONWriter(reserving: json.count + 32)
    write(root, to: &writer)
    return writer.bytes
  }

  private static func write(_ object: JSONValue, only names: [String], to writer: inout JSONWriter) {
    writer.beginObject()
    for name in names {
      let modern = fields.first { $0.legacy == name }?.modern ?? name
      guard let value = object[modern] else { continue }
      writer.key(name)
      write(value, to: &writer)
    }
    writer.endObject()
  }

  private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
    switch value.kind {
    case .object:
      writer.beginObject()
      for member in value.object.map({ Array($0) }) ?? [] {
        let key = member.key
        writer.key(legacyField[key] ?? key)
        write(member.value, to: &writer)
      }
      writer.endObject()
    case .array:
      writer.beginArray()
      for element in value.array.map({ Array($0) }) ?? [] { write(element, to: &writer) }
      writer.endArray()
    default: value.withRawBytes { writer.raw($0) }
    }
  }
}
