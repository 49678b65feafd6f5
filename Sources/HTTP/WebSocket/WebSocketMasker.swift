import Networking

/// Masks and writes a client's frames, each with a key that cannot be foretold (RFC 6455, 5.3). One serves all clients of
/// a loop.
final class WebSocketMasker {
  private var keys: [UInt32] = []
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)

  init() {}

  deinit { scratch.deallocate() }

  func write(
    _ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, isCompressed: Bool, to connection: Connection
  ) {
    let key = nextKey()
    let header = WebSocketFrameHeader(
      opcode: opcode, length: payload.count, maskKey: key, isCompressed: isCompressed)
    header.write(into: scratch.baseAddress!.assumingMemoryBound(to: UInt8.self))
    var filled = header.count
    var offset = 0
    repeat {
      let part = min(payload.count - offset, scratch.count - filled)
      let target = UnsafeMutableRawBufferPointer(rebasing: scratch[filled..<filled + part])
      if part > 0 { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[offset..<offset + part])) }
      WebSocketMask.apply(target, key: key, offset: offset)
      connection.write(UnsafeRawBufferPointer(rebasing: scratch[..<(filled + part)]))
      offset += part
      filled = 0
    } while offset < payload.count
  }

  private func nextKey() -> UInt32 {
    if keys.isEmpty {
      var system = SystemRandomNumberGenerator()
      // Zero would leave the payload as it is.
      for _ in 0..<64 { keys.append(max(1, UInt32.random(in: .min ... .max, using: &system))) }
    }
    return keys.removeLast()
  }
}
