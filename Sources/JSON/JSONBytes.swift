/// Byte tests that reader and writer share.
enum JSONBytes {
  /// Marks (bit 7 of a byte) where a word of little-endian text has a quote, a backslash, a control character or a byte
  /// beyond ASCII. The lowest mark is exact, since a borrow only travels upwards from a true hit.
  @inline(__always)
  static func special(_ word: UInt64) -> UInt64 {
    escaped(word) | word & 0x8080_8080_8080_8080
  }

  /// Marks where a string must be escaped: a quote, a backslash or a control character. The lowest mark is exact.
  @inline(__always)
  static func escaped(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5c)
    let marks = (word &- ones &* 0x20) & ~word | (quote &- ones) & ~quote | (backslash &- ones) & ~backslash
    return marks & 0x8080_8080_8080_8080
  }

  /// The length of the UTF-8 sequence at `bytes`, which begins with a byte beyond ASCII; 0 when it is not well formed
  /// (Unicode 15, table 3-7). Stops reading at the first byte that does not belong.
  @inline(__always)
  static func scalarLength(_ bytes: UnsafePointer<UInt8>) -> Int {
    func isTail(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
    let lead = bytes[0]
    switch lead {
    case 0xc2...0xdf:
      return isTail(bytes[1]) ? 2 : 0
    case 0xe0...0xef:
      let second = bytes[1]
      guard isTail(second), lead != 0xe0 || second >= 0xa0, lead != 0xed || second < 0xa0, isTail(bytes[2]) else {
        return 0
      }
      return 3
    case 0xf0...0xf4:
      let second = bytes[1]
      guard isTail(second), lead != 0xf0 || second >= 0x90, lead != 0xf4 || second < 0x90, isTail(bytes[2]),
        isTail(bytes[3])
      else { return 0 }
      return 4
    default:
      return 0
    }
  }
}
