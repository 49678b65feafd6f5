import Glibc
package import Primitives

/// Messages of a load are numbered in their body: `#17 …`. Nothing else in them has a `#`, nor what looks like a key of a
/// message, so an event is read without parsing it as JSON: a load generator reads a great many.
package enum MessageNumber {
  private static let text = "Shall we have lunch at the usual place, or try the new one? "

  /// As long as chat messages tend to be.
  package static func body(_ number: Int) -> String { "#\(number) \(text.dropLast())" }

  /// A body of `bytes` bytes, or a little more where the number needs it.
  package static func body(_ number: Int, bytes: Int) -> String {
    var body = "#\(number) "
    body.reserveCapacity(bytes)
    while body.utf8.count + text.utf8.count <= bytes { body += text }
    body += text.prefix(max(0, bytes - body.utf8.count))
    return body
  }

  package static func find(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress, let found = memchr(base, 0x23, bytes.count) else { return nil }
    return digits(in: bytes, from: UnsafeRawPointer(found) - base + 1)
  }

  /// The number behind `"seq":`.
  package static func seq(in bytes: UnsafeRawBufferPointer) -> Int? {
    position(after: "\"seq\":", in: bytes).map { digits(in: bytes, from: $0) }
  }

  /// The identifier behind `"conversationId":`.
  package static func conversation(in bytes: UnsafeRawBufferPointer) -> UUID? {
    guard let start = position(after: "\"conversationId\":\"", in: bytes), bytes.count >= start + 36 else { return nil }
    return UUID(utf8: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 36)]))
  }

  /// Where what follows `key` begins.
  private static func position(after key: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let count = key.utf8CodeUnitCount
    var start = 0
    while start + count <= bytes.count,
      let found = memchr(base + start, Int32(key.utf8Start[0]), bytes.count - start - count + 1)
    {
      let place = UnsafeRawPointer(found) - base
      if memcmp(found, key.utf8Start, count) == 0 { return place + count }
      start = place + 1
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
