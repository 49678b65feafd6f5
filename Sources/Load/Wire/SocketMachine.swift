/// The client's side of Engine.IO 4 and Socket.IO 5 over a WebSocket, as far as a load generator needs it: messages in,
/// what to do out. It connects to the main namespace with a token, answers pings, and numbers what it wants acknowledged.
package struct SocketMachine {
  package enum Action {
    case nothing
    /// Say this to the server.
    case send(String)
    /// The namespace is connected: events may be sent.
    case connected
    /// The argument array of an event as JSON, name first; valid as long as the message is.
    case event(UnsafeRawBufferPointer)
    /// The answer to the event of this number: its arguments as JSON.
    case acknowledged(Int, UnsafeRawBufferPointer)
    /// The connection is of no use any more.
    case failed(String)
  }

  private enum State { case opening, connecting, connected }

  private let token: String
  private var state = State.opening
  private var nextAck = 0

  package init(token: String) { self.token = token }

  package var isConnected: Bool { state == .connected }

  /// A text message of the WebSocket.
  package mutating func receive(_ packet: UnsafeRawBufferPointer) -> Action {
    switch (packet.first ?? 0, packet.count > 1 ? packet[1] : 0) {
    case (UInt8(ascii: "4"), UInt8(ascii: "2")): return .event(UnsafeRawBufferPointer(rebasing: packet[2...]))
    case (UInt8(ascii: "4"), UInt8(ascii: "3")): return acknowledgement(packet)
    case (UInt8(ascii: "2"), 0): return .send("3")
    case (UInt8(ascii: "0"), _) where state == .opening:
      state = .connecting
      return .send("40{\"token\":\"\(token)\"}")
    case (UInt8(ascii: "4"), UInt8(ascii: "0")) where state == .connecting:
      state = .connected
      return .connected
    case (UInt8(ascii: "4"), UInt8(ascii: "4")): return .failed("the connect was refused: \(Self.text(packet))")
    case (UInt8(ascii: "4"), UInt8(ascii: "1")), (UInt8(ascii: "1"), _): return .failed("disconnected by the server")
    default: return .failed("a packet that was not expected: \(Self.text(packet))")
    }
  }

  /// `43<number>[…]`
  private func acknowledgement(_ packet: UnsafeRawBufferPointer) -> Action {
    var position = 2
    var number = 0
    while position < packet.count, (0x30...0x39).contains(packet[position]), position < 20 {
      number = number * 10 + Int(packet[position]) - 48
      position += 1
    }
    guard position > 2 else { return .failed("an acknowledgement without a number") }
    return .acknowledged(number, UnsafeRawBufferPointer(rebasing: packet[position...]))
  }

  /// The packet of an event, `[name, argument]` as JSON, and the number of its acknowledgement.
  package mutating func emit(_ json: String) -> (number: Int, packet: String) {
    defer { nextAck += 1 }
    return (nextAck, "42\(nextAck)\(json)")
  }

  /// Whether an acknowledgement says yes.
  package static func isOK(_ arguments: UnsafeRawBufferPointer) -> Bool {
    let yes: StaticString = "[{\"ok\":true"
    return arguments.starts(with: UnsafeBufferPointer(start: yes.utf8Start, count: yes.utf8CodeUnitCount))
  }

  private static func text(_ packet: UnsafeRawBufferPointer) -> String {
    String(decoding: packet.prefix(300), as: UTF8.self)
  }
}
