import Glibc

/// Messages of the scenarios are numbered in their body: `#17 …`. Nothing else in them has a `#`.
enum MessageNumber {
  /// As long as chat messages tend to be.
  static func body(_ number: Int) -> String { "#\(number) Shall we have lunch at the usual place, or try the new one?" }

  static func find(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress, let found = memchr(base, 0x23, bytes.count) else { return nil }
    var number = 0
    for byte in bytes[(UnsafeRawPointer(found) - base + 1)...] {
      guard (0x30...0x39).contains(byte) else { break }
      number = number * 10 + Int(byte) - 48
    }
    return number
  }
}
