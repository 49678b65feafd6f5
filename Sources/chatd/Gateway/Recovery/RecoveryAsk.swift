import ChatKit
import MessagePack
import Primitives

/// What hubs say to each other about a client that has come to another than it was on. Over Redis' channels; whoever can
/// write there could say anything to the sockets anyway.
///
/// A byte that begins no message of the adapter, then MessagePack: `[0, number, asker, privateID, ordinal, user]` or
/// `[1, number, socket, positions, names]` (socket "" where the session cannot be continued).
enum RecoveryAsk {
  static let mark = UInt8(ascii: "!")

  static func channel(of hub: String) -> String { "chatd-recovery#\(hub)#" }

  struct Question {
    var number: UInt64
    var asker: String
    var privateID: String
    var ordinal: UInt64
    var user: UUID

    var bytes: [UInt8] {
      var writer = MessagePackWriter(reserving: 128)
      writer.arrayHeader(6)
      writer.value(0)
      writer.value(number)
      writer.value(asker)
      writer.value(privateID)
      writer.value(ordinal)
      writer.value(user)
      return [mark] + writer.bytes
    }
  }

  enum Received {
    case question(Question)
    case answer(number: UInt64, RecoveryAnswer?)
  }

  static func read(_ payload: UnsafeRawBufferPointer) -> Received? {
    var reader = MessagePackReader(UnsafeRawBufferPointer(rebasing: payload.dropFirst()))
    do {
      let count = try reader.readArrayHeader()
      let kind = try reader.readInt()
      let number = try reader.readUInt64()
      switch (kind, count) {
      case (0, 6):
        let asker = String(decoding: try reader.readString(), as: UTF8.self)
        let id = String(decoding: try reader.readString(), as: UTF8.self)
        let ordinal = try reader.readUInt64()
        guard let user = UUID(String(decoding: try reader.readString(), as: UTF8.self)) else { return nil }
        return .question(Question(number: number, asker: asker, privateID: id, ordinal: ordinal, user: user))
      case (1, 5):
        return .answer(number: number, try RecoveryAnswer(&reader))
      default:
        return nil
      }
    } catch {
      return nil
    }
  }

  static func answer(_ number: UInt64, _ answer: RecoveryAnswer?) -> [UInt8] {
    var writer = MessagePackWriter(reserving: 256)
    writer.arrayHeader(5)
    writer.value(1)
    writer.value(number)
    writer.value(answer?.socket ?? "")
    writer.arrayHeader((answer?.positions.count ?? 0) * 2)
    for position in answer?.positions ?? [] {
      writer.value(position.conversation)
      writer.value(position.seq)
    }
    writer.arrayHeader(answer?.names.count ?? 0)
    for name in answer?.names ?? [] { writer.value(name) }
    return [mark] + writer.bytes
  }
}

/// A session that may be continued: the socket that it was, where its client stands in each conversation, and the rooms
/// that are no conversations.
struct RecoveryAnswer: Sendable {
  var socket: String
  var positions: [RecoverableSession.Position]
  var names: [String]

  init(socket: String, positions: [RecoverableSession.Position], names: [String]) {
    self.socket = socket
    self.positions = positions
    self.names = names
  }

  fileprivate init?(_ reader: inout MessagePackReader) throws {
    socket = String(decoding: try reader.readString(), as: UTF8.self)
    positions = []
    for _ in 0..<(try reader.readArrayHeader()) / 2 {
      guard let conversation = UUID(String(decoding: try reader.readString(), as: UTF8.self)) else { return nil }
      positions.append(.init(conversation: conversation, seq: try reader.readInt64()))
    }
    names = try (0..<(try reader.readArrayHeader())).map { _ in
      String(decoding: try reader.readString(), as: UTF8.self)
    }
    if socket.isEmpty { return nil }
  }
}
