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
    guard utf8.count == 36, utf8[8] == 0x2d, utf8[13] == 0x2d, utf8[18] == 0x2d, utf8[23] == 0x2d else { return nil }
    func four(_ offset: Int) -> UInt64 {
      UInt64(utf8.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian)
    }
    func word(_ text: UInt64) -> (value: UInt64, isValid: Bool) { HexWord.decode(text) }
    let first = word(four(0) | four(4) << 32)
    let second = word(four(9) | four(14) << 32)
    let third = word(four(19) | four(24) << 32)
    let fourth = word(four(28) | four(32) << 32)
    guard first.isValid, second.isValid, third.isValid, fourth.isValid else { return nil }
    self.init(high: first.value << 32 | second.value, low: third.value << 32 | fourth.value)
  }

  /// Reads sixteen bytes in network order.
  package init(bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == 16, "a UUID has sixteen bytes")
    self.init(
      high: bytes.loadUnaligned(as: UInt64.self).bigEndian,
      low: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian)
  }

  /// Writes the canonical 36 characters, lower case.
  package func write(into out: UnsafeMutablePointer<UInt8>) {
    let raw = UnsafeMutableRawPointer(out)
    func put(_ text: UInt64, _ offset: Int) {
      raw.storeBytes(of: UInt32(truncatingIfNeeded: text).littleEndian, toByteOffset: offset, as: UInt32.self)
    }
    let first = HexWord.encode(high >> 32)
    let second = HexWord.encode(high & 0xffff_ffff)
    let third = HexWord.encode(low >> 32)
    let fourth = HexWord.encode(low & 0xffff_ffff)
    put(first, 0)
    put(first >> 32, 4)
    put(second, 9)
    put(second >> 32, 14)
    put(third, 19)
    put(third >> 32, 24)
    put(fourth, 28)
    put(fourth >> 32, 32)
    out[8] = 0x2d
    out[13] = 0x2d
    out[18] = 0x2d
    out[23] = 0x2d
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
