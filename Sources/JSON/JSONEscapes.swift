import Glibc

/// Escapes within strings that have been validated.
enum JSONEscapes {
  /// Decodes into `out`, which has room for `text.count` bytes: no escape is shorter than what it stands for.
  static func decode(_ text: UnsafeBufferPointer<UInt8>, into out: UnsafeMutablePointer<UInt8>) -> Int {
    var index = 0
    var written = 0
    while index < text.count {
      let rest = text.count - index
      let start = text.baseAddress.unsafelyUnwrapped + index
      let plain = memchr(start, 0x5c, rest).map { UnsafeRawPointer($0) - UnsafeRawPointer(start) } ?? rest
      (out + written).update(from: start, count: plain)
      written += plain
      index += plain + 2
      guard plain < rest else { break }
      switch text[index - 1] {
      case UInt8(ascii: "n"): out[written] = 0x0a
      case UInt8(ascii: "t"): out[written] = 0x09
      case UInt8(ascii: "r"): out[written] = 0x0d
      case UInt8(ascii: "b"): out[written] = 0x08
      case UInt8(ascii: "f"): out[written] = 0x0c
      case UInt8(ascii: "u"):
        var scalar = hexadecimal(text, index)
        index += 4
        if scalar & 0xfc00 == 0xd800 {
          scalar = 0x10000 + (scalar & 0x3ff) << 10 + hexadecimal(text, index + 2) & 0x3ff
          index += 6
        }
        written += encode(scalar, at: out + written)
        continue
      case let same: out[written] = same
      }
      written += 1
    }
    return written
  }

  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: text.count) { buffer, count in
      if let base = buffer.baseAddress { count = decode(text, into: base) }
    }
  }

  private static func hexadecimal(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in start..<start + 4 { value = value << 4 | UInt32(digit(text[index])) }
    return value
  }

  /// The value of a hexadecimal digit; 0xff for any other byte.
  @inline(__always)
  static func digit(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x57
    case 0x41...0x46: byte - 0x37
    default: 0xff
    }
  }

  private static func encode(_ scalar: UInt32, at out: UnsafeMutablePointer<UInt8>) -> Int {
    func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3f | 0x80) }
    switch scalar {
    case 0..<0x80:
      out[0] = UInt8(scalar)
      return 1
    case 0x80..<0x800:
      out[0] = UInt8(scalar >> 6 | 0xc0)
      out[1] = tail(0)
      return 2
    case 0x800..<0x10000:
      out[0] = UInt8(scalar >> 12 | 0xe0)
      out[1] = tail(6)
      out[2] = tail(0)
      return 3
    default:
      out[0] = UInt8(scalar >> 18 | 0xf0)
      out[1] = tail(12)
      out[2] = tail(6)
      out[3] = tail(0)
      return 4
    }
  }
}
