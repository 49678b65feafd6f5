import ChatKit
import JSON
import MessagePack
import Primitives
import SocketIO

/// A broadcast of the adapter, read where it lies: `[uid, {type, data, nsp}, {rooms, except, flags}]`. Valid while the
/// bytes are. What arrives on a channel comes from whoever can write to Redis: anything that is not this is nil.
struct AdapterMessage {
  private let uid: UnsafeRawBufferPointer
  private var data = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var isForRootNamespace = true
  /// No event, but gateways' own word that a room's epoch has risen; for others it is of a namespace that they lack.
  private(set) var isNotice = false
  private(set) var rooms: [String] = []
  private(set) var except: [String] = []
  /// The message's place in its conversation, where it has one.
  private(set) var seq: Int64?
  /// The conversation's epoch, where somebody may have been removed.
  private(set) var epoch: Int64?
  /// Microseconds since 1970, where its emitter has said them: when what caused it was received, and when it was given
  /// to Redis.
  private(set) var received: Int64?
  private(set) var emitted: Int64?
  private var traceText = UnsafeRawBufferPointer(start: nil, count: 0)
  var trace: TraceContext? { traceText.isEmpty ? nil : TraceContext(utf8: traceText) }

  var roomCount: Int { rooms.count }
  var exceptCount: Int { except.count }
  var firstRoom: String { rooms[0] }

  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = MessagePackReader(bytes)
    do {
      guard try reader.readArrayHeader() >= 3 else { return nil }
      uid = try reader.readString()
      try readPacket(&reader)
      try readOptions(&reader)
    } catch {
      return nil
    }
    if data.isEmpty { return nil }
  }

  private mutating func readPacket(_ reader: inout MessagePackReader) throws {
    for _ in 0..<(try reader.readMapHeader()) {
      let key = try reader.readString()
      if Self.equal(key, "data") {
        data = try reader.readRaw()
      } else if Self.equal(key, "nsp") {
        let namespace = try reader.readString()
        isForRootNamespace = Self.equal(namespace, "/")
        isNotice = Self.equal(namespace, AdapterBroadcast.noticeNamespace)
      } else {
        try reader.skip()
      }
    }
  }

  private mutating func readOptions(_ reader: inout MessagePackReader) throws {
    for _ in 0..<(try reader.readMapHeader()) {
      let key = try reader.readString()
      if Self.equal(key, "rooms") {
        rooms = try Self.readStrings(&reader)
      } else if Self.equal(key, "except") {
        except = try Self.readStrings(&reader)
      } else if Self.equal(key, "flags") {
        try readFlags(&reader)
      } else {
        try reader.skip()
      }
    }
  }

  private mutating func readFlags(_ reader: inout MessagePackReader) throws {
    guard reader.next == .map else { return try reader.skip() }
    for _ in 0..<(try reader.readMapHeader()) {
      let key = try reader.readString()
      if Self.equal(key, "seq") {
        seq = try reader.readInt64()
      } else if Self.equal(key, "epoch") {
        epoch = try reader.readInt64()
      } else if Self.equal(key, "emitted") {
        emitted = try reader.readInt64()
      } else if Self.equal(key, "received") {
        received = try reader.readInt64()
      } else if Self.equal(key, "trace") {
        traceText = try reader.readString()
      } else {
        try reader.skip()
      }
    }
  }

  private static func readStrings(_ reader: inout MessagePackReader) throws -> [String] {
    guard reader.next == .array else {
      try reader.skip()
      return []
    }
    return try (0..<(try reader.readArrayHeader())).map { _ in
      String(decoding: try reader.readString(), as: UTF8.self)
    }
  }

  private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    bytes.count == text.utf8CodeUnitCount
      && bytes.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  func isFrom(_ name: String) -> Bool { uid.elementsEqual(name.utf8) }

  /// The event for sockets; nil when its data is no array of an event.
  func event() -> RoomEvent? {
    var transcoder = MessagePackToJSON(maximumAttachments: 10)
    guard let json = try? transcoder.transcode(data), json.first == UInt8(ascii: "["), json.count > 2 else {
      return nil
    }
    return RoomEvent(json: json, attachments: transcoder.attachments)
  }
}
