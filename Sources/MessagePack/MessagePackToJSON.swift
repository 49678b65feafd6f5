package import JSON
import Primitives

/// MessagePack to JSON in one go. What JavaScript's `JSON.stringify` would make of the decoded value: dates become
/// RFC 3339 strings, what is not finite and what is `undefined` null, keys strings. Strings that are not UTF-8 are
/// repaired with U+FFFD, as every other receiver of the message does. Binary values leave a placeholder and become
/// attachments (Socket.IO protocol 5).
package struct MessagePackToJSON {
  /// The binary values in the order of their placeholders.
  package private(set) var attachments: [[UInt8]] = []
  private let maximumDepth: Int
  private let maximumAttachments: Int

  package init(maximumDepth: Int = 64, maximumAttachments: Int = 256) {
    self.maximumDepth = maximumDepth
    self.maximumAttachments = maximumAttachments
  }

  /// One whole value as JSON; throws when something follows it.
  package mutating func transcode(_ bytes: UnsafeRawBufferPointer) throws(MessagePackError) -> [UInt8] {
    var reader = MessagePackReader(bytes)
    var json = JSONWriter(reserving: bytes.count + bytes.count / 2)
    try transcode(&reader, into: &json)
    try reader.finish()
    return json.bytes
  }

  /// The reader's next value, written where `json` stands.
  package mutating func transcode(
    _ reader: inout MessagePackReader, into json: inout JSONWriter
  ) throws(MessagePackError) {
    try value(&reader, &json, depth: 0)
  }

  private mutating func value(
    _ reader: inout MessagePackReader, _ json: inout JSONWriter, depth: Int
  ) throws(MessagePackError) {
    guard let kind = reader.next else { throw reader.error(.truncated) }
    switch kind {
    case .null:
      try reader.readNull()
      json.null()
    case .bool:
      json.value(try reader.readBool())
    case .integer:
      let number = try reader.readInteger()
      if number.isNegative { json.value(Int64(bitPattern: number.bits)) } else { json.value(number.bits) }
    case .double:
      json.value(try reader.readDouble())
    case .string:
      Self.string(try reader.readString(), &json)
    case .binary:
      try attach(try reader.readBinary(), &reader, &json)
    case .array:
      guard depth < maximumDepth else { throw reader.error(.tooDeep) }
      let count = try reader.readArrayHeader()
      json.beginArray()
      for _ in 0..<count { try value(&reader, &json, depth: depth + 1) }
      json.endArray()
    case .map:
      guard depth < maximumDepth else { throw reader.error(.tooDeep) }
      let count = try reader.readMapHeader()
      json.beginObject()
      for _ in 0..<count {
        try key(&reader, &json)
        try value(&reader, &json, depth: depth + 1)
      }
      json.endObject()
    case .extension:
      try extended(&reader, &json)
    case .reserved:
      throw reader.error(.reserved)
    }
  }

  private static func string(_ text: UnsafeRawBufferPointer, _ json: inout JSONWriter) {
    if UTF8Bytes.areValid(text) { json.value(utf8: text) } else { json.value(String(decoding: text, as: UTF8.self)) }
  }

  /// Keys as JavaScript makes them of what they are.
  private func key(_ reader: inout MessagePackReader, _ json: inout JSONWriter) throws(MessagePackError) {
    switch reader.next {
    case .string:
      let text = try reader.readString()
      if UTF8Bytes.areValid(text) { json.key(utf8: text) } else { json.key(String(decoding: text, as: UTF8.self)) }
    case .integer:
      let number = try reader.readInteger()
      json.key(number.isNegative ? String(Int64(bitPattern: number.bits)) : String(number.bits))
    case .bool: json.key(try reader.readBool() ? "true" : "false")
    case .null:
      try reader.readNull()
      json.key("null")
    case nil: throw reader.error(.truncated)
    default: throw reader.error(.invalidKey)
    }
  }

  private mutating func extended(
    _ reader: inout MessagePackReader, _ json: inout JSONWriter
  ) throws(MessagePackError) {
    let isFixed = reader.bytes[reader.position] >= 0xd4
    let (type, data) = try reader.readExtension()
    switch (type, isFixed, data.count) {
    case (0, true, 1):
      json.null()
    case (0, false, _):
      try attach(data, &reader, &json)
    case (-1, _, _), (0, true, 8):
      if let time = MessagePackTimestamp.decode(type: type, data) { json.value(time) } else { json.null() }
    default:
      // An unknown extension decodes to a pair of its type and its bytes.
      json.beginArray()
      json.value(Int(type))
      try attach(data, &reader, &json)
      json.endArray()
    }
  }

  private mutating func attach(
    _ data: UnsafeRawBufferPointer, _ reader: inout MessagePackReader, _ json: inout JSONWriter
  ) throws(MessagePackError) {
    guard attachments.count < maximumAttachments else { throw reader.error(.tooManyAttachments) }
    json.beginObject()
    json.field("_placeholder", true)
    json.field("num", attachments.count)
    json.endObject()
    attachments.append([UInt8](data))
  }
}
