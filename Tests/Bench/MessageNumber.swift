import Glibc

/// Messages of the scenarios are numbered in their body: `#17 …`. Nothing else in them has a `#`.
enum MessageNumber {
  /// As long as chat messages tend to be.
  static func body(_ number: Int) -> String { "#\(number) Shall we have lunch at the usual place, or try the new one?" }

  static func find(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress, let found = memchr(base, 0x23, bytes.count) else { return nil }
    return digits(in: bytes, from: UnsafeRawPointer(found) - base + 1)
  }

  /// The number behind `"seq":`.
  static func seq(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var position = 0
    while let found = memchr(base + position, 0x71, bytes.count - position) {
      position = UnsafeRawPointer(found) - base + 1
      guard position + 2 < bytes.count, position > 3 else { continue }
      let isKey =
        bytes[position - 4] == 0x22 && bytes[position - 3] == 0x73 && bytes[position - 2] == 0x65
        && bytes[position] == 0x22 && bytes[position + 1] == 0x3a
      if isKey { return digits(in: bytes, from: position + 2) }
    }
    return nil
  }

  private static func digits(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var number = 0
    for byte in bytes[start...] {
      guard (0x30...0x39).contains(byte) else { break }
      number = number * 10 + Int(byte) - 48
    }
    return number
  }
}
