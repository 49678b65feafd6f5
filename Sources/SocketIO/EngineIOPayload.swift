import Primitives

/// The body of a polling request or answer: packets joined with U+001E, binary ones as `b` and base64.
package enum EngineIOPayload {
  /// Between two packets.
  package static let separator: UInt8 = 0x1e
  /// Begins a binary packet.
  package static let binary = UInt8(ascii: "b")

  /// One packet of a payload.
  package enum Packet {
    /// The bytes after the type, valid as long as the payload's.
    case text(EngineIOPacketType, UnsafeRawBufferPointer)
    case binary([UInt8])
    /// Neither a known type nor base64: ends the session, and nothing after it counts.
    case malformed
  }

  /// Reads the packets of a payload in order. An empty payload is one malformed packet.
  package struct Reader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var isFinished = false

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package mutating func next() -> Packet? {
      guard !isFinished else { return nil }
      var end = position
      while end < bytes.count, bytes[end] != EngineIOPayload.separator { end += 1 }
      let packet = UnsafeRawBufferPointer(rebasing: bytes[position..<end])
      isFinished = end == bytes.count
      position = end + 1
      guard let first = packet.first else { return malformed() }
      let rest = UnsafeRawBufferPointer(rebasing: packet[1...])
      if first == EngineIOPayload.binary {
        guard let decoded = Base64.standard.decode(rest) else { return malformed() }
        return .binary(decoded)
      }
      guard let type = EngineIOPacketType(rawValue: first) else { return malformed() }
      return .text(type, rest)
    }

    private mutating func malformed() -> Packet {
      isFinished = true
      return .malformed
    }
  }

  /// Builds the body of an answer.
  package struct Writer {
    package private(set) var bytes: [UInt8] = []

    package init(reserving count: Int = 0) { bytes.reserveCapacity(count) }

    private mutating func separate() {
      if !bytes.isEmpty { bytes.append(EngineIOPayload.separator) }
    }

    /// A packet without data.
    package mutating func append(_ type: EngineIOPacketType) {
      separate()
      bytes.append(type.rawValue)
    }

    /// A text packet that is encoded already, type and all.
    package mutating func append(encoded: UnsafeRawBufferPointer) {
      separate()
      bytes.append(contentsOf: encoded)
    }

    package mutating func append(binary: UnsafeRawBufferPointer) {
      separate()
      bytes.append(EngineIOPayload.binary)
      let count = Base64.standard.encodedCount(binary.count)
      bytes.append(
        contentsOf: [UInt8](unsafeUninitializedCapacity: count) { out, written in
          if let base = out.baseAddress { written = Base64.standard.encode(binary, into: base) }
        })
    }
  }
}
