import CZlib

/// A decompressor of raw DEFLATE (RFC 1951) whose output is bounded, the only owner of its zlib state. Belongs to one
/// loop.
final class Inflater {
  enum Outcome {
    case ok
    /// The output would be longer than it may be. Nothing beyond the limit has been produced.
    case tooLarge
    case corrupt
  }

  /// Not part of this object's storage: zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>
  /// The last block so far was marked as the stream's last.
  private var hasEnded = false
  private var hasInput = false

  /// A window that is larger than the peer's is right too, and some compressors that say 8 use 9. Nil when there is no
  /// memory.
  init?(windowBits: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let bits = Int32(min(max(windowBits, 9), 15))
    guard inflateInit2_(stream, -bits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Forgets everything: what comes next is a stream of its own.
  func reset() {
    inflateReset(stream)
    hasEnded = false
    hasInput = false
  }

  /// Appends what `bytes` decompress to, as long as `out` has no more than `limit` bytes then.
  func inflate(_ bytes: UnsafeRawBufferPointer, into out: inout GatheredBytes, limit: Int) -> Outcome {
    guard bytes.count > 0 else { return .ok }
    hasInput = true
    hasEnded = false
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(bytes.count)
    defer {
      stream.pointee.next_in = nil
      stream.pointee.next_out = nil
    }
    while true {
      // One byte more than allowed shows that there is too much.
      let room = min(max(4 * Int(stream.pointee.avail_in), 256), 64 << 10, limit - out.count + 1)
      stream.pointee.next_out = out.reserve(room).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
      out.advance(room - Int(stream.pointee.avail_out))
      guard out.count <= limit else { return .tooLarge }
      switch code {
      case Z_OK, Z_BUF_ERROR:
        if stream.pointee.avail_out == 0 { continue }
        return stream.pointee.avail_in == 0 ? .ok : .corrupt
      case Z_STREAM_END:
        // A compressor may end its stream in the middle of a connection (RFC 7692, 7.2.3.5); the window stays.
        inflateResetKeep(stream)
        guard stream.pointee.avail_in > 0 else {
          hasEnded = true
          return .ok
        }
      default: return .corrupt
      }
    }
  }

  /// The message's end: gives back the empty block that its sender has left out (RFC 7692, 7.2.2), and checks that the
  /// blocks end where the message does.
  func finishMessage(into out: inout GatheredBytes, limit: Int) -> Outcome {
    defer { hasInput = false }
    // Some compressors make nothing of an empty message.
    guard hasInput, !hasEnded else { return .ok }
    let outcome = withUnsafeBytes(of: UInt32(0xffff_0000).littleEndian) { inflate($0, into: &out, limit: limit) }
    guard case .ok = outcome else { return outcome }
    // zlib: 128 is set between two blocks, the low bits count what is left of the last byte.
    let state = stream.pointee.data_type
    return hasEnded || (state & 128 != 0 && state & 63 == 0) ? .ok : .corrupt
  }
}
