import HTTP

/// Frames, compressed or not: the same messages in pieces as at once, within the limit, text that is text; and what is
/// encoded or compressed decodes to what it was.
enum WebSocketFuzz {
  private enum Outcome: Equatable {
    case text([UInt8]), binary([UInt8]), ping([UInt8]), pong([UInt8]), close(UInt16, [UInt8]), failure(UInt16)
  }

  private static let limit = 2000

  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 2 else { return }
    let role = bytes[0] & 1 == 0 ? WebSocketDecoder.Role.server : .client
    var agreed: PerMessageDeflateParameters?
    if bytes[0] & 2 != 0 {
      var parameters = PerMessageDeflateParameters()
      parameters.clientNoContextTakeover = bytes[0] & 4 != 0
      parameters.serverNoContextTakeover = bytes[0] & 8 != 0
      parameters.clientMaxWindowBits = 8 + Int(bytes[0] >> 5)
      parameters.serverMaxWindowBits = 8 + Int(bytes[0] >> 5)
      agreed = parameters
    }
    let input = UnsafeRawBufferPointer(rebasing: bytes[2...])
    let whole = decode(input, role, agreed, cuts: nil)
    let pieces = decode(input, role, agreed, cuts: Cuts(bytes[1]))
    // Of two mistakes in a compressed message the earlier one counts, and what is earlier depends on the pieces.
    if agreed == nil {
      demand(whole == pieces, "messages in pieces are those at once: \(whole) \(pieces)")
    } else {
      demand(whole.map(withoutCode) == pieces.map(withoutCode), "compressed messages in pieces: \(whole) \(pieces)")
    }
    for outcome in whole { check(outcome) }
    if let agreed { compress(input, agreed) }
  }

  private static func withoutCode(_ outcome: Outcome) -> Outcome {
    if case .failure = outcome { .failure(0) } else { outcome }
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ role: WebSocketDecoder.Role, _ agreed: PerMessageDeflateParameters?, cuts: Cuts?
  ) -> [Outcome] {
    let deflate = agreed.map { PerMessageDeflate($0, role: role, WebSocketCompression()) }
    var decoder = WebSocketDecoder(role: role, maxMessageSize: limit, deflate: deflate)
    var outcomes: [Outcome] = []
    func feed(_ part: UnsafeRawBufferPointer) {
      // It unmasks in place.
      var copy = [UInt8](part)
      copy.withUnsafeMutableBytes { buffer in
        var rest = buffer
        while true {
          switch decoder.next(&rest) {
          case .needMore:
            demand(rest.isEmpty, "all input is taken")
            return
          case .text(let payload): outcomes.append(.text([UInt8](payload)))
          case .binary(let payload): outcomes.append(.binary([UInt8](payload)))
          case .ping(let payload): outcomes.append(.ping([UInt8](payload)))
          case .pong(let payload): outcomes.append(.pong([UInt8](payload)))
          case .close(let code, let reason): outcomes.append(.close(code, [UInt8](reason)))
          case .failure(let code, _): outcomes.append(.failure(code))
          }
        }
      }
    }
    if var cuts { cuts.forEachPart(of: bytes, feed) } else { feed(bytes) }
    return outcomes
  }

  private static func check(_ outcome: Outcome) {
    switch outcome {
    case .text(let payload):
      demand(payload.count <= limit, "a message within its limit")
      demand(String(validating: payload, as: UTF8.self) != nil, "text is UTF-8")
      let frame = WebSocketFrame(text: payload).bytes.withUnsafeBytes { decode($0, .client, nil, cuts: nil) }
      demand(frame == [outcome], "an encoded text decodes to itself")
    case .binary(let payload):
      demand(payload.count <= limit, "a message within its limit")
      let frame = WebSocketFrame(binary: payload).bytes.withUnsafeBytes { decode($0, .client, nil, cuts: nil) }
      demand(frame == [outcome], "an encoded message decodes to itself")
    case .ping(let payload), .pong(let payload): demand(payload.count <= 125, "a control frame within its limit")
    case .close(let code, let reason):
      demand(reason.count <= 123 && (code == 1005 || (1000..<5000).contains(code)), "a close within its limits")
      demand(String(validating: reason, as: UTF8.self) != nil, "a reason is UTF-8")
    case .failure(let code): demand([1002, 1007, 1009].contains(code), "a failure has its code")
    }
  }

  /// What a server compresses is what its client decompresses, twice over.
  private static func compress(_ bytes: UnsafeRawBufferPointer, _ agreed: PerMessageDeflateParameters) {
    let server = PerMessageDeflate(agreed, role: .server, WebSocketCompression())
    let client = PerMessageDeflate(agreed, role: .client, WebSocketCompression())
    var decoder = WebSocketDecoder(role: .client, maxMessageSize: limit, deflate: client)
    let payload = UnsafeRawBufferPointer(rebasing: bytes.prefix(limit))
    for _ in 0..<2 {
      guard payload.count > 0, let packed = server.compress(payload, { [UInt8]($0) }) else { return }
      var frame: [UInt8] = [0xc2]
      if packed.count < 126 {
        frame.append(UInt8(packed.count))
      } else {
        frame += [126, UInt8(packed.count >> 8), UInt8(packed.count & 255)]
      }
      frame += packed
      frame.withUnsafeMutableBytes { buffer in
        var rest = buffer
        guard case .binary(let unpacked) = decoder.next(&rest) else {
          return demand(false, "compressed bytes decompress")
        }
        demand(unpacked.elementsEqual(payload), "what is compressed decompresses to itself")
      }
    }
  }
}
