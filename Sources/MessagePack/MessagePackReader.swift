package import Primitives

/// A cursor over MessagePack bytes that somebody else keeps alive. Each `read` takes one value, or the header of one, and
/// leaves the cursor where it was when it throws.
///
///     var reader = MessagePackReader(payload)
///     guard try reader.readArrayHeader() == 3 else { return }
///     let uid = try reader.readString()
///     let packet = try reader.readRaw()
package struct MessagePackReader {
  package let bytes: UnsafeRawBufferPointer
  package private(set) var position = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var remaining: Int { bytes.count - position }
  package var isAtEnd: Bool { position == bytes.count }

  /// The kind of the next value; nil at the end.
  package var next: MessagePackKind? { position < bytes.count ? MessagePackKind(bytes[position]) : nil }

  // MARK: Scalars

  package mutating func readNull() throws(MessagePackError) {
    guard try first() == 0xc0 else { throw error(.unexpectedType) }
    position += 1
  }

  package mutating func readBool() throws(MessagePackError) -> Bool {
    let byte = try first()
    guard byte & 0xfe == 0xc2 else { throw error(.unexpectedType) }
    position += 1
    return byte == 0xc3
  }

  /// Any integer that fits; a double is not taken for one.
  package mutating func readInt64() throws(MessagePackError) -> Int64 {
    let number = try readInteger()
    guard let value = number.int64 else {
      position = number.start
      throw error(.outOfRange)
    }
    return value
  }

  package mutating func readInt() throws(MessagePackError) -> Int { Int(try readInt64()) }

  package mutating func readUInt64() throws(MessagePackError) -> UInt64 {
    let number = try readInteger()
    guard !number.isNegative else {
      position = number.start
      throw error(.outOfRange)
    }
    return number.bits
  }

  /// A float of either size, or an integer rounded to the nearest.
  package mutating func readDouble() throws(MessagePackError) -> Double {
    switch try first() {
    case 0xca:
      try need(5)
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: load(4, at: position + 1)))
      position += 5
      return Double(value)
    case 0xcb:
      try need(9)
      let value = Double(bitPattern: load(8, at: position + 1))
      position += 9
      return value
    default:
      let number = try readInteger()
      return number.isNegative ? Double(Int64(bitPattern: number.bits)) : Double(number.bits)
    }
  }

  struct Integer {
    /// Two's complement when negative.
    var bits: UInt64
    var isNegative: Bool
    var start: Int
    var int64: Int64? { isNegative ? Int64(bitPattern: bits) : Int64(exactly: bits) }
  }

  mutating func readInteger() throws(MessagePackError) -> Integer {
    let start = position
    let byte = try first()
    switch byte {
    case 0x00...0x7f:
      position += 1
      return Integer(bits: UInt64(byte), isNegative: false, start: start)
    case 0xe0...0xff:
      position += 1
      return Integer(bits: UInt64(bitPattern: Int64(Int8(bitPattern: byte))), isNegative: true, start: start)
    case 0xcc...0xcf:
      let width = 1 << Int(byte - 0xcc)
      try need(1 + width)
      let bits = load(width, at: start + 1)
      position += 1 + width
      return Integer(bits: bits, isNegative: false, start: start)
    case 0xd0...0xd3:
      let width = 1 << Int(byte - 0xd0)
      try need(1 + width)
      let shift = UInt64(64 - width * 8)
      let value = Int64(bitPattern: load(width, at: start + 1) << shift) >> Int64(shift)
      position += 1 + width
      return Integer(bits: UInt64(bitPattern: value), isNegative: value < 0, start: start)
    default:
      throw error(.unexpectedType)
    }
  }

  // MARK: Bytes

  /// A string's bytes, a slice of the source; not validated as UTF-8.
  package mutating func readString() throws(MessagePackError) -> UnsafeRawBufferPointer {
    let byte = try first()
    switch byte {
    case 0xa0...0xbf: return try slice(header: 1, count: Int(byte & 31))
    case 0xd9...0xdb: return try slice(lengthOf: 1 << Int(byte - 0xd9))
    default: throw error(.unexpectedType)
    }
  }

  /// True, and read, when the next value is this string; false, and left, for any other.
  package mutating func readString(_ text: StaticString) -> Bool {
    let start = position
    guard next == .string, let string = try? readString() else { return false }
    if string.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) { return true }
    position = start
    return false
  }

  /// A binary value's bytes, a slice of the source.
  package mutating func readBinary() throws(MessagePackError) -> UnsafeRawBufferPointer {
    let byte = try first()
    guard (0xc4...0xc6).contains(byte) else { throw error(.unexpectedType) }
    return try slice(lengthOf: 1 << Int(byte - 0xc4))
  }

  /// An extension's type and bytes.
  package mutating func readExtension() throws(MessagePackError) -> (type: Int8, data: UnsafeRawBufferPointer) {
    let byte = try first()
    let header: Int
    let count: Int
    switch byte {
    case 0xd4...0xd8:
      header = 2
      count = 1 << Int(byte - 0xd4)
    case 0xc7...0xc9:
      let width = 1 << Int(byte - 0xc7)
      try need(2 + width)
      header = 2 + width
      count = Int(load(width, at: position + 1))
    default:
      throw error(.unexpectedType)
    }
    try need(header)
    let type = Int8(bitPattern: bytes[position + header - 1])
    return (type, try slice(header: header, count: count))
  }

  /// A timestamp of the specification (extension -1, its three sizes), or the older one of notepack.io (extension 0, eight
  /// bytes of milliseconds). Nanoseconds are cut to microseconds.
  package mutating func readTimestamp() throws(MessagePackError) -> Timestamp {
    let start = position
    let (type, data) = try readExtension()
    guard let time = MessagePackTimestamp.decode(type: type, data) else {
      position = start
      throw error(.unexpectedType)
    }
    return time
  }

  // MARK: Containers

  /// How many elements follow.
  package mutating func readArrayHeader() throws(MessagePackError) -> Int {
    let byte = try first()
    switch byte {
    case 0x90...0x9f: return try header(1, count: Int(byte & 15), valuesEach: 1)
    case 0xdc, 0xdd: return try header(lengthOf: byte == 0xdc ? 2 : 4, valuesEach: 1)
    default: throw error(.unexpectedType)
    }
  }

  /// How many pairs of key and value follow.
  package mutating func readMapHeader() throws(MessagePackError) -> Int {
    let byte = try first()
    switch byte {
    case 0x80...0x8f: return try header(1, count: Int(byte & 15), valuesEach: 2)
    case 0xde, 0xdf: return try header(lengthOf: byte == 0xde ? 2 : 4, valuesEach: 2)
    default: throw error(.unexpectedType)
    }
  }

  /// Passes over one value with all that is in it. Iterative, whatever the depth.
  package mutating func skip() throws(MessagePackError) {
    let start = position
    var pending = 1
    do throws(MessagePackError) {
      while pending > 0 {
        pending -= 1
        switch MessagePackKind(try first()) {
        case .null, .bool: position += 1
        case .integer: _ = try readInteger()
        case .double: _ = try readDouble()
        case .string: _ = try readString()
        case .binary: _ = try readBinary()
        case .extension: _ = try readExtension()
        case .array: pending += try readArrayHeader()
        case .map: pending += try readMapHeader() * 2
        case .reserved: throw error(.reserved)
        }
      }
    } catch {
      position = start
      throw error
    }
  }

  /// The exact bytes of the next value with all that is in it.
  package mutating func readRaw() throws(MessagePackError) -> UnsafeRawBufferPointer {
    let start = position
    try skip()
    return UnsafeRawBufferPointer(rebasing: bytes[start..<position])
  }

  /// Throws unless everything has been read.
  package func finish() throws(MessagePackError) {
    if !isAtEnd { throw error(.trailingBytes) }
  }

  // MARK: Steps

  func error(_ reason: MessagePackError.Reason) -> MessagePackError { MessagePackError(reason, at: position) }

  @inline(__always)
  private func first() throws(MessagePackError) -> UInt8 {
    guard position < bytes.count else { throw error(.truncated) }
    return bytes[position]
  }

  @inline(__always)
  private func need(_ count: Int) throws(MessagePackError) {
    guard count <= bytes.count - position else { throw error(.truncated) }
  }

  /// A big-endian number of 1, 2, 4 or 8 bytes that are there.
  @inline(__always)
  private func load(_ width: Int, at offset: Int) -> UInt64 {
    switch width {
    case 1: UInt64(bytes[offset])
    case 2: UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    case 4: UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    default: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
  }

  private mutating func slice(lengthOf width: Int) throws(MessagePackError) -> UnsafeRawBufferPointer {
    try need(1 + width)
    return try slice(header: 1 + width, count: Int(load(width, at: position + 1)))
  }

  @inline(__always)
  private mutating func slice(header: Int, count: Int) throws(MessagePackError) -> UnsafeRawBufferPointer {
    try need(header + count)
    let start = position + header
    position = start + count
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
  }

  private mutating func header(lengthOf width: Int, valuesEach: Int) throws(MessagePackError) -> Int {
    try need(1 + width)
    return try header(1 + width, count: Int(load(width, at: position + 1)), valuesEach: valuesEach)
  }

  @inline(__always)
  private mutating func header(_ width: Int, count: Int, valuesEach: Int) throws(MessagePackError) -> Int {
    try need(width + count * valuesEach)
    position += width
    return count
  }
}
