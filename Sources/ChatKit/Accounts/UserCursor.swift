package import Primitives

/// Where a page of found users ends: opaque to clients.
package struct UserCursor: Sendable, Equatable {
  /// By what those of the page were found: first the name, then the display name.
  package enum Phase: UInt8, Sendable {
    case username = 0x75
    case displayName = 0x64
  }

  package var phase: Phase
  /// The last one's, in lower case as the store has it, and which of them if many have it.
  package var key: String
  package var id: UUID

  package init(_ phase: Phase, key: String, id: UUID) {
    self.phase = phase
    self.key = key
    self.id = id
  }

  package init?(_ text: String) {
    guard text.utf8.count <= 1024, let bytes = Base64.url.decode(text), bytes.count >= 37,
      let phase = Phase(rawValue: bytes[0]), let id = UUID(String(decoding: bytes[1..<37], as: UTF8.self)),
      let key = String(validating: bytes[37...], as: UTF8.self), !key.utf8.contains(0)
    else { return nil }
    self.init(phase, key: key, id: id)
  }

  package var text: String { Base64.url.encode([phase.rawValue] + Array(id.description.utf8) + Array(key.utf8)) }
}
