package import Primitives

/// Writes MessagePack into one array, each value in its shortest form. Counts come before what they count, as the format
/// has it; that they are right is the caller's duty.
package struct MessagePackWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init(reserving capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  /// Begins anew and keeps the memory.
  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  // MARK: Containers

  package mutating func arrayHeader(_ count: Int) { header(count, short: 0x90, below: 16, wide: 0xdc) }

  package mutating func mapHeader(_ count: Int) { header(count, short: 0x80, below: 16, wide: 0xde) }

  // MARK: Scalars

  package mutating func null() { bytes.append(0xc0) }

  package mutating func value(_ bool: Bool) { bytes.append(bool ? 0xc3 : 0xc2) }

  package mutating func value(_ number: Int) { value(Int64(number)) }

  package mutating func value(_ number: Int64) {
    guard number < 0 else { return value(UInt64(number)) }
    switch number {
    case (-32)...: bytes.append(UInt8(truncatingIfNeeded: number))
    case (-0x80)...: put(0xd0, UInt8(truncatingIfNeeded: number))
    case (-0x8000)...: put(0xd1, UInt16(truncatingIfNeeded: number))
    case (-0x8000_0000)...: put(0xd2, UInt32(truncatingIfNeeded: number))
    default: put(0xd3, UInt64(bitPattern: number))
    }
  }

  package mutating func value(_ number: UInt64) {
    switch number {
    case ..<0x80: bytes.append(UInt8(number))
    case ..<0x100: put(0xcc, UInt8(number))
    case ..<0x1_0000: put(0xcd, UInt16(number))
    case ..<0x1_0000_0000: put(0xce, UInt32(number))
    default: put(0xcf, number)
    }
  }

  package mutating func value(_ number: Double) { put(0xcb, number.bitPattern) }

  // MARK: Bytes

  package mutating func value(_ text: some StringProtocol) {
    var text = String(text)
    text.withUTF8 { value(utf8: UnsafeRawBufferPointer($0)) }
  }

  package mutating func value(_ text: StaticString) {
    value(utf8: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  package mutating func value(_ id: UUID) {
    put(0xd9, UInt8(36))
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
      id.write(into: text.baseAddress!)
      bytes.append(contentsOf: UnsafeBufferPointer(text))
    }
  }

  /// A string from bytes that are known to be well-formed UTF-8.
  package mutating func value(utf8 text: UnsafeRawBufferPointer) {
    switch text.count {
    case ..<32: bytes.append(0xa0 | UInt8(text.count))
    case ..<0x100: put(0xd9, UInt8(text.count))
    default: header(text.count, short: 0, below: 0, wide: 0xda)
    }
    bytes.append(contentsOf: text)
  }

  package mutating func binary(_ data: UnsafeRawBufferPointer) {
    if data.count < 0x100 {
      put(0xc4, UInt8(data.count))
    } else {
      header(data.count, short: 0, below: 0, wide: 0xc5)
    }
    bytes.append(contentsOf: data)
  }

  package mutating func binary(_ data: [UInt8]) { data.withUnsafeBytes { binary($0) } }

  package mutating func `extension`(type: Int8, _ data: UnsafeRawBufferPointer) {
    switch data.count {
    case 1, 2, 4, 8, 16: bytes.append(0xd4 + UInt8(data.count.trailingZeroBitCount))
    case ..<0x100: put(0xc7, UInt8(data.count))
    default: header(data.count, short: 0, below: 0, wide: 0xc8)
    }
    bytes.append(UInt8(bitPattern: type))
    bytes.append(contentsOf: data)
  }

  /// The specification's timestamp, extension -1, in the shortest of its three sizes.
  package mutating func value(_ time: Timestamp) {
    let seconds = time.seconds
    let nanoseconds = UInt64(time.microseconds - seconds * 1_000_000) * 1000
    if seconds >= 0, seconds < 1 << 34 {
      if nanoseconds == 0, seconds < 1 << 32 {
        put(0xd6, UInt8(0xff))
        put(UInt32(seconds))
      } else {
        put(0xd7, UInt8(0xff))
        put(nanoseconds << 34 | UInt64(seconds))
      }
    } else {
      put(0xc7, UInt8(12))
      bytes.append(0xff)
      put(UInt32(nanoseconds))
      put(UInt64(bitPattern: seconds))
    }
  }

  /// A value that is MessagePack already.
  package mutating func raw(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }

  package mutating func raw(_ value: [UInt8]) { bytes.append(contentsOf: value) }

  // MARK: Steps

  /// A length in the low bits of `short` when it is below `below`, else in 16 bits after `wide` or 32 after its successor.
  private mutating func header(_ count: Int, short: UInt8, below: Int, wide: UInt8) {
    precondition(count <= 0xffff_ffff, "beyond what MessagePack can say")
    switch count {
    case ..<below: bytes.append(short | UInt8(count))
    case ..<0x1_0000: put(wide, UInt16(count))
    default: put(wide + 1, UInt32(count))
    }
  }

  @inline(__always)
  private mutating func put(_ first: UInt8, _ number: some FixedWidthInteger) {
    bytes.append(first)
    put(number)
  }

  @inline(__always)
  private mutating func put(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }
}
