/// Frames of RFC 6455 as a client writes and reads them.
enum WebSocketFrames {
  struct Frame {
    var isFinal: Bool
    var opcode: UInt8
    var payload: [UInt8]
  }

  /// A masked frame.
  static func encode(_ payload: [UInt8], opcode: UInt8 = 1, isFinal: Bool = true, isMasked: Bool = true) -> [UInt8] {
    var out: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
    let bit: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ..<126: out.append(bit | UInt8(payload.count))
    case ..<65536: out += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default:
      out.append(bit | 127)
      for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(payload.count >> shift & 255)) }
    }
    guard isMasked else { return out + payload }
    let mask: [UInt8] = [0x1f, 0xa7, 0x33, 0xe9]
    out += mask
    out.reserveCapacity(out.count + payload.count)
    for (index, byte) in payload.enumerated() { out.append(byte ^ mask[index & 3]) }
    return out
  }

  /// Takes one frame off the front, from `position` on; nil when it is not complete.
  static func decode(_ bytes: [UInt8], at position: inout Int) -> Frame? {
    let left = bytes.count - position
    guard left >= 2 else { return nil }
    var length = Int(bytes[position + 1] & 0x7f)
    var header = 2
    if length == 126 {
      guard left >= 4 else { return nil }
      length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
      header = 4
    } else if length == 127 {
      guard left >= 10 else { return nil }
      length = bytes[(position + 2)..<(position + 10)].reduce(0) { $0 << 8 | Int($1) }
      header = 10
    }
    guard left >= header + length else { return nil }
    let start = position + header
    defer { position = start + length }
    return Frame(
      isFinal: bytes[position] & 0x80 != 0, opcode: bytes[position] & 0x0f,
      payload: Array(bytes[start..<(start + length)]))
  }
}
