import HTTP
package import JSON

/// A Socket.IO event encoded once and sent to many: its WebSocket frames are shared by all receivers, and what a
/// polling client gets is derived from them. Immutable, so the loops of a process may share it too.
package final class PreparedPacket: Sendable {
  /// The text frame: Engine.IO's `4`, then the packet.
  let frame: WebSocketFrame
  /// A frame for each attachment.
  let attachments: [WebSocketFrame]
  /// The bytes of all payloads.
  package let byteCount: Int

  /// An encoded text packet with its attachments.
  init(packet: [UInt8], attachments: [[UInt8]] = []) {
    frame = WebSocketFrame(text: packet)
    self.attachments = attachments.map { WebSocketFrame(binary: $0) }
    byteCount = packet.count + attachments.reduce(0) { $0 + $1.count }
  }

  /// An event from its JSON array, `["name",…]`, which is not checked. Where it contains placeholders, `attachments`
  /// are what they stand for, in the order of their numbers.
  package convenience init(
    eventArray json: UnsafeRawBufferPointer, namespace: String = "/", attachments: [[UInt8]] = []
  ) {
    let prefix = SocketIOPacketEncoder.prefix(of: namespace)
    self.init(
      packet: SocketIOPacketEncoder.encode(.event, prefix: prefix, attachments: attachments.count, json: json),
      attachments: attachments)
  }

  package convenience init(eventArray json: [UInt8], namespace: String = "/", attachments: [[UInt8]] = []) {
    let prefix = SocketIOPacketEncoder.prefix(of: namespace)
    let packet = json.withUnsafeBytes {
      SocketIOPacketEncoder.encode(.event, prefix: prefix, attachments: attachments.count, json: $0)
    }
    self.init(packet: packet, attachments: attachments)
  }

  /// An event; `arguments` writes its arguments into the open array. A binary argument is written with
  /// `JSONWriter.attachment(_:)`.
  package convenience init(
    event name: String, namespace: String = "/", attachments: [[UInt8]] = [],
    _ arguments: (inout JSONWriter) -> Void = { _ in }
  ) {
    let prefix = SocketIOPacketEncoder.prefix(of: namespace)
    let packet = SocketIOPacketEncoder.event(name, arguments).withBytes {
      SocketIOPacketEncoder.encode(.event, prefix: prefix, attachments: attachments.count, json: $0)
    }
    self.init(packet: packet, attachments: attachments)
  }
}
