/// UTF-8 as it arrives (RFC 3629): says at the first wrong byte that it is wrong.
struct UTF8Validator {
  /// Continuation bytes that are due.
  private var due: UInt8 = 0
  /// The range of the next one: narrower after E0, ED, F0 and F4, which excludes overlong forms, surrogates and what is
  /// beyond U+10FFFF.
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xbf

  init() {}

  /// Whether the text may end here.
  var isComplete: Bool { due == 0 }

  /// False when `bytes` cannot be part of a text, wherever they are cut.
  mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    let count = bytes.count
    var index = 0
    var due = due
    var low = low
    var high = high
    while index < count {
      if due == 0 {
        while index &+ 16 <= count {
          let chunk = base.loadUnaligned(fromByteOffset: index, as: SIMD2<UInt64>.self)
          if (chunk.x | chunk.y) & 0x8080_8080_8080_8080 != 0 { break }
          index &+= 16
        }
        guard index < count else { break }
      }
      let byte = base.load(fromByteOffset: index, as: UInt8.self)
      index &+= 1
      if due > 0 {
        guard byte >= low, byte <= high else { return false }
        due &-= 1
        low = 0x80
        high = 0xbf
        continue
      }
      switch byte {
      case 0x00...0x7f: break
      case 0xc2...0xdf: due = 1
      case 0xe0:
        due = 2
        low = 0xa0
      case 0xed:
        due = 2
        high = 0x9f
      case 0xe1...0xef: due = 2
      case 0xf0:
        due = 3
        low = 0x90
      case 0xf1...0xf3: due = 3
      case 0xf4:
        due = 3
        high = 0x8f
      default: return false
      }
    }
    self.due = due
    self.low = low
    self.high = high
    return true
  }
}
