/// Checks of bytes that say they are UTF-8.
package enum UTF8Bytes {
  /// True when `bytes` are well-formed UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing beyond
  /// U+10FFFF. Eight bytes at a time where they are ASCII.
  package static func areValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var index = 0
    let count = bytes.count
    while index < count {
      if index + 8 <= count, bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 {
        index += 8
        continue
      }
      let lead = bytes[index]
      if lead < 0x80 {
        index += 1
        continue
      }
      let length = sequenceLength(lead)
      guard length > 0, index + length <= count, isSecond(bytes[index + 1], after: lead) else { return false }
      for tail in 2..<4 where tail < length {
        guard bytes[index + tail] & 0xc0 == 0x80 else { return false }
      }
      index += length
    }
    return true
  }

  @inline(__always)
  private static func sequenceLength(_ lead: UInt8) -> Int {
    switch lead {
    case 0xc2...0xdf: 2
    case 0xe0...0xef: 3
    case 0xf0...0xf4: 4
    default: 0
    }
  }

  @inline(__always)
  private static func isSecond(_ byte: UInt8, after lead: UInt8) -> Bool {
    switch lead {
    case 0xe0: byte & 0xe0 == 0xa0
    case 0xed: byte & 0xe0 == 0x80
    case 0xf0: byte >= 0x90 && byte < 0xc0
    case 0xf4: byte & 0xf0 == 0x80
    default: byte & 0xc0 == 0x80
    }
  }
}
