import Primitives

/// Where a page of history ends: opaque to clients, so that what is in it may change.
package struct Cursor: Sendable, Equatable {
  /// Messages before this seq come next (older), or after it (newer).
  package enum Direction: UInt8, Sendable {
    case before = 0x62
    case after = 0x61
  }

  package var direction: Direction
  package var seq: Int64

  package init(_ direction: Direction, _ seq: Int64) {
    self.direction = direction
    self.seq = seq
  }

  package init?(_ text: String) {
    guard text.utf8.count <= 40, let bytes = Base64.url.decode(text), let first = bytes.first,
      let direction = Direction(rawValue: first), let seq = Int64(String(decoding: bytes.dropFirst(), as: UTF8.self)),
      seq >= 0
    else { return nil }
    self.init(direction, seq)
  }

  package var text: String { Base64.url.encode([direction.rawValue] + Array(String(seq).utf8)) }
}
