import JSON
import MessagePack

/// MessagePack made into JSON and back: what JSON can hold stays what it is, attachments and all.
enum MessagePackFuzz {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    skip(bytes)
    var decoder = MessagePackToJSON(maximumDepth: 16, maximumAttachments: 8)
    guard let json = try? decoder.transcode(bytes) else { return }
    demand(decoder.attachments.count <= 8, "attachments within their limit")
    guard let document = try? JSONDocument(parsing: json) else { return demand(false, "it is JSON") }
    // Placeholders that stand in the input itself may point anywhere.
    guard
      let packed = try? json.withUnsafeBytes({ try JSONToMessagePack.transcode($0, attachments: decoder.attachments) })
    else { return }
    var again = MessagePackToJSON(maximumDepth: 16, maximumAttachments: 64)
    guard let second = try? packed.withUnsafeBytes({ bytes throws(MessagePackError) in try again.transcode(bytes) }),
      let other = try? JSONDocument(parsing: second)
    else { return demand(false, "what is encoded decodes") }
    if decoder.attachments.isEmpty {
      demand(JSONFuzz.isSame(JSONLiteral(other.root), JSONLiteral(document.root)), "what is encoded decodes to itself")
    }
    demand(packed.withUnsafeBytes { skip($0) } == packed.count, "one value is all that was written")
  }

  /// Where the first value ends; what cannot be skipped cannot be read.
  @discardableResult
  private static func skip(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var reader = MessagePackReader(bytes)
    do throws(MessagePackError) { try reader.skip() } catch { return nil }
    demand(reader.position <= bytes.count && reader.position > 0, "it stays within its bytes")
    var raw = MessagePackReader(bytes)
    let value = try? raw.readRaw()
    demand(value?.count == reader.position, "a raw value ends where a skipped one does")
    return reader.position
  }
}
