/// Fifteen bytes that name an Engine.IO session or a Socket.IO socket; on the wire 20 base64url characters.
///
/// Kept as two words, for an idle socket has two of them. The first byte of an Engine.IO session's identifier is the
/// index of the loop that owns it, masked with the second byte so that identifiers look alike from outside; the other
/// 112 bits are random.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
  package static let characters = 20

  /// The first eight bytes, most significant first.
  let high: UInt64
  /// The other seven bytes in the upper 56 bits; the lowest byte is 0.
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low & ~0xff
  }

  /// Carries `loop`, 0 to 255, and the rest of the words' randomness.
  init(random high: UInt64, _ low: UInt64, loop: Int) {
    let mask = UInt8(truncatingIfNeeded: high >> 48)
    let first = UInt8(truncatingIfNeeded: loop) ^ mask
    self.init(high: high & 0x00ff_ffff_ffff_ffff | UInt64(first) << 56, low: low)
  }

  /// Parses the 20 characters; nil for anything else.
  package init?(_ text: some StringProtocol) {
    var copy = String(text)
    guard let id = copy.withUTF8({ SessionID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = id
  }

  package init?(utf8: UnsafeRawBufferPointer) {
    guard utf8.count == Self.characters else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    // 10 characters are 60 bits; the 64th bit of the first word is the fifth of the eleventh character.
    for index in 0..<Self.characters {
      guard let value = Self.value(of: utf8[index]) else { return nil }
      if index < 10 {
        high = high << 6 | value
      } else if index == 10 {
        high = high << 4 | value >> 2
        low = value & 3
      } else {
        low = low << 6 | value
      }
    }
    self.init(high: high, low: low << 8)
  }

  /// The loop that owns the session.
  var loop: Int { Int(UInt8(truncatingIfNeeded: high >> 56) ^ UInt8(truncatingIfNeeded: high >> 48)) }

  /// Writes the 20 characters.
  package func write(into out: UnsafeMutablePointer<UInt8>) {
    for index in 0..<Self.characters {
      let value: UInt64
      if index < 10 {
        value = high >> UInt64(58 - 6 * index)
      } else if index == 10 {
        value = high << 2 | low >> 62
      } else {
        value = low >> UInt64(56 - 6 * (index - 11))
      }
      out[index] = Self.character(UInt8(truncatingIfNeeded: value & 63))
    }
  }

  func append(to bytes: inout [UInt8]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.characters) { text in
      write(into: text.baseAddress!)
      bytes.append(contentsOf: text)
    }
  }

  package var description: String {
    String(unsafeUninitializedCapacity: Self.characters) {
      write(into: $0.baseAddress!)
      return Self.characters
    }
  }

  package static func == (a: SessionID, b: SessionID) -> Bool { a.high == b.high && a.low == b.low }

  /// The bits are random already, so one word is hash enough for the standard library's seeded hasher.
  package func hash(into hasher: inout Hasher) { hasher.combine(low) }

  private static func character(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: value + 0x41
    case 26..<52: value - 26 + 0x61
    case 52..<62: value - 52 + 0x30
    case 62: 0x2d
    default: 0x5f
    }
  }

  private static func value(of character: UInt8) -> UInt64? {
    switch character {
    case 0x41...0x5a: UInt64(character - 0x41)
    case 0x61...0x7a: UInt64(character - 0x61 + 26)
    case 0x30...0x39: UInt64(character - 0x30 + 52)
    case 0x2d: 62
    case 0x5f: 63
    default: nil
    }
  }
}
