/// Percent-encoding of URIs (RFC 3986, 2.1).
enum PercentEncoding {
  /// Decodes; nil when an escape is not two hexadecimal digits, or stands for NUL, or the outcome is not UTF-8.
  static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> String? {
    var index = 0
    var isASCII = true
    while index < bytes.count, bytes[index] != UInt8(ascii: "%"), !plusIsSpace || bytes[index] != UInt8(ascii: "+") {
      if bytes[index] >= 0x80 { isASCII = false }
      index += 1
    }
    if index == bytes.count {
      return isASCII ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "%") {
        guard index + 2 < bytes.count, let high = CharacterClass.hexValue(bytes[index + 1]),
          let low = CharacterClass.hexValue(bytes[index + 2]), high | low != 0
        else { return nil }
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
        index += 1
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }
}
