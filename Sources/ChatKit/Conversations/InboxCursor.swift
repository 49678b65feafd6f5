package import Primitives

/// Where a page of an inbox ends: opaque to clients.
package struct InboxCursor: Sendable, Equatable {
  /// The last entry's activity, and which of those of the same moment.
  package var activity: Timestamp
  package var id: UUID

  package init(activity: Timestamp, id: UUID) {
    self.activity = activity
    self.id = id
  }

  package init?(_ text: String) {
    guard text.utf8.count <= 96, let bytes = Base64.url.decode(text), bytes.count > 36,
      let id = UUID(String(decoding: bytes[..<36], as: UTF8.self)),
      let microseconds = Int64(String(decoding: bytes[36...], as: UTF8.self)),
      // Years 0 to 9999: what PostgreSQL is given can be a time there.
      (-62_167_219_200_000_000...253_402_300_799_999_999).contains(microseconds)
    else { return nil }
    self.init(activity: Timestamp(microseconds: microseconds), id: id)
  }

  package var text: String {
    Base64.url.encode(Array(id.description.utf8) + Array(String(activity.microseconds).utf8))
  }
}
