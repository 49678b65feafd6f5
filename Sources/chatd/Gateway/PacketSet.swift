import SocketIO

/// The packets that one event is for its receivers: with or without an offset, in the modern or the older names. Each is
/// encoded when its first receiver comes, and shared by all of its kind.
struct PacketSet {
  private let event: RoomEvent
  private let offset: [UInt8]?
  private var plain: PreparedPacket?
  private var marked: PreparedPacket?
  private var legacyEvent: RoomEvent?
  private var legacyPlain: PreparedPacket?
  private var legacyMarked: PreparedPacket?

  /// - Parameter offset: for those who can be recovered; nil where nobody can.
  init(_ event: RoomEvent, offset: [UInt8]?) {
    self.event = event
    self.offset = offset
  }

  mutating func packet(for session: GatewaySession) -> PreparedPacket {
    let offset = session.isRecoverable ? offset : nil
    switch (session.vocabulary, offset) {
    case (.modern, nil): return Self.take(&plain) { event.packet() }
    case (.modern, let offset?): return Self.take(&marked) { event.packet(offset: offset) }
    case (.legacy, nil):
      let legacy = legacy()
      return Self.take(&legacyPlain) { legacy.packet() }
    case (.legacy, let offset?):
      let legacy = legacy()
      return Self.take(&legacyMarked) { legacy.packet(offset: offset) }
    }
  }

  private mutating func legacy() -> RoomEvent {
    if let legacyEvent { return legacyEvent }
    let made = event.legacy
    legacyEvent = made
    return made
  }

  private static func take(_ slot: inout PreparedPacket?, _ make: () -> PreparedPacket) -> PreparedPacket {
    if let made = slot { return made }
    let made = make()
    slot = made
    return made
  }
}
