import CZlib

/// A compressor of DEFLATE (RFC 1951), the only owner of its zlib state. Belongs to one loop.
final class Deflater {
  enum Format {
    /// Without a header: permessage-deflate.
    case raw
    /// RFC 1952: HTTP's content coding.
    case gzip
  }

  enum Flush {
    /// zlib may keep what it has got.
    case none
    /// All that was given so far can be decompressed from what has been written; ends with `00 00 ff ff`.
    case sync
    /// The last of the stream.
    case finish

    fileprivate var code: Int32 {
      switch self {
      case .none: Z_NO_FLUSH
      case .sync: Z_SYNC_FLUSH
      case .finish: Z_FINISH
      }
    }
  }

  /// Not part of this object's storage: zlib's state points back at it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameters:
  ///   - windowBits: the window's size as a power of two, 8 to 15. zlib has none of 256 bytes; with 9 it never looks back
  ///     farther than 250 (`MAX_DIST`, which a test checks), so 8 is made of that.
  ///   - level: 1 (fast) to 9 (small).
  ///   - memoryLevel: 1 to 9. The state takes 2^(windowBits + 2) + 2^(memoryLevel + 9) bytes.
  ///
  /// Nil when there is no memory.
  init?(_ format: Format, windowBits: Int, level: Int, memoryLevel: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let bits = Int32(min(max(windowBits, 9), 15))
    let code = deflateInit2_(
      stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, format == .raw ? -bits : bits + 16,
      Int32(min(max(memoryLevel, 1), 9)), Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// Forgets everything: what comes next is a stream of its own.
  func reset() { deflateReset(stream) }

  /// Compresses `bytes` and appends what comes out to `out`.
  func compress(_ bytes: UnsafeRawBufferPointer, _ flush: Flush, into out: inout GatheredBytes) {
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(bytes.count)
    // Enough for all of it, usually: a flush that does not fit would be made twice.
    var room = Int(deflateBound(stream, UInt(bytes.count))) + 16
    repeat {
      let space = out.reserve(room)
      stream.pointee.next_out = space.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      deflate(stream, flush.code)
      out.advance(room - Int(stream.pointee.avail_out))
      room = 4096
    } while stream.pointee.avail_out == 0
    stream.pointee.next_in = nil
    stream.pointee.next_out = nil
  }
}
