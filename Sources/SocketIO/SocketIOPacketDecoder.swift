import JSON

/// Engine.IO messages in, Socket.IO packets out: text by text, and a binary event once its last attachment is there.
package struct SocketIOPacketDecoder {
  /// More than this in one packet closes the transport.
  package static let maximumAttachments = 10
  /// The longest namespace that is looked at, in bytes.
  package static let maximumNamespace = 512

  /// A packet that waits for attachments; apart, so that an idle connection pays one word for it.
  private final class Partial {
    var packet: SocketIOPacket
    let attachments: Int
    init(packet: SocketIOPacket, attachments: Int) {
      self.packet = packet
      self.attachments = attachments
    }
  }

  private var partial: Partial?

  package init() {}

  /// Decodes the bytes after Engine.IO's type. Returns nil when attachments are yet to come.
  package mutating func decode(text: UnsafeRawBufferPointer) throws(SocketIOProtocolError) -> SocketIOPacket? {
    guard partial == nil else { throw .textAmidAttachments }
    guard let first = text.first, let type = SocketIOPacketType(rawValue: first) else { throw .unknownType }
    var position = 1
    var attachments = 0
    if type == .binaryEvent || type == .binaryAck { attachments = try Self.attachments(text, &position) }
    let namespace = try Self.namespace(text, &position)
    let id = try Self.id(text, &position)
    let payload = try Self.payload(UnsafeRawBufferPointer(rebasing: text[position...]), of: type)
    var packet = SocketIOPacket(type: type, namespace: namespace, id: id, payload: payload)
    guard attachments > 0 else { return packet }
    packet.type = type == .binaryEvent ? .event : .ack
    if let payload { try Self.checkPlaceholders(payload, attachments) }
    partial = Partial(packet: packet, attachments: attachments)
    return nil
  }

  /// Takes the next attachment. Returns the packet when it was the last.
  package mutating func decode(binary: UnsafeRawBufferPointer) throws(SocketIOProtocolError) -> SocketIOPacket? {
    guard let partial else { throw .strayBinary }
    partial.packet.attachments.append([UInt8](binary))
    guard partial.packet.attachments.count == partial.attachments else { return nil }
    self.partial = nil
    return partial.packet
  }

  // MARK: Parts

  /// `<count>-`
  private static func attachments(
    _ text: UnsafeRawBufferPointer, _ position: inout Int
  ) throws(SocketIOProtocolError) -> Int {
    guard let count = number(text, &position), position < text.count, text[position] == UInt8(ascii: "-"), count > 0
    else { throw .badAttachmentCount }
    guard count <= UInt64(maximumAttachments) else { throw .tooManyAttachments }
    position += 1
    return Int(count)
  }

  /// `/name,`, where the comma may be missing at the end; without a slash it is the main namespace.
  private static func namespace(
    _ text: UnsafeRawBufferPointer, _ position: inout Int
  ) throws(SocketIOProtocolError) -> String {
    guard position < text.count, text[position] == UInt8(ascii: "/") else { return "/" }
    let start = position
    while position < text.count, text[position] != UInt8(ascii: ",") { position += 1 }
    guard position - start <= maximumNamespace,
      let name = String(validating: text[start..<position], as: UTF8.self)
    else { throw .badNamespace }
    position += 1
    position = min(position, text.count)
    return name
  }

  private static func id(
    _ text: UnsafeRawBufferPointer, _ position: inout Int
  ) throws(SocketIOProtocolError) -> UInt64? {
    guard position < text.count, text[position] &- 0x30 < 10 else { return nil }
    guard let id = number(text, &position) else { throw .badAcknowledgement }
    return id
  }

  /// Decimal digits, at most 18 of them; nil when there are none or more.
  private static func number(_ text: UnsafeRawBufferPointer, _ position: inout Int) -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < text.count, text[position] &- 0x30 < 10 {
      guard position - start < 18 else { return nil }
      value = value * 10 + UInt64(text[position] - 0x30)
      position += 1
    }
    return position > start ? value : nil
  }

  private static func payload(
    _ text: UnsafeRawBufferPointer, of type: SocketIOPacketType
  ) throws(SocketIOProtocolError) -> JSONValue? {
    if text.isEmpty {
      switch type {
      case .connect, .disconnect, .connectError: return nil
      case .event, .ack, .binaryEvent, .binaryAck: throw .badPayload
      }
    }
    let value: JSONValue
    do { value = try JSONDocument(parsing: text).root } catch { throw .badPayload }
    switch type {
    case .connect: guard value.kind == .object else { throw .badPayload }
    case .event, .binaryEvent: guard isEvent(value) else { throw .badPayload }
    case .ack, .binaryAck: guard value.kind == .array else { throw .badPayload }
    case .disconnect: throw .badPayload
    case .connectError: break
    }
    return value
  }

  private static func isEvent(_ value: JSONValue) -> Bool {
    guard var elements = value.array, let name = elements.next() else { return false }
    switch name.kind {
    case .number: return true
    case .string: return name.withUTF8 { !isReserved($0) } ?? false
    default: return false
    }
  }

  /// Names that clients raise themselves. Almost no name begins like one of them, so look at that first.
  static func isReserved(_ name: UnsafeRawBufferPointer) -> Bool {
    guard let first = name.first else { return false }
    switch first {
    case UInt8(ascii: "c"): return equal(name, "connect") || equal(name, "connect_error")
    case UInt8(ascii: "d"): return equal(name, "disconnect") || equal(name, "disconnecting")
    case UInt8(ascii: "n"): return equal(name, "newListener")
    case UInt8(ascii: "r"): return equal(name, "removeListener")
    default: return false
    }
  }

  private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Every placeholder must name an attachment. The parser bounds the depth.
  private static func checkPlaceholders(_ value: JSONValue, _ attachments: Int) throws(SocketIOProtocolError) {
    switch value.kind {
    case .array:
      guard let elements = value.array else { return }
      for element in elements { try checkPlaceholders(element, attachments) }
    case .object:
      if value["_placeholder"]?.bool == true {
        guard let index = value["num"]?.int, (0..<attachments).contains(index) else { throw .badPlaceholder }
        return
      }
      guard let members = value.object else { return }
      for member in members { try checkPlaceholders(member.value, attachments) }
    default: break
    }
  }
}
