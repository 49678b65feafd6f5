import Primitives

/// The forms that a point in time takes on the wire.
enum MessagePackTimestamp {
  /// nil for another extension.
  static func decode(type: Int8, _ data: UnsafeRawBufferPointer) -> Timestamp? {
    func word(_ offset: Int) -> UInt64 {
      UInt64(UInt32(bigEndian: data.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }
    switch (type, data.count) {
    case (-1, 4):
      return time(seconds: Int64(word(0)), nanoseconds: 0)
    case (-1, 8):
      let value = word(0) << 32 | word(4)
      return time(seconds: Int64(value & 0x3_ffff_ffff), nanoseconds: value >> 34)
    case (-1, 12):
      return time(seconds: Int64(bitPattern: word(4) << 32 | word(8)), nanoseconds: word(0))
    case (0, 8):
      let milliseconds = Int64(bitPattern: word(0) << 32 | word(4))
      let (microseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1000)
      return overflow ? nil : Timestamp(microseconds: microseconds)
    default:
      return nil
    }
  }

  private static func time(seconds: Int64, nanoseconds: UInt64) -> Timestamp? {
    guard nanoseconds < 1_000_000_000 else { return nil }
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, overflow2) = whole.addingReportingOverflow(Int64(nanoseconds / 1000))
    return overflow || overflow2 ? nil : Timestamp(microseconds: sum)
  }
}
