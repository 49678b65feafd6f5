import Glibc

/// The chunked transfer coding (RFC 9112, 7.1), strict: line ends are CRLF, extensions follow the grammar and are
/// ignored, trailers are checked, bounded and thrown away.
struct ChunkedDecoder {
  enum Outcome: Equatable {
    case needMore
    case complete
    case failure(HTTPError)
  }

  private enum Phase: UInt8 {
    case size
    case extensionStart, extensionName, extensionEquals, extensionToken, extensionQuoted, extensionEscape
    case extensionBlank
    case sizeLF
    case data, dataCR, dataLF
    case trailerStart, trailerName, trailerValue, trailerLF
    case lastLF
  }

  private var phase = Phase.size
  private var digits: UInt8 = 0
  private var remaining = 0
  /// Bytes of extensions, or of trailers: both are bounded by `overheadLimit`.
  private var overhead = 0
  private var trailers = 0

  /// Bytes that all extensions together, and all trailers together, may have.
  private static let overheadLimit = 8 << 10

  /// Takes what belongs to the body off `input` and appends its data to `body`.
  mutating func decode(
    _ input: inout UnsafeRawBufferPointer, into body: inout [UInt8], limit: Int, fieldLimit: Int
  ) -> Outcome {
    var index = 0
    while index < input.count {
      if phase == .data {
        let part = min(remaining, input.count - index)
        body.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[index..<index + part]))
        remaining -= part
        index += part
        if remaining == 0 { phase = .dataCR }
        continue
      }
      let byte = input[index]
      index += 1
      if let failure = step(byte, bodyCount: body.count, limit: limit, fieldLimit: fieldLimit) {
        return .failure(failure)
      }
      if phase == .lastLF && byte == 0x0a {
        input = UnsafeRawBufferPointer(rebasing: input[index...])
        return .complete
      }
    }
    input = UnsafeRawBufferPointer(rebasing: input[input.count...])
    return .needMore
  }

  private mutating func step(_ byte: UInt8, bodyCount: Int, limit: Int, fieldLimit: Int) -> HTTPError? {
    switch phase {
    case .size:
      if let value = CharacterClass.hexValue(byte) {
        digits += 1
        guard digits <= 15 else { return HTTPError(.malformed, "chunk size is too long") }
        remaining = remaining << 4 | Int(value)
        guard remaining <= limit - bodyCount else { return HTTPError(.bodyTooLarge, "body is too large") }
        return nil
      }
      guard digits > 0 else { return HTTPError(.malformed, "chunk size is not a number") }
      return afterSize(byte)
    case .extensionStart, .extensionName, .extensionEquals, .extensionToken, .extensionQuoted, .extensionEscape,
      .extensionBlank:
      overhead += 1
      guard overhead <= Self.overheadLimit else { return HTTPError(.malformed, "chunk extensions are too long") }
      return inExtension(byte)
    case .sizeLF:
      guard byte == 0x0a else { return HTTPError(.malformed, "bare CR after a chunk size") }
      digits = 0
      phase = remaining == 0 ? .trailerStart : .data
      if remaining == 0 { overhead = 0 }
    case .data: break
    case .dataCR:
      guard byte == 0x0d else { return HTTPError(.malformed, "chunk is longer than its size") }
      phase = .dataLF
    case .dataLF:
      guard byte == 0x0a else { return HTTPError(.malformed, "bare CR after a chunk") }
      phase = .size
    case .trailerStart, .trailerName, .trailerValue, .trailerLF:
      overhead += 1
      guard overhead <= Self.overheadLimit, trailers <= fieldLimit else {
        return HTTPError(.headTooLarge, "trailers are too large")
      }
      return inTrailer(byte)
    case .lastLF:
      guard byte == 0x0a else { return HTTPError(.malformed, "bare CR after the last chunk") }
    }
    return nil
  }

  /// `chunk-size [ BWS ";" … ] CRLF`
  private mutating func afterSize(_ byte: UInt8) -> HTTPError? {
    switch byte {
    case 0x0d: phase = .sizeLF
    case UInt8(ascii: ";"): phase = .extensionStart
    default: return HTTPError(.malformed, "chunk size is not followed by CRLF")
    }
    return nil
  }

  /// `";" BWS name [ BWS "=" BWS ( token / quoted-string ) ]`
  private mutating func inExtension(_ byte: UInt8) -> HTTPError? {
    switch (phase, byte) {
    case (.extensionStart, _) where CharacterClass.isBlank(byte): break
    case (.extensionStart, _) where CharacterClass.isToken(byte): phase = .extensionName
    case (.extensionName, _) where CharacterClass.isToken(byte): break
    case (.extensionName, UInt8(ascii: "=")): phase = .extensionEquals
    case (.extensionEquals, UInt8(ascii: "\"")): phase = .extensionQuoted
    case (.extensionEquals, _) where CharacterClass.isToken(byte): phase = .extensionToken
    case (.extensionToken, _) where CharacterClass.isToken(byte): break
    case (.extensionQuoted, UInt8(ascii: "\"")): phase = .extensionBlank
    case (.extensionQuoted, UInt8(ascii: "\\")): phase = .extensionEscape
    case (.extensionQuoted, _) where !CharacterClass.isControl(byte): break
    case (.extensionEscape, _) where !CharacterClass.isControl(byte): phase = .extensionQuoted
    case (.extensionName, _), (.extensionToken, _), (.extensionBlank, _): return afterSize(byte)
    default: return HTTPError(.malformed, "bad chunk extension")
    }
    return nil
  }

  private mutating func inTrailer(_ byte: UInt8) -> HTTPError? {
    switch (phase, byte) {
    case (.trailerStart, 0x0d): phase = .lastLF
    case (.trailerStart, _) where CharacterClass.isToken(byte):
      trailers += 1
      phase = .trailerName
    case (.trailerName, UInt8(ascii: ":")): phase = .trailerValue
    case (.trailerName, _) where CharacterClass.isToken(byte): break
    case (.trailerValue, 0x0d): phase = .trailerLF
    case (.trailerValue, _) where !CharacterClass.isControl(byte): break
    case (.trailerLF, 0x0a): phase = .trailerStart
    default: return HTTPError(.malformed, "bad trailer")
    }
    return nil
  }
}
