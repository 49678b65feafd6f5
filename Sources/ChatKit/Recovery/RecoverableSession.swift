import MessagePack
package import Primitives

/// A socket as another hub needs it to continue it: who it is, and which rooms it is in.
package struct RecoverableSession: Equatable, Sendable {
  /// A conversation's room.
  package struct Room: Equatable, Sendable {
    package var conversation: UUID
    /// The ordinal that the hub gave to the join. A client whose offset is lower may not know of it.
    package var joined: UInt64
    /// The newest message that the client had when it was in.
    package var joinedSeq: Int64
    /// What was delivered last, and its ordinal; 0 where the record does not say (the hub's table does).
    package var lastOrdinal: UInt64 = 0
    package var lastSeq: Int64 = 0

    package init(conversation: UUID, joined: UInt64, joinedSeq: Int64, lastOrdinal: UInt64 = 0, lastSeq: Int64 = 0) {
      self.conversation = conversation
      self.joined = joined
      self.joinedSeq = joinedSeq
      self.lastOrdinal = lastOrdinal
      self.lastSeq = lastSeq
    }
  }

  /// Where a client stands in a conversation.
  package struct Position: Equatable, Sendable {
    package var conversation: UUID
    package var seq: Int64

    package init(conversation: UUID, seq: Int64) {
      self.conversation = conversation
      self.seq = seq
    }
  }

  /// The socket's public identifier.
  package var socket: String
  package var user: UUID
  package var rooms: [Room]
  /// Rooms that are no conversations.
  package var names: [String]
  /// When the connection was cut, in milliseconds since 1970; 0 while it is not.
  package var cutAt: Int64 = 0

  package init(socket: String, user: UUID, rooms: [Room], names: [String], cutAt: Int64 = 0) {
    self.socket = socket
    self.user = user
    self.rooms = rooms
    self.names = names
    self.cutAt = cutAt
  }

  /// The newest ordinal that the record itself vouches for.
  package var newestJoin: UInt64 { rooms.reduce(0) { max($0, $1.joined) } }

  /// Whether every room's last delivery was at or before `ordinal`, so that no log is needed.
  package func isSettled(at ordinal: UInt64) -> Bool { rooms.allSatisfy { $0.lastOrdinal <= ordinal } }

  /// Where a client that has had everything up to `ordinal` stands in each conversation.
  ///
  /// `later` is what the hub delivered after `ordinal`, without a hole; nil when that is not known. The answer is nil
  /// where it cannot be told for certain: such a client is not recovered.
  package func positions(at ordinal: UInt64, later: [DeliveryLog.Entry]?) -> [Position]? {
    guard newestJoin <= ordinal else { return nil }
    var firstLater: [UUID: Int64] = [:]
    if !isSettled(at: ordinal) {
      guard let later else { return nil }
      let wanted = Set(rooms.map(\.conversation))
      for entry in later where entry.seq > 0 && firstLater[entry.conversation] == nil {
        if wanted.contains(entry.conversation) { firstLater[entry.conversation] = entry.seq }
      }
    }
    var found: [Position] = []
    found.reserveCapacity(rooms.count)
    for room in rooms {
      if room.lastOrdinal <= ordinal {
        let isBefore = room.lastOrdinal < room.joined
        found.append(Position(conversation: room.conversation, seq: isBefore ? room.joinedSeq : room.lastSeq))
      } else {
        guard let first = firstLater[room.conversation] else { return nil }
        found.append(Position(conversation: room.conversation, seq: first - 1))
      }
    }
    return found
  }

  // MARK: As bytes

  private static let version = 1
  private static let roomSize = 48

  /// `[version, socket, user, cutAt, rooms, names]` in MessagePack; the rooms are one binary value.
  package var bytes: [UInt8] {
    var packed: [UInt8] = []
    packed.reserveCapacity(rooms.count * Self.roomSize)
    for room in rooms {
      packed.append(word: room.conversation.high)
      packed.append(word: room.conversation.low)
      packed.append(word: room.joined)
      packed.append(word: UInt64(bitPattern: room.joinedSeq))
      packed.append(word: room.lastOrdinal)
      packed.append(word: UInt64(bitPattern: room.lastSeq))
    }
    var writer = MessagePackWriter(reserving: packed.count + 128)
    writer.arrayHeader(6)
    writer.value(Self.version)
    writer.value(socket)
    writer.value(user)
    writer.value(cutAt)
    writer.binary(packed)
    writer.arrayHeader(names.count)
    for name in names { writer.value(name) }
    return writer.bytes
  }

  /// Nil for what this version has not written.
  package init?(_ bytes: [UInt8]) {
    let read = bytes.withUnsafeBytes { try? Self.read($0) }
    guard let read = read ?? nil else { return nil }
    self = read
  }

  private static func read(_ bytes: UnsafeRawBufferPointer) throws -> RecoverableSession? {
    var reader = MessagePackReader(bytes)
    guard try reader.readArrayHeader() == 6, try reader.readInt() == version else { return nil }
    let socket = String(decoding: try reader.readString(), as: UTF8.self)
    guard let user = UUID(String(decoding: try reader.readString(), as: UTF8.self)) else { return nil }
    let cutAt = try reader.readInt64()
    let packed = Array(try reader.readBinary())
    guard packed.count % roomSize == 0 else { return nil }
    let names = try (0..<(try reader.readArrayHeader())).map { _ in
      String(decoding: try reader.readString(), as: UTF8.self)
    }
    let rooms = stride(from: 0, to: packed.count, by: roomSize).map { at in
      Room(
        conversation: UUID(high: packed.word(at: at), low: packed.word(at: at + 8)), joined: packed.word(at: at + 16),
        joinedSeq: Int64(bitPattern: packed.word(at: at + 24)), lastOrdinal: packed.word(at: at + 32),
        lastSeq: Int64(bitPattern: packed.word(at: at + 40)))
    }
    return RecoverableSession(socket: socket, user: user, rooms: rooms, names: names, cutAt: cutAt)
  }
}
