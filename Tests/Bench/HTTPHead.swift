import Glibc

/// As much of an HTTP/1.1 answer's head as a client needs that knows its server.
enum HTTPHead {
  /// Where the body begins; nil while the head is not complete.
  static func end(in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var position = 0
    while position + 4 <= bytes.count {
      guard let found = memchr(base + position, 0x0d, bytes.count - position - 3) else { return nil }
      let index = UnsafeRawPointer(found) - base
      if bytes[index + 1] == 0x0a, bytes[index + 2] == 0x0d, bytes[index + 3] == 0x0a { return index + 4 }
      position = index + 1
    }
    return nil
  }

  /// `HTTP/1.1 200 …`; 0 when it is something else.
  static func status(in bytes: UnsafeRawBufferPointer) -> Int {
    guard bytes.count >= 12 else { return 0 }
    return bytes[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
  }

  /// The field Content-Length of a complete head; 0 when there is none.
  static func contentLength(in head: UnsafeRawBufferPointer) -> Int {
    let name: StaticString = "\ncontent-length:"
    let count = name.utf8CodeUnitCount
    guard head.count > count else { return 0 }
    for start in 0..<(head.count - count) where head[start] == 0x0a {
      var matched = 1
      while matched < count, head[start + matched] | 0x20 == name.utf8Start[matched] | 0x20 { matched += 1 }
      guard matched == count else { continue }
      var length = 0
      for byte in head[(start + count)...] {
        if byte == 0x20 { continue }
        guard (0x30...0x39).contains(byte) else { break }
        length = length * 10 + Int(byte) - 48
      }
      return length
    }
    return 0
  }
}
