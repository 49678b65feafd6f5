/// What kind of value begins with a byte.
package enum MessagePackKind: Sendable {
  case null, bool, integer, double, string, binary, array, map, `extension`
  /// 0xc1.
  case reserved

  @inline(__always)
  init(_ byte: UInt8) {
    switch byte {
    case 0x00...0x7f, 0xcc...0xd3, 0xe0...0xff: self = .integer
    case 0x80...0x8f, 0xde, 0xdf: self = .map
    case 0x90...0x9f, 0xdc, 0xdd: self = .array
    case 0xa0...0xbf, 0xd9...0xdb: self = .string
    case 0xc0: self = .null
    case 0xc2, 0xc3: self = .bool
    case 0xc4...0xc6: self = .binary
    case 0xc7...0xc9, 0xd4...0xd8: self = .extension
    case 0xca, 0xcb: self = .double
    default: self = .reserved
    }
  }
}
