package import JSON
package import MessagePack

/// The `data` of an event that was received, as it came.
package enum EventData: Sendable {
  case json(JSONValue)
  /// One value of MessagePack, known to be whole.
  case messagePack([UInt8])

  /// The value, read where that is still to be done; nil for what JSON cannot say.
  package var value: JSONValue? {
    switch self {
    case .json(let value): return value
    case .messagePack(let bytes):
      var transcoder = MessagePackToJSON(maximumAttachments: 0)
      guard let json = bytes.withUnsafeBytes({ try? transcoder.transcode($0) }) else { return nil }
      return try? JSONDocument(parsing: json).root
    }
  }

  /// Appends it to what is being written.
  package func write(to writer: inout MessagePackWriter) {
    switch self {
    case .json(let value):
      do {
        try JSONToMessagePack.transcode(value, into: &writer)
      } catch {
        // Only an attachment can be missing, and none is asked for.
        writer.null()
      }
    case .messagePack(let bytes): writer.raw(bytes)
    }
  }
}
