package import JSON

/// JSON to MessagePack from the tape of a document. A whole number is written as an integer where it fits, like
/// JavaScript's; a placeholder of Socket.IO becomes the binary value that it stands for.
package enum JSONToMessagePack {
  /// Appends one value. Throws (invalidAttachment) for a placeholder that points at nothing; with no attachments given,
  /// placeholders are ordinary objects.
  package static func transcode(
    _ value: JSONValue, attachments: [[UInt8]] = [], into out: inout MessagePackWriter
  ) throws(MessagePackError) {
    switch value.kind {
    case .null: out.null()
    case .bool: out.value(value.bool ?? false)
    case .number:
      if let integer = value.int64 { out.value(integer) } else { out.value(value.double ?? .infinity) }
    case .string:
      value.withUTF8 { out.value(utf8: $0) }
    case .array:
      out.arrayHeader(value.count)
      if let elements = value.array {
        for element in elements { try transcode(element, attachments: attachments, into: &out) }
      }
    case .object:
      if !attachments.isEmpty, value["_placeholder"]?.bool == true {
        guard let index = value["num"]?.int, attachments.indices.contains(index) else {
          throw MessagePackError(.invalidAttachment, at: 0)
        }
        out.binary(attachments[index])
        return
      }
      out.mapHeader(value.count)
      if let members = value.object {
        for member in members {
          member.keyValue.withUTF8 { out.value(utf8: $0) }
          try transcode(member.value, attachments: attachments, into: &out)
        }
      }
    }
  }

  /// A whole document; throws its `JSONError` as it is.
  package static func transcode(_ json: UnsafeRawBufferPointer, attachments: [[UInt8]] = []) throws -> [UInt8] {
    let document = try JSONDocument(parsing: json)
    var out = MessagePackWriter(reserving: json.count)
    try transcode(document.root, attachments: attachments, into: &out)
    return out.bytes
  }
}
