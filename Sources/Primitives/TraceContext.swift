/// Which trace something belongs to: W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00.
///
///     00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
@frozen
package struct TraceContext: Sendable, Hashable, CustomStringConvertible {
  /// The trace's identifier, never all zero.
  package let high: UInt64
  package let low: UInt64
  /// Whose step this is, never zero.
  package var span: UInt64
  /// Whether somebody keeps the trace.
  package let isSampled: Bool

  package init(high: UInt64, low: UInt64, span: UInt64, isSampled: Bool) {
    self.high = high
    self.low = low | (high == 0 && low == 0 ? 1 : 0)
    self.span = span | (span == 0 ? 1 : 0)
    self.isSampled = isSampled
  }

  /// Bytes of the text form.
  package static let length = 55

  /// Reads the field `traceparent` strictly: lower-case digits, no identifier of zeros, nothing around it. Of a later
  /// version the part that this one knows is read, as the specification asks (3.2.4). Nil when it is anything else.
  package init?(utf8 text: UnsafeRawBufferPointer) {
    let dash = UInt8(ascii: "-")
    guard text.count >= Self.length, text[2] == dash, text[35] == dash, text[52] == dash,
      let version = Self.byte(text, 0), version != 0xff,
      version == 0 ? text.count == Self.length : text.count == Self.length || text[Self.length] == dash,
      let high = Self.word(text, 3), let low = Self.word(text, 19), high | low != 0,
      let span = Self.word(text, 36), span != 0, let flags = Self.byte(text, 53)
    else { return nil }
    self.high = high
    self.low = low
    self.span = span
    isSampled = flags & 1 != 0
  }

  package init?(_ text: String) {
    var text = text
    guard let context = text.withUTF8({ TraceContext(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = context
  }

  /// Writes the 55 bytes of the text form.
  package func write(into out: UnsafeMutablePointer<UInt8>) {
    let dash = UInt8(ascii: "-")
    out[0] = 0x30
    out[1] = 0x30
    out[2] = dash
    writeTraceID(into: out + 3)
    out[35] = dash
    Self.write(span, out + 36)
    out[52] = dash
    out[53] = 0x30
    out[54] = isSampled ? 0x31 : 0x30
  }

  /// Writes the 32 digits of the trace's identifier.
  package func writeTraceID(into out: UnsafeMutablePointer<UInt8>) {
    Self.write(high, out)
    Self.write(low, out + 16)
  }

  /// The 32 digits of the trace's identifier.
  package var traceID: String {
    String(unsafeUninitializedCapacity: 32) {
      writeTraceID(into: $0.baseAddress!)
      return 32
    }
  }

  package var description: String {
    String(unsafeUninitializedCapacity: Self.length) {
      write(into: $0.baseAddress!)
      return Self.length
    }
  }

  private static func write(_ value: UInt64, _ out: UnsafeMutablePointer<UInt8>) {
    let raw = UnsafeMutableRawPointer(out)
    raw.storeBytes(of: HexWord.encode(value >> 32).littleEndian, as: UInt64.self)
    (raw + 8).storeBytes(of: HexWord.encode(value & 0xffff_ffff).littleEndian, as: UInt64.self)
  }

  /// Sixteen digits, lower case only.
  private static func word(_ text: UnsafeRawBufferPointer, _ offset: Int) -> UInt64? {
    var value: UInt64 = 0
    for half in 0..<2 {
      let digits = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset + half * 8, as: UInt64.self))
      let (part, isValid) = HexWord.decode(digits)
      // In ASCII, bit 5 is what tells lower case from upper; digits have it as well.
      guard isValid, digits & 0x2020_2020_2020_2020 == 0x2020_2020_2020_2020 else { return nil }
      value = value << 32 | part
    }
    return value
  }

  private static func byte(_ text: UnsafeRawBufferPointer, _ offset: Int) -> UInt8? {
    guard let high = digit(text[offset]), let low = digit(text[offset + 1]) else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }
}

/// Makes identifiers of traces and spans: unlikely to meet, cheap, and no secret (xoshiro256**). One a thread.
package struct TraceSource: Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  package init() {
    let seed = SecureRandom.bytes(32)
    state = seed.withUnsafeBytes {
      (
        $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
        $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self), $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self) | 1
      )
    }
  }

  /// The next step of a trace that somebody else has begun, or the first of a new one, which nobody keeps.
  package mutating func next(after parent: TraceContext? = nil) -> TraceContext {
    if let parent {
      return TraceContext(high: parent.high, low: parent.low, span: random(), isSampled: parent.isSampled)
    }
    return TraceContext(high: random(), low: random(), span: random(), isSampled: false)
  }

  private mutating func random() -> UInt64 {
    func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
    let result = rotate(state.1 &* 5, 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotate(state.3, 45)
    return result
  }
}
