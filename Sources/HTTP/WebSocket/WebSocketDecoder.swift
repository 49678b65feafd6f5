import Glibc

/// Frames to messages (RFC 6455, 5): a machine that is fed what has been received, for either role.
///
/// A message that is one frame and lies whole in what was received is unmasked and handed over where it lies. Anything
/// else is gathered, unmasked, decompressed and validated as it comes. Between messages the decoder holds no memory.
package struct WebSocketDecoder: ~Copyable {
  package enum Role: UInt8, Sendable {
    /// Frames from a client must be masked, and
    case server
    /// frames from a server must not.
    case client
  }

  /// Payloads are valid until the next call.
  package enum Event {
    case needMore
    case text(UnsafeRawBufferPointer)
    case binary(UnsafeRawBufferPointer)
    case ping(UnsafeRawBufferPointer)
    case pong(UnsafeRawBufferPointer)
    /// `code` is 1005 when the frame has none.
    case close(code: UInt16, reason: UnsafeRawBufferPointer)
    /// Fail the connection with this code. Nothing after it is read.
    case failure(code: UInt16, reason: StaticString)
  }

  private enum Phase: UInt8 {
    case header, payload, failed
  }

  private let role: Role
  /// Where it was agreed upon, reserved bit 1 of a message's first frame says that the message is compressed (RFC 7692, 6).
  private let deflate: PerMessageDeflate?
  private var phase = Phase.header
  private let maxMessageSize: Int

  // The header as far as it has arrived.
  private var headerBytes: (UInt64, UInt64) = (0, 0)
  private var headerCount: UInt8 = 0

  // The frame under way.
  private var opcode = WebSocketOpcode.text
  private var isFinal = true
  private var maskKey: UInt32 = 0
  private var length = 0
  private var taken = 0

  // The message under way; nil opcode outside of one.
  private var messageOpcode: WebSocketOpcode?
  private var isCompressed = false
  /// Bytes of the message before decompression, as its frames announce them.
  private var compressedCount = 0
  private var validator = UTF8Validator()
  private var message = GatheredBytes()
  private var control = GatheredBytes()
  /// The gathered bytes that the last event handed out are to be freed.
  private var mustRelease = false

  /// - Parameter maxMessageSize: bytes of a message, its fragments together, decompressed.
  package init(role: Role, maxMessageSize: Int, deflate: PerMessageDeflate? = nil) {
    self.role = role
    self.maxMessageSize = maxMessageSize
    self.deflate = deflate
  }

  /// Takes bytes off `input` up to the next event. The bytes are unmasked in place.
  package mutating func next(_ input: inout UnsafeMutableRawBufferPointer) -> Event {
    if mustRelease {
      mustRelease = false
      if messageOpcode == nil { message.release() }
      control.release()
    }
    while true {
      switch phase {
      case .failed:
        input = UnsafeMutableRawBufferPointer(rebasing: input[input.count...])
        return .needMore
      case .header:
        guard input.count > 0 else { return .needMore }
        switch readHeader(&input) {
        case .incomplete: return .needMore
        case .failure(let code, let reason): return fail(code, reason)
        case .complete: phase = .payload
        }
      case .payload:
        if let event = readPayload(&input) { return event }
        if phase == .payload { return .needMore }
      }
    }
  }

  // MARK: Header

  private enum HeaderOutcome {
    case incomplete
    case complete
    case failure(UInt16, StaticString)
  }

  private mutating func readHeader(_ input: inout UnsafeMutableRawBufferPointer) -> HeaderOutcome {
    if headerCount == 0, input.count >= 2 {
      let count = Self.headerCount(input[1])
      if input.count >= count {
        let outcome = interpret(UnsafeRawPointer(input.baseAddress!), count)
        input = UnsafeMutableRawBufferPointer(rebasing: input[count...])
        return outcome
      }
    }
    // In parts: gathered byte by byte, for the first ones can be wrong already.
    while input.count > 0 {
      let byte = input[0]
      input = UnsafeMutableRawBufferPointer(rebasing: input[1...])
      withUnsafeMutableBytes(of: &headerBytes) { $0[Int(headerCount)] = byte }
      headerCount += 1
      let gathered = headerBytes
      let outcome = withUnsafeBytes(of: gathered) { bytes -> HeaderOutcome in
        if headerCount >= 2, Int(headerCount) == Self.headerCount(bytes[1]) {
          return interpret(bytes.baseAddress!, Int(headerCount))
        }
        if let failure = headerCount == 1 ? checkFirst(bytes[0]) : checkSecond(bytes[0], bytes[1]) { return failure }
        return .incomplete
      }
      if case .incomplete = outcome { continue }
      headerCount = 0
      return outcome
    }
    return .incomplete
  }

  /// How long a header is whose second byte is this.
  @inline(__always)
  private static func headerCount(_ second: UInt8) -> Int {
    let extended = second & 0x7f == 127 ? 8 : second & 0x7f == 126 ? 2 : 0
    return 2 + extended + (second & 0x80 == 0 ? 0 : 4)
  }

  private func checkFirst(_ first: UInt8) -> HeaderOutcome? {
    guard let opcode = WebSocketOpcode(rawValue: first & 0x0f) else { return .failure(1002, "reserved opcode") }
    let reserved = first & 0x70
    if reserved != 0 {
      let isFirstOfMessage = opcode == .text || opcode == .binary
      guard reserved == 0x40, deflate != nil, isFirstOfMessage else { return .failure(1002, "reserved bit is set") }
    }
    if opcode.isControl {
      if first & 0x80 == 0 { return .failure(1002, "control frame in fragments") }
    } else if opcode == .continuation {
      if messageOpcode == nil { return .failure(1002, "continuation of nothing") }
    } else if messageOpcode != nil {
      return .failure(1002, "new message within another")
    }
    return nil
  }

  private func checkSecond(_ first: UInt8, _ second: UInt8) -> HeaderOutcome? {
    if (second & 0x80 != 0) != (role == .server) {
      return .failure(1002, role == .server ? "frame is not masked" : "frame is masked")
    }
    if first & 0x08 != 0, second & 0x7f > 125 { return .failure(1002, "control frame is too long") }
    return nil
  }

  private mutating func interpret(_ bytes: UnsafeRawPointer, _ count: Int) -> HeaderOutcome {
    let first = bytes.load(as: UInt8.self)
    let second = bytes.load(fromByteOffset: 1, as: UInt8.self)
    if let failure = checkFirst(first) { return failure }
    if let failure = checkSecond(first, second) { return failure }
    opcode = WebSocketOpcode(rawValue: first & 0x0f) ?? .continuation
    isFinal = first & 0x80 != 0
    length = Int(second & 0x7f)
    if length == 126 {
      length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
      if length < 126 { return .failure(1002, "length is not in its shortest form") }
    } else if length == 127 {
      let long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
      if long >> 63 != 0 || long < 1 << 16 { return .failure(1002, "length is not in its shortest form") }
      length = Int(long)
    }
    if !opcode.isControl {
      if opcode != .continuation {
        isCompressed = first & 0x40 != 0
        compressedCount = 0
      }
      guard isCompressed ? mayCompress() : length <= maxMessageSize - message.count else {
        return .failure(1009, "message is too large")
      }
    }
    maskKey = second & 0x80 == 0 ? 0 : bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    taken = 0
    return .complete
  }

  /// Counts a frame of a compressed message. What cannot be compressed grows a little; what grows more serves nobody.
  private mutating func mayCompress() -> Bool {
    let limit = maxMessageSize + maxMessageSize / 8 + 1024
    guard length <= limit - compressedCount else { return false }
    compressedCount += length
    return true
  }

  // MARK: Payload

  /// nil when the payload is not complete, or was a fragment and the next header is due (`phase` tells).
  private mutating func readPayload(_ input: inout UnsafeMutableRawBufferPointer) -> Event? {
    let part = min(length - taken, input.count)
    let bytes = UnsafeMutableRawBufferPointer(rebasing: input[..<part])
    input = UnsafeMutableRawBufferPointer(rebasing: input[part...])
    WebSocketMask.apply(bytes, key: maskKey, offset: taken)
    let isWhole = part == length
    taken += part
    let isDone = taken == length
    if isDone { phase = .header }
    if opcode.isControl {
      if isWhole { return controlEvent(UnsafeRawBufferPointer(bytes)) }
      control.append(UnsafeRawBufferPointer(bytes))
      guard isDone else { return nil }
      mustRelease = true
      return controlEvent(control.bytes)
    }
    let kind = messageOpcode ?? opcode
    if isCompressed { return readCompressed(kind, UnsafeRawBufferPointer(bytes), isLast: isDone && isFinal) }
    if kind == .text {
      // As early as it can be known (RFC 6455, 8.1).
      guard validator.consume(UnsafeRawBufferPointer(bytes)), !(isDone && isFinal) || validator.isComplete else {
        return fail(1007, "text is not UTF-8")
      }
    }
    if isWhole, isFinal, messageOpcode == nil { return messageEvent(kind, UnsafeRawBufferPointer(bytes)) }
    messageOpcode = kind
    message.append(UnsafeRawBufferPointer(bytes))
    guard isDone, isFinal else { return nil }
    messageOpcode = nil
    mustRelease = true
    return messageEvent(kind, message.bytes)
  }

  /// A part of a compressed message; nil unless it was the last.
  private mutating func readCompressed(
    _ kind: WebSocketOpcode, _ bytes: UnsafeRawBufferPointer, isLast: Bool
  ) -> Event? {
    guard let deflate else { return nil }
    messageOpcode = kind
    let before = message.count
    var outcome = deflate.inflate(bytes, into: &message, limit: maxMessageSize)
    if isLast, case .ok = outcome { outcome = deflate.finishMessage(into: &message, limit: maxMessageSize) }
    switch outcome {
    case .ok: break
    case .tooLarge: return fail(1009, "message is too large")
    case .corrupt: return fail(1007, "message cannot be decompressed")
    }
    if kind == .text {
      let isText = validator.consume(UnsafeRawBufferPointer(rebasing: message.bytes[before...]))
      guard isText, !isLast || validator.isComplete else { return fail(1007, "text is not UTF-8") }
    }
    guard isLast else { return nil }
    messageOpcode = nil
    mustRelease = true
    return messageEvent(kind, message.bytes)
  }

  private func messageEvent(_ kind: WebSocketOpcode, _ payload: UnsafeRawBufferPointer) -> Event {
    kind == .text ? .text(payload) : .binary(payload)
  }

  private mutating func controlEvent(_ payload: UnsafeRawBufferPointer) -> Event {
    switch opcode {
    case .ping: return .ping(payload)
    case .pong: return .pong(payload)
    default: break
    }
    guard payload.count > 0 else { return closed(1005, payload) }
    guard payload.count >= 2 else { return fail(1002, "close code of one byte") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard WebSocketCloseCode.maySend(code) else { return fail(1002, "bad close code") }
    let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
    var validator = UTF8Validator()
    guard validator.consume(reason), validator.isComplete else { return fail(1007, "close reason is not UTF-8") }
    return closed(code, reason)
  }

  private mutating func closed(_ code: UInt16, _ reason: UnsafeRawBufferPointer) -> Event {
    // Nothing comes after a close frame (RFC 6455, 5.5.1).
    phase = .failed
    return .close(code: code, reason: reason)
  }

  private mutating func fail(_ code: UInt16, _ reason: StaticString) -> Event {
    phase = .failed
    messageOpcode = nil
    message.release()
    control.release()
    return .failure(code: code, reason: reason)
  }
}

/// The codes of close frames (RFC 6455, 7.4).
enum WebSocketCloseCode {
  /// Whether a close frame may bear the code: the others are reserved, or only ever said locally.
  static func maySend(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}
