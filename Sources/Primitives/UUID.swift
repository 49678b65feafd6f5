import CLinux
import Glibc

/// A universally unique identifier (RFC 9562): sixteen bytes, ordered as they are written.
@frozen
package struct UUID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The first and last eight bytes, most significant first.
  package let high: UInt64
  package let low: UInt64

  @inlinable
  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  @inlinable
  package static func < (a: UUID, b: UUID) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

  /// A version 7 UUID (RFC 9562, 5.7): milliseconds since 1970, then 12 bits that count within the millisecond and
  /// thread, so that one thread's identifiers rise, then 62 random bits.
  package static func v7() -> UUID { UUIDGenerator.next() }

  /// Parses the canonical form of 36 characters, either case; nil for anything else.
  package init?(_ text: some StringProtocol) {
    var copy = String(text)
    guard let value = copy.withUTF8({ UUID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = value
  }

  /// Parses the canonical form from bytes.
  package init?(utf8: UnsafeRawBufferPointer) {
    guard utf8.count == 36 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    var digits = 0
    for index in 0..<36 {
      let byte = utf8[index]
      if index == 8 || index == 13 || index == 18 || index == 23 {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      let nibble: UInt8
      switch byte {
      case 0x30...0x39: nibble = byte - 0x30
      case 0x61...0x66: nibble = byte - 0x61 + 10
      case 0x41...0x46: nibble = byte - 0x41 + 10
      default: return nil
      }
      if digits < 16 { halves.0 = halves.0 << 4 | UInt64(nibble) } else { halves.1 = halves.1 << 4 | UInt64(nibble) }
      digits += 1
    }
    self.init(high: halves.0, low: halves.1)
  }

  /// Reads sixteen bytes in network order.
  package init(bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == 16, "a UUID has sixteen bytes")
    self.init(
      high: bytes.loadUnaligned(as: UInt64.self).bigEndian,
      low: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian)
  }

  /// Writes the canonical 36 characters, lower case.
  @inlinable
  package func write(into out: UnsafeMutablePointer<UInt8>) {
    var position = 0
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 {
        out[position] = 0x2d
        position += 1
      }
      let byte = UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64(56 - 8 * (index & 7)))
      let upper = byte >> 4
      let lower = byte & 15
      out[position] = upper < 10 ? 0x30 + upper : 0x57 + upper
      out[position + 1] = lower < 10 ? 0x30 + lower : 0x57 + lower
      position += 2
    }
  }

  package var description: String {
    String(unsafeUninitializedCapacity: 36) {
      write(into: $0.baseAddress!)
      return 36
    }
  }
}

/// Fast random numbers and the version 7 clock, a state a thread: xoshiro256** seeded from the system.
private enum UUIDGenerator {
  final class State {
    var words: (UInt64, UInt64, UInt64, UInt64)
    var lastTick: UInt64 = 0
    init() {
      var system = SystemRandomNumberGenerator()
      words = (system.next(), system.next(), system.next(), system.next())
    }

    func random() -> UInt64 {
      func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { x << k | x >> (64 - k) }
      let result = rotate(words.1 &* 5, 7) &* 9
      let shifted = words.1 << 17
      words.2 ^= words.0
      words.3 ^= words.1
      words.1 ^= words.2
      words.0 ^= words.3
      words.2 ^= shifted
      words.3 = rotate(words.3, 45)
      return result
    }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { Unmanaged<State>.fromOpaque($0!).release() }
    return key
  }()

  static var state: State {
    if let existing = pthread_getspecific(key) { return Unmanaged<State>.fromOpaque(existing).takeUnretainedValue() }
    let state = State()
    pthread_setspecific(key, Unmanaged.passRetained(state).toOpaque())
    return state
  }

  static func next() -> UUID {
    let state = state
    let now = UInt64(clinux_realtime_us())
    // 48 bits of milliseconds and 12 of a fraction: method 3 of RFC 9562, 6.2.
    let tick = max((now / 1000) << 12 | (now % 1000) * 4096 / 1000, state.lastTick &+ 1)
    state.lastTick = tick
    let high = (tick >> 12) << 16 | 0x7000 | tick & 0xfff
    return UUID(high: high, low: state.random() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
  }
}
