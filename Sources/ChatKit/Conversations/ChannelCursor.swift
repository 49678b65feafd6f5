package import Primitives

/// Where a page of channels ends: opaque to clients.
package struct ChannelCursor: Sendable, Equatable {
  /// The last one's title in lower case, as the store has it, and which of them if many have it.
  package var title: String
  package var id: UUID

  package init(title: String, id: UUID) {
    self.title = title
    self.id = id
  }

  package init?(_ text: String) {
    guard text.utf8.count <= 2048, let bytes = Base64.url.decode(text), bytes.count >= 36,
      let id = UUID(String(decoding: bytes[..<36], as: UTF8.self)),
      let title = String(validating: bytes[36...], as: UTF8.self), !title.utf8.contains(0)
    else { return nil }
    self.init(title: title, id: id)
  }

  package var text: String { Base64.url.encode(Array(id.description.utf8) + Array(title.utf8)) }
}
