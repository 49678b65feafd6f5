import JSON
import SocketIO

/// Socket.IO packets, a text and then its attachments: what is decoded and encoded again decodes the same.
enum SocketIOFuzz {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    // Messages are separated by zero bytes; all but text packets are binary.
    var decoder = SocketIOPacketDecoder()
    var isPending = false
    for part in bytes.split(separator: 0, omittingEmptySubsequences: false) {
      let message = UnsafeRawBufferPointer(rebasing: part)
      do throws(SocketIOProtocolError) {
        if isPending {
          if let packet = try decoder.decode(binary: message) {
            isPending = false
            check(packet)
          }
        } else if let packet = try decoder.decode(text: message) {
          check(packet)
        } else {
          isPending = true
        }
      } catch {
        return
      }
    }
  }

  private static func check(_ packet: SocketIOPacket) {
    demand(packet.attachments.count <= SocketIOPacketDecoder.maximumAttachments, "attachments within their limit")
    demand(packet.namespace.hasPrefix("/"), "a namespace begins with a slash")
    demand(packet.namespace.utf8.count <= SocketIOPacketDecoder.maximumNamespace, "a namespace within its limit")
    demand(packet.type != .binaryEvent || packet.attachments.isEmpty, "a binary event has become an event")

    var text = [packet.type.rawValue]
    if !packet.attachments.isEmpty {
      text[0] += 3
      text += Array("\(packet.attachments.count)-".utf8)
    }
    if packet.namespace != "/" || packet.type == .connect { text += Array("\(packet.namespace),".utf8) }
    if let id = packet.id { text += Array("\(id)".utf8) }
    // A number must not run into the identifier before it.
    if let payload = packet.payload { text += [0x20] + payload.rawBytes }
    do {
      var decoder = SocketIOPacketDecoder()
      var again = try text.withUnsafeBytes { try decoder.decode(text: $0) }
      for attachment in packet.attachments {
        demand(again == nil, "attachments are awaited")
        again = try attachment.withUnsafeBytes { try decoder.decode(binary: $0) }
      }
      demand(again?.type == packet.type && again?.namespace == packet.namespace, "the same type and namespace")
      demand(again?.id == packet.id && again?.attachments == packet.attachments, "the same id and attachments")
      demand(again?.payload?.rawBytes == packet.payload?.rawBytes, "the same payload")
    } catch {
      demand(false, "a packet that was decoded decodes again: \(error)")
    }
  }
}
