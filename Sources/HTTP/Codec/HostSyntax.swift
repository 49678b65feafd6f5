/// `uri-host [ ":" port ]` (RFC 9110, 7.2).
enum HostSyntax {
  /// Whether the bytes are a host with or without a port. An empty host names nothing that is served here.
  static func isValid(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    guard count > 0, count <= 512 else { return false }
    var index = 0
    if bytes[0] == UInt8(ascii: "[") {
      index = 1
      while index < count, bytes[index] != UInt8(ascii: "]") {
        let byte = bytes[index]
        guard CharacterClass.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".") else {
          return false
        }
        index += 1
      }
      guard index < count, index > 1 else { return false }
      index += 1
    } else {
      while index < count, CharacterClass.isHost(bytes[index]) { index += 1 }
      guard index > 0 else { return false }
    }
    guard index < count else { return true }
    guard bytes[index] == UInt8(ascii: ":"), count - index <= 6 else { return false }
    index += 1
    while index < count {
      guard bytes[index] &- 0x30 < 10 else { return false }
      index += 1
    }
    return true
  }
}
