import HTTP

extension EngineIOSession: WebSocketHandler {
  package final func received(text: UnsafeRawBufferPointer) {
    guard let first = text.first, let type = EngineIOPacketType(rawValue: first) else {
      return violate(.protocolError(nil))
    }
    receive(type, UnsafeRawBufferPointer(rebasing: text[1...]))
  }

  package final func received(binary: UnsafeRawBufferPointer) {
    if machine.isOpen { received(binaryMessage: binary) }
  }

  package final func closed(code: UInt16, reason: String) {
    webSocket = nil
    guard machine.webSocketClosed() else { return }
    finish(code == 1006 && reason == "slow receiver" ? .slowReceiver : .transportClosed)
  }

  package final func drained() {}
}

extension WebSocketConnection {
  @inline(__always)
  func send(_ packet: PreparedPacket) {
    send(packet.frame)
    for attachment in packet.attachments { send(attachment) }
  }

  func send(_ packet: Outbound) {
    switch packet {
    case .text(let bytes): send(text: bytes)
    case .binary(let bytes): send(binary: bytes)
    case .prepared(let packet): send(packet)
    }
  }
}
