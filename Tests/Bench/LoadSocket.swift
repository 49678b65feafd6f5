import CLinux
import Glibc
import Load
import Networking
import Primitives

/// A Socket.IO client over WebSocket that knows just what the scenarios need: connect with a token, join a
/// conversation, send an event, hear events, answer pings.
final class LoadSocket: ConnectionHandler, @unchecked Sendable {
  private enum State { case upgrading, connecting, joined, closed }

  let loop: EventLoop
  /// The argument array of each event that comes, as JSON; valid during the call.
  var onEvent: (LoadSocket, UnsafeRawBufferPointer) -> Void = { _, _ in }
  /// The socket closed without having been asked to.
  var onFailure: (LoadFailure) -> Void = { _ in }
  /// The number that the next message to come must have.
  var expected = 0

  private var state = State.upgrading
  private var connection: Connection?
  private var machine: SocketMachine
  let conversation: UUID
  private let joined: Completion
  /// The beginning of a frame that has not arrived whole.
  private var partial: [UInt8] = []

  init(as person: Population.Person, in room: UUID, _ loop: EventLoop) {
    machine = SocketMachine(token: person.token)
    conversation = room
    self.loop = loop
    joined = Completion("connect and join", loop)
  }

  /// Returns when the server has acknowledged the join.
  func open(_ address: DaemonAddress) async throws {
    let connection = try await address.connect(loop)
    self.connection = connection
    connection.start(self)
    connection.write(
      """
      GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r
      Host: localhost\r
      Upgrade: websocket\r
      Connection: Upgrade\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      Sec-WebSocket-Version: 13\r
      \r\n
      """)
    try await joined.wait(within: .seconds(30))
  }

  func close() {
    state = .closed
    connection?.close()
  }

  // MARK: Sending

  /// Sends an event with an ack: `[name, argument]` as JSON.
  func send(event json: String) {
    send(packet: machine.emit(json).packet)
  }

  private static let mask: (UInt8, UInt8, UInt8, UInt8) = (0x37, 0xfa, 0x21, 0x3d)

  /// One masked text frame (RFC 6455, 5.2).
  private func send(packet: String) {
    let mask = Self.mask
    var frame: [UInt8] = []
    let count = packet.utf8.count
    frame.reserveCapacity(count + 8)
    frame.append(0x81)
    if count < 126 {
      frame.append(0x80 | UInt8(count))
    } else {
      frame += [0x80 | 126, UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
    }
    frame += [mask.0, mask.1, mask.2, mask.3]
    for (index, byte) in packet.utf8.enumerated() {
      let key = index & 3 == 0 ? mask.0 : index & 3 == 1 ? mask.1 : index & 3 == 2 ? mask.2 : mask.3
      frame.append(byte ^ key)
    }
    connection?.write(frame)
  }

  // MARK: Receiving

  func received(_ bytes: UnsafeRawBufferPointer) {
    if partial.isEmpty {
      let used = consume(bytes)
      if used < bytes.count { partial = Array(bytes[used...]) }
    } else {
      var whole = partial
      whole += bytes
      let used = whole.withUnsafeBytes { consume($0) }
      partial = used < whole.count ? Array(whole[used...]) : []
    }
  }

  /// Whole frames; returns how many bytes they were.
  private func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
    var position = 0
    if state == .upgrading {
      guard let end = HTTPHead.end(in: bytes) else { return 0 }
      guard HTTPHead.status(in: bytes) == 101 else {
        fail("the upgrade was refused: \(String(decoding: bytes, as: UTF8.self))")
        return bytes.count
      }
      state = .connecting
      position = end
    }
    while bytes.count - position >= 2 {
      var length = Int(bytes[position + 1])
      var head = 2
      if length == 126 {
        guard bytes.count - position >= 4 else { break }
        length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
        head = 4
      } else if length > 126 {
        fail("a frame that is masked or longer than anything we expect")
        return bytes.count
      }
      guard bytes.count - position >= head + length else { break }
      let payload = UnsafeRawBufferPointer(rebasing: bytes[(position + head)..<(position + head + length)])
      frame(opcode: bytes[position] & 15, payload)
      position += head + length
    }
    return position
  }

  private func frame(opcode: UInt8, _ payload: UnsafeRawBufferPointer) {
    if opcode == 1, payload.count > 0 { return packet(payload) }
    fail("frame with opcode \(opcode): \(String(decoding: payload.dropFirst(2), as: UTF8.self))")
  }

  private func packet(_ packet: UnsafeRawBufferPointer) {
    switch machine.receive(packet) {
    case .nothing: break
    case .send(let answer): send(packet: answer)
    case .event(let arguments): onEvent(self, arguments)
    case .connected: send(event: "[\"join\",{\"conversationId\":\"\(conversation)\"}]")
    case .acknowledged(_, let arguments): acknowledged(arguments)
    case .failed(let reason): fail(reason)
    }
  }

  private func acknowledged(_ arguments: UnsafeRawBufferPointer) {
    guard SocketMachine.isOK(arguments) else {
      return fail("refused: \(String(decoding: arguments, as: UTF8.self))")
    }
    guard state == .connecting else { return }
    state = .joined
    joined.finish()
  }

  private func fail(_ what: String) {
    let failure = LoadFailure("a socket: \(what)")
    joined.finish(failure)
    onFailure(failure)
    close()
  }

  func peerFinished() { connection?.close() }

  func closed(_ reason: CloseReason) {
    if state != .closed { fail("\(reason)") }
    connection = nil
  }
}
