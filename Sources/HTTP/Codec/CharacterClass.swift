/// The classes of bytes that HTTP's grammar speaks of, each a bitmap of two words: no table to initialise or to miss
/// the cache for.
enum CharacterClass {
  /// tchar (RFC 9110, 5.6.2): what names, methods and tokens are made of.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    contains(byte, low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
  }

  /// What a name of a host may be written with (reg-name of RFC 3986, 3.2.2), but without the comma, in which two
  /// joined fields would show.
  @inline(__always)
  static func isHost(_ byte: UInt8) -> Bool {
    contains(byte, low: 0x2bff_6ff2_0000_0000, high: 0x47ff_fffe_87ff_fffe)
  }

  /// What a request target may consist of: visible ASCII without `#`, which never goes over the wire (RFC 9112, 3.2).
  @inline(__always)
  static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

  /// A control that no field value may contain (RFC 9110, 5.5): all but the tab.
  @inline(__always)
  static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7f }

  /// A digit of base 64 (RFC 4648, 4).
  static func isBase64(_ byte: UInt8) -> Bool {
    contains(byte, low: 0x03ff_8800_0000_0000, high: 0x07ff_fffe_07ff_fffe)
  }

  @inline(__always)
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  @inline(__always)
  static func lowercase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// The value of a hexadecimal digit; nil for other bytes.
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    case 0x41...0x46: byte - 0x41 + 10
    default: nil
    }
  }

  @inline(__always)
  private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
    byte < 128 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 != 0
  }

  /// The first byte at or after `start` that is a control, or `end`. Eight at a time.
  @inline(__always)
  static func firstControl(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var index = start
    while index &+ 8 <= end {
      let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
      // The high bit of each byte that is less than 0x20, or 0x7f. A borrow can only set bits above the lowest one
      // that is right, and only the lowest is used. Not SIMD16: its comparisons are not compiled to vectors.
      let small = (word &- 0x2020_2020_2020_2020) & ~word
      let delete = word ^ 0x7f7f_7f7f_7f7f_7f7f
      let found = (small | ((delete &- 0x0101_0101_0101_0101) & ~delete)) & 0x8080_8080_8080_8080
      if found == 0 {
        index &+= 8
        continue
      }
      index &+= found.trailingZeroBitCount &>> 3
      if base[index] != 0x09 { return index }
      index &+= 1
    }
    while index < end, !isControl(base[index]) { index &+= 1 }
    return index
  }

  /// Whether `bytes` spell `name`, which is given in lower case, in any case.
  @inline(__always)
  static func spell(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ name: StaticString) -> Bool {
    count == name.utf8CodeUnitCount && equalIgnoringCase(bytes, name.utf8Start, count)
  }

  @inline(__always)
  static func equalIgnoringCase(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    var index = 0
    while index < count {
      if a[index] != b[index], lowercase(a[index]) != lowercase(b[index]) { return false }
      index &+= 1
    }
    return true
  }
}
