/// Hexadecimal: base 16 of RFC 4648, 8. Written in lower case, read in either.
package enum Hex {
  package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: bytes.count * 2) { out in
      for (index, byte) in bytes.enumerated() {
        out[index * 2] = digit(byte >> 4)
        out[index * 2 + 1] = digit(byte & 15)
      }
      return bytes.count * 2
    }
  }

  package static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

  /// nil for an odd count or anything that is no digit.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let utf8 = text.utf8
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count / 2)
    var upper: UInt8?
    for character in utf8 {
      guard let value = value(character) else { return nil }
      if let high = upper {
        bytes.append(high << 4 | value)
        upper = nil
      } else {
        upper = value
      }
    }
    return upper == nil ? bytes : nil
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  private static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x61...0x66: character - 0x57
    case 0x41...0x46: character - 0x37
    default: nil
    }
  }
}
