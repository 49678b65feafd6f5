/// Eight hexadecimal digits at once, in the bytes of a word whose lowest byte is the first digit.
enum HexWord {
  private static let ones: UInt64 = 0x0101_0101_0101_0101

  /// The digits of the low 32 bits, lower case.
  @inline(__always)
  static func encode(_ value: UInt64) -> UInt64 {
    var nibbles = value
    nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff
    nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff
    nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f
    nibbles = nibbles.byteSwapped
    let letters = (nibbles &+ 6 &* ones) >> 4 & ones
    return nibbles &+ 0x30 &* ones &+ letters &* 0x27
  }

  /// The value of eight digits of either case.
  @inline(__always)
  static func decode(_ text: UInt64) -> (value: UInt64, isValid: Bool) {
    let high = 0x80 &* ones
    // With seven bits a byte, no sum carries into the next: bit 7 says whether the byte has reached a bound.
    let bytes = text & ~high
    let lower = bytes | 0x20 &* ones
    let digits = (bytes &+ 0x50 &* ones) & ~(bytes &+ 0x46 &* ones) & high
    let letters = (lower &+ 0x1f &* ones) & ~(lower &+ 0x19 &* ones) & high
    var nibbles = (bytes & (0x0f &* ones)) &+ (letters >> 7) &* 9
    nibbles = nibbles.byteSwapped
    nibbles = (nibbles | nibbles >> 4) & 0x00ff_00ff_00ff_00ff
    nibbles = (nibbles | nibbles >> 8) & 0x0000_ffff_0000_ffff
    nibbles = (nibbles | nibbles >> 16) & 0xffff_ffff
    return (nibbles, (digits | letters) & ~text & high == high)
  }
}
