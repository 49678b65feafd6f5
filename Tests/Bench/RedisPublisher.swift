import Load
import Networking
import Primitives

/// What `@socket.io/redis-emitter` does: says an event to a room on the adapter's channel, with PUBLISH (RESP 2).
final class RedisPublisher: ConnectionHandler, @unchecked Sendable {
  private let connection: Connection
  private let channel: [UInt8]
  private let room: String
  var onFailure: (LoadFailure) -> Void = { _ in }
  private var isClosing = false

  private init(_ connection: Connection, room: UUID) {
    self.connection = connection
    self.room = room.description
    channel = Array("socket.io#/#\(room)#".utf8)
  }

  static func open(_ address: SocketAddress, room: UUID, _ loop: EventLoop) async throws -> RedisPublisher {
    let publisher = RedisPublisher(try await Connection.connect(to: address, loop: loop), room: room)
    publisher.connection.start(publisher)
    return publisher
  }

  func publish(_ number: Int) {
    let payload = message(number)
    var command = Array("*3\r\n$7\r\nPUBLISH\r\n$\(channel.count)\r\n".utf8)
    command.reserveCapacity(command.count + channel.count + payload.count + 32)
    command += channel
    command += Array("\r\n$\(payload.count)\r\n".utf8)
    command += payload
    command += [0x0d, 0x0a]
    connection.write(command)
  }

  func close() {
    isClosing = true
    connection.close()
  }

  /// `["emitter", {type: 2, data: ["message:new", {…}], nsp: "/"}, {rooms: [room], except: [], flags: {}}]`, the
  /// message with the fields that the server's own have.
  private func message(_ number: Int) -> [UInt8] {
    var pack = Pack()
    pack.array(3)
    pack.text("emitter")
    pack.map(3)
    pack.text("type")
    pack.small(2)
    pack.text("data")
    pack.array(2)
    pack.text("message:new")
    pack.map(7)
    let fields = [
      ("id", "01890a5d-ac96-774b-bcce-b302099a8057"), ("conversationId", room),
      ("senderId", "01890a5d-ac96-774b-bcce-b302099a8058"), ("type", "text"), ("body", MessageNumber.body(number)),
      ("createdAt", "2025-01-01T12:00:00.000000Z"),
    ]
    for (key, value) in fields {
      pack.text(key)
      pack.text(value)
    }
    pack.text("seq")
    pack.small(1)
    pack.text("nsp")
    pack.text("/")
    pack.map(3)
    pack.text("rooms")
    pack.array(1)
    pack.text(room)
    pack.text("except")
    pack.array(0)
    pack.text("flags")
    pack.map(0)
    return pack.bytes
  }

  /// Answers are integers; an error begins with a minus.
  func received(_ bytes: UnsafeRawBufferPointer) {
    if bytes.first == UInt8(ascii: "-") { onFailure(LoadFailure("Redis: \(String(decoding: bytes, as: UTF8.self))")) }
  }

  func peerFinished() { connection.close() }

  func closed(_ reason: CloseReason) {
    if !isClosing { onFailure(LoadFailure("the publisher's connection to Redis: \(reason)")) }
  }
}

/// The few forms of MessagePack that the message needs.
private struct Pack {
  var bytes: [UInt8] = []

  mutating func array(_ count: UInt8) { bytes.append(0x90 | count) }
  mutating func map(_ count: UInt8) { bytes.append(0x80 | count) }
  mutating func small(_ number: UInt8) { bytes.append(number) }

  mutating func text(_ text: String) {
    let count = text.utf8.count
    if count < 32 { bytes.append(0xa0 | UInt8(count)) } else { bytes += [0xd9, UInt8(count)] }
    bytes += text.utf8
  }
}
