import HTTP
import SocketIO

/// Polling payloads: what is read and written again reads the same. And the session's machine under any sequence of
/// events: what is closed stays closed, and no poll waits on a WebSocket.
enum EngineIOFuzz {
  private enum Packet: Equatable {
    case text(EngineIOPacketType, [UInt8]), binary([UInt8]), malformed
  }

  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let input = UnsafeRawBufferPointer(rebasing: bytes[1...])
    if first & 1 == 0 { payload(input) } else { machine(input, isWebSocket: first & 2 != 0) }
  }

  private static func read(_ bytes: UnsafeRawBufferPointer) -> [Packet] {
    var reader = EngineIOPayload.Reader(bytes)
    var packets: [Packet] = []
    while let packet = reader.next() {
      switch packet {
      case .text(let type, let data): packets.append(.text(type, [UInt8](data)))
      case .binary(let data): packets.append(.binary(data))
      case .malformed: packets.append(.malformed)
      }
    }
    return packets
  }

  private static func payload(_ bytes: UnsafeRawBufferPointer) {
    let packets = read(bytes)
    demand(!packets.isEmpty, "a payload has a packet, be it a malformed one")
    demand(!packets.dropLast().contains(.malformed), "nothing comes after what is malformed")
    var writer = EngineIOPayload.Writer()
    var expected: [Packet] = []
    for packet in packets {
      switch packet {
      case .text(let type, let data):
        ([type.rawValue] + data).withUnsafeBytes { writer.append(encoded: $0) }
      case .binary(let data): data.withUnsafeBytes { writer.append(binary: $0) }
      case .malformed: continue
      }
      expected.append(packet)
    }
    if !expected.isEmpty {
      demand(writer.bytes.withUnsafeBytes { read($0) } == expected, "packets that are written read the same")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    if let id = SessionID(text) { demand(id.description == text, "an identifier is what it was read from") }
    for (name, value) in HTTPQuery(text) { _ = (name, value) }
  }

  private static let limits = EngineIOMachine.Limits(
    pingInterval: 300, pingTimeout: 200, closeTimeout: 1000, bufferedPackets: 8, bufferedBytes: 1000)

  private static func machine(_ bytes: UnsafeRawBufferPointer, isWebSocket: Bool) {
    var machine = EngineIOMachine(transport: isWebSocket ? .webSocket : .polling, now: 0, limits: limits)
    var now: UInt64 = 0
    var buffered = 0
    for byte in bytes {
      let before = machine.phase
      let wasOpenOverWebSocket = machine.transport == .webSocket
      let argument = Int(byte >> 4)
      switch byte & 15 {
      case 0:
        let step = machine.send(argument * 40, limits: limits)
        if step == .buffer || step == .bufferAndFlush { buffered += 1 }
        demand(before == .open || step == .drop, "what is closed sends nothing")
        demand(step != .transmit || wasOpenOverWebSocket, "only a WebSocket transmits")
        if step == .bufferAndFlush, machine.isPollWaiting {
          machine.bufferTaken()
          machine.pollAnswered()
          buffered = 0
        }
      case 1, 2:
        switch machine.poll() {
        case .answer:
          machine.bufferTaken()
          buffered = 0
        case .wait: demand(machine.isPollWaiting && before == .open, "an open session's poll waits")
        case .answerAndClose, .overlap: demand(machine.phase == .closed, "the session is over")
        case .refuse: break
        }
      case 3: _ = machine.pollAborted()
      case 4: demand(machine.post() != nil || machine.phase != .closed, "what is closed takes no POST")
      case 5, 6:
        if let type = EngineIOPacketType(rawValue: 0x30 + UInt8(argument % 7)) {
          let step = machine.receive(type, now: now, limits: limits)
          demand(step != .deliver || before == .open, "only an open session delivers")
        }
      case 7: _ = machine.receiveMalformed()
      case 8: _ = machine.offerUpgrade()
      case 9, 10:
        if let type = EngineIOPacketType(rawValue: 0x30 + UInt8(argument % 7)) {
          switch machine.receiveOnCandidate(type, isProbe: argument & 8 == 0) {
          case .complete, .completeAndClose:
            if machine.isPollWaiting { machine.pollAnswered() }
            machine.bufferTaken()
            buffered = 0
          case .answerProbe, .abandon: break
          }
        }
      case 11: machine.upgradeFailed()
      case 12: if machine.transport == .webSocket { _ = machine.webSocketClosed() }
      case 13:
        switch machine.close(discard: argument & 1 != 0, now: now, limits: limits) {
        case .flushPoll:
          machine.bufferTaken()
          machine.pollAnswered()
          buffered = 0
        default: break
        }
      default:
        now += UInt64(argument) * 50
        demand(machine.deadlineReached(now: now, limits: limits) != .forget || before != .open, "an open one is kept")
      }
      demand(before != .closed || machine.phase == .closed, "what is closed stays closed")
      demand(before != .closing || machine.phase != .open, "what closes does not open")
      demand(!wasOpenOverWebSocket || machine.transport == .webSocket, "a WebSocket is never given up for polling")
      demand(machine.phase == .closed || machine.transport == .polling || !machine.isPollWaiting, "no poll waits there")
      demand(buffered <= limits.bufferedPackets || machine.phase != .open, "no more waits than may")
    }
  }
}
