/// The classes of bytes that HTTP's grammar speaks of, each a bitmap of two words: no table to initialise or to miss
/// the cache for.
enum CharacterClass {
  /// tchar (RFC 9110, 5.6.2): what names, methods and tokens are made of.
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool {
    contains(byte, low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe)
  }

  /// What a host may be written with: reg-name or IP-literal with a port (RFC 3986, 3.2.2), but without the comma, in
  /// which two joined fields would show.
  @inline(__always)
  static func isHost(_ byte: UInt8) -> Bool {
    contains(byte, low: 0x2fff_6ff2_0000_0000, high: 0x47ff_fffe_afff_fffe)
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

  /// The first byte at or after `start` that is a control, or `end`. Sixteen at a time.
  @inline(__always)
  static func firstControl(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var index = start
    while index &+ 16 <= end {
      let bytes = UnsafeRawPointer(base + index).loadUnaligned(as: SIMD16<UInt8>.self)
      let controls = ((bytes .< 0x20) .& (bytes .!= 0x09)) .| (bytes .== 0x7f)
      let words = unsafeBitCast(controls, to: SIMD2<UInt64>.self)
      if words.x != 0 { return index &+ words.x.trailingZeroBitCount / 8 }
      if words.y != 0 { return index &+ 8 &+ words.y.trailingZeroBitCount / 8 }
      index &+= 16
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
