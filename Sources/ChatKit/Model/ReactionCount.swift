package import JSON

/// How many have reacted to a message with one emoji, as one reader sees it.
package struct ReactionCount: Sendable, Equatable {
  package var emoji: String
  package var total: Int64
  /// The reader is among them.
  package var isOwn: Bool

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("emoji", emoji)
    json.field("total", total)
    json.field("own", isOwn)
    json.endObject()
  }
}
