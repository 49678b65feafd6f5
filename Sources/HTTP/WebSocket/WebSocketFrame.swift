/// A complete, unmasked frame as a server sends it, encoded once and shared by all who receive it.
package struct WebSocketFrame: Sendable {
  package let bytes: [UInt8]

  package init(text: [UInt8]) { self = text.withUnsafeBytes { WebSocketFrame(.text, $0) } }
  package init(text: UnsafeRawBufferPointer) { self.init(.text, text) }
  package init(binary: [UInt8]) { self = binary.withUnsafeBytes { WebSocketFrame(.binary, $0) } }
  package init(binary: UnsafeRawBufferPointer) { self.init(.binary, binary) }

  init(_ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, isCompressed: Bool = false) {
    self.init(opcode, count: payload.count, isCompressed: isCompressed) { $0.copyMemory(from: payload) }
  }

  /// A text frame whose `count` bytes of payload are written by `fill`.
  package init(textCount count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    self.init(.text, count: count, fill)
  }

  init(
    _ opcode: WebSocketOpcode, count: Int, isCompressed: Bool = false, _ fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    let header = WebSocketFrameHeader(opcode: opcode, length: count, isCompressed: isCompressed)
    let total = header.count + count
    bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, initialized in
      header.write(into: buffer.baseAddress!)
      fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[header.count..<total]))
      initialized = total
    }
  }

  /// Calls `body` with what is in the frame.
  package func withPayload<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let header = headerCount
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[header...])) }
  }

  var opcode: WebSocketOpcode { WebSocketOpcode(rawValue: bytes[0] & 0x0f) ?? .binary }
  var payloadCount: Int { bytes.count - headerCount }

  private var headerCount: Int { bytes[1] < 126 ? 2 : bytes[1] == 126 ? 4 : 10 }
}

/// What a frame is (RFC 6455, 5.2).
enum WebSocketOpcode: UInt8 {
  case continuation = 0
  case text = 1
  case binary = 2
  case close = 8
  case ping = 9
  case pong = 10

  var isControl: Bool { rawValue >= 8 }
}

/// The first bytes of a final frame.
struct WebSocketFrameHeader {
  let opcode: WebSocketOpcode
  let length: Int
  var maskKey: UInt32?
  var isCompressed = false

  var count: Int { (length < 126 ? 2 : length < 1 << 16 ? 4 : 10) + (maskKey == nil ? 0 : 4) }
  static let maxCount = 14

  func write(into out: UnsafeMutablePointer<UInt8>) {
    out[0] = 0x80 | (isCompressed ? 0x40 : 0) | opcode.rawValue
    let mask: UInt8 = maskKey == nil ? 0 : 0x80
    var next = 2
    if length < 126 {
      out[1] = mask | UInt8(length)
    } else if length < 1 << 16 {
      out[1] = mask | 126
      UnsafeMutableRawPointer(out + 2).storeBytes(of: UInt16(length).bigEndian, as: UInt16.self)
      next = 4
    } else {
      out[1] = mask | 127
      UnsafeMutableRawPointer(out + 2).storeBytes(of: UInt64(length).bigEndian, as: UInt64.self)
      next = 10
    }
    // The key's bytes lie in memory as they go over the wire.
    if let maskKey { UnsafeMutableRawPointer(out + next).storeBytes(of: maskKey, as: UInt32.self) }
  }
}
