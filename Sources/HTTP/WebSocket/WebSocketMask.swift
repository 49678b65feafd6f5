/// The masking of a client's frames (RFC 6455, 5.3): its own inverse.
enum WebSocketMask {
  /// Masks in place. `key` has its bytes in memory in the order of the wire; `offset` is how much of the frame's payload
  /// came before.
  static func apply(_ bytes: UnsafeMutableRawBufferPointer, key: UInt32, offset: Int) {
    guard let base = bytes.baseAddress, key != 0 else { return }
    // Turned so that its first byte in memory meets the first of `bytes`.
    let turn = UInt32(offset & 3) * 8
    let turned = turn == 0 ? key : key >> turn | key << (32 - turn)
    let wide = UInt64(turned) << 32 | UInt64(turned)
    let count = bytes.count
    var index = 0
    while index &+ 32 <= count {
      for part in stride(from: index, to: index &+ 32, by: 8) {
        let value = base.loadUnaligned(fromByteOffset: part, as: UInt64.self) ^ wide
        base.storeBytes(of: value, toByteOffset: part, as: UInt64.self)
      }
      index &+= 32
    }
    while index &+ 8 <= count {
      let value = base.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
      base.storeBytes(of: value, toByteOffset: index, as: UInt64.self)
      index &+= 8
    }
    while index < count {
      let byte = UInt8(truncatingIfNeeded: turned >> UInt32(truncatingIfNeeded: (index & 3) * 8))
      let value = base.load(fromByteOffset: index, as: UInt8.self) ^ byte
      base.storeBytes(of: value, toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
  }
}
