package import JSON

/// A decoded packet with all its attachments. `binaryEvent` and `binaryAck` have become `event` and `ack`.
package struct SocketIOPacket: Sendable {
  package var type: SocketIOPacketType
  package var namespace: String
  /// Asks for, or is, an acknowledgement.
  package var id: UInt64?
  /// An array for events and acks, an object or nothing for a CONNECT.
  package var payload: JSONValue?
  package var attachments: [[UInt8]] = []
}
