package import Primitives

/// What gateways tell each other of presence, many things in one message on a channel that each of them hears: the edges
/// that the bus gave to one of them, and who is no longer, or has become, a member of what.
///
/// There are far fewer edges than there are users that somebody watches: a channel for each user would cost every join as
/// many subscriptions as the conversation has members.
package enum PresenceNews: Equatable, Sendable {
  case edge(PresenceEdge)
  /// The members of a conversation are others now, `user` among them or not any more.
  case members(conversation: UUID, user: UUID)
  /// One of the two blocks the other now, or does not any more.
  case blocks(UUID, UUID)

  package static let channel = "chatd:presence"
  /// The first byte of a message; no broadcast, request or ask begins so.
  package static let mark = UInt8(ascii: "@")
  private static let edgeLength = 33
  private static let membersLength = 32

  package static func encode(_ news: [PresenceNews]) -> [UInt8] {
    var bytes = [mark]
    bytes.reserveCapacity(1 + news.count * (edgeLength + 1))
    func append(_ word: UInt64) { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
    for item in news {
      switch item {
      case .edge(let edge):
        bytes.append(UInt8(ascii: "e"))
        append(edge.user.high)
        append(edge.user.low)
        append(UInt64(bitPattern: edge.version))
        append(UInt64(bitPattern: edge.at.microseconds))
        bytes.append(edge.isOnline ? 1 : 0)
      case .members(let conversation, let user):
        bytes.append(UInt8(ascii: "m"))
        append(conversation.high)
        append(conversation.low)
        append(user.high)
        append(user.low)
      case .blocks(let one, let other):
        bytes.append(UInt8(ascii: "b"))
        append(one.high)
        append(one.low)
        append(other.high)
        append(other.low)
      }
    }
    return bytes
  }

  /// Reads a message; what is not understood ends it.
  package static func decode(_ bytes: UnsafeRawBufferPointer, _ body: (PresenceNews) -> Void) {
    var position = 1
    func word(_ offset: Int) -> UInt64 {
      bytes.loadUnaligned(fromByteOffset: position + offset, as: UInt64.self).bigEndian
    }
    func identifier(_ offset: Int) -> UUID { UUID(high: word(offset), low: word(offset + 8)) }
    while position < bytes.count {
      let kind = bytes[position]
      position += 1
      switch kind {
      case UInt8(ascii: "e") where bytes.count - position >= edgeLength:
        body(
          .edge(
            PresenceEdge(
              user: identifier(0), isOnline: bytes[position + 32] == 1, version: Int64(bitPattern: word(16)),
              at: Timestamp(microseconds: Int64(bitPattern: word(24))))))
        position += edgeLength
      case UInt8(ascii: "m") where bytes.count - position >= membersLength:
        body(.members(conversation: identifier(0), user: identifier(16)))
        position += membersLength
      case UInt8(ascii: "b") where bytes.count - position >= membersLength:
        body(.blocks(identifier(0), identifier(16)))
        position += membersLength
      default: return
      }
    }
  }
}
