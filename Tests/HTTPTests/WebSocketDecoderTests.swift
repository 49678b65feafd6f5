import HTTP
import Testing

/// What a decoder makes of bytes, in a form that can be compared.
enum FrameOutcome: Equatable {
  case text(String), binary([UInt8]), ping([UInt8]), pong([UInt8]), close(UInt16, String), failure(UInt16)
}

func decode(
  _ bytes: [UInt8], cuts: [Int] = [], role: WebSocketDecoder.Role = .server, limit: Int = 1 << 20,
  deflate: PerMessageDeflate? = nil
) -> [FrameOutcome] {
  var decoder = WebSocketDecoder(role: role, maxMessageSize: limit, deflate: deflate)
  return decode(bytes, cuts: cuts, with: &decoder)
}

func decode(_ bytes: [UInt8], cuts: [Int] = [], with decoder: inout WebSocketDecoder) -> [FrameOutcome] {
  var outcomes: [FrameOutcome] = []
  var start = 0
  for end in cuts + [bytes.count] {
    var part = Array(bytes[start..<end])
    part.withUnsafeMutableBytes { buffer in
      var input = buffer
      loop: while true {
        switch decoder.next(&input) {
        case .needMore: break loop
        case .text(let payload): outcomes.append(.text(String(decoding: payload, as: UTF8.self)))
        case .binary(let payload): outcomes.append(.binary(Array(payload)))
        case .ping(let payload): outcomes.append(.ping(Array(payload)))
        case .pong(let payload): outcomes.append(.pong(Array(payload)))
        case .close(let code, let reason): outcomes.append(.close(code, String(decoding: reason, as: UTF8.self)))
        case .failure(let code, _): outcomes.append(.failure(code))
        }
      }
    }
    start = end
  }
  return outcomes
}

/// Decodes whole, byte by byte, and cut at every place, and expects the same each time.
func decodeInAllWays(
  _ bytes: [UInt8], role: WebSocketDecoder.Role = .server, limit: Int = 1 << 20,
  sourceLocation: SourceLocation = #_sourceLocation
) -> [FrameOutcome] {
  let whole = decode(bytes, role: role, limit: limit)
  #expect(
    decode(bytes, cuts: Array(1..<max(1, bytes.count)), role: role, limit: limit) == whole,
    sourceLocation: sourceLocation)
  for cut in 1..<max(1, bytes.count) {
    #expect(
      decode(bytes, cuts: [cut], role: role, limit: limit) == whole, "cut at \(cut)", sourceLocation: sourceLocation)
  }
  return whole
}

/// A masked frame; `first` is the whole first byte.
func frame(_ first: UInt8, _ payload: [UInt8], key: [UInt8]? = [0x37, 0xfa, 0x21, 0x3d]) -> [UInt8] {
  var bytes = [first]
  let mask: UInt8 = key == nil ? 0 : 0x80
  if payload.count < 126 {
    bytes.append(mask | UInt8(payload.count))
  } else if payload.count < 65536 {
    bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
  } else {
    bytes.append(mask | 127)
    bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
  }
  guard let key else { return bytes + payload }
  return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

func frame(_ first: UInt8, _ text: String) -> [UInt8] { frame(first, Array(text.utf8)) }

@Suite("WebSocket frames are decoded")
struct WebSocketDecoderTests {
  @Test("messages of every length class, whole and in parts")
  func lengths() {
    for length in [0, 1, 7, 8, 31, 32, 33, 125, 126, 127, 200] {
      let text = String(repeating: "x", count: length)
      #expect(decodeInAllWays(frame(0x81, text)) == [.text(text)])
    }
    for length in [65535, 65536, 65537] {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      let encoded = frame(0x82, bytes)
      #expect(decode(encoded) == [.binary(bytes)])
      #expect(decode(encoded, cuts: Array(stride(from: 1, to: encoded.count, by: 4093))) == [.binary(bytes)])
      #expect(decode(encoded, cuts: Array(stride(from: 3, to: encoded.count, by: 997))) == [.binary(bytes)])
    }
  }

  @Test("fragments with control frames between them")
  func fragments() {
    let bytes =
      frame(0x01, "a€") + frame(0x89, "p") + frame(0x00, "") + frame(0x8a, "q") + frame(0x80, "b") + frame(0x82, [1])
      + frame(0x88, [3, 232] + Array("bye".utf8)) + frame(0x81, "late")
    #expect(
      decodeInAllWays(bytes)
        == [.ping([0x70]), .pong([0x71]), .text("a€b"), .binary([1]), .close(1000, "bye")])
  }

  @Test("a character may be cut by fragments")
  func cutCharacter() {
    let euro = Array("€".utf8)
    #expect(decodeInAllWays(frame(0x01, [euro[0]]) + frame(0x00, [euro[1]]) + frame(0x80, [euro[2]])) == [.text("€")])
    #expect(decodeInAllWays(frame(0x01, [euro[0]]) + frame(0x80, [euro[1]])) == [.failure(1007)])
  }

  @Test(
    "what the protocol forbids fails with 1002",
    arguments: [
      frame(0x83, [1]), frame(0x87, []), frame(0x8b, []), frame(0x8f, [1]),
      frame(0xc1, [1]), frame(0xa1, []), frame(0x91, []), frame(0xc9, []), frame(0xc0, []),
      frame(0x09, []), frame(0x08, []),
      frame(0x80, [1]), frame(0x00, [1]),
      frame(0x01, "a") + frame(0x81, "b"), frame(0x01, "a") + frame(0x02, [1]),
      frame(0x89, [UInt8](repeating: 0, count: 126)),
      frame(0x81, Array("x".utf8), key: nil),
      frame(0x88, [3]),
      [0x81, 0xfe, 0, 5, 0, 0, 0, 0], [0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0],
      [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0],
    ])
  func violations(bytes: [UInt8]) {
    #expect(decodeInAllWays(bytes + frame(0x81, "after")) == [.failure(1002)])
  }

  @Test(
    "close codes",
    arguments: [
      (UInt16(999), false), (1000, true), (1003, true), (1004, false), (1005, false), (1006, false), (1007, true),
      (1014, true), (1015, false), (1016, false), (2999, false), (3000, true), (4999, true), (5000, false),
      (65535, false),
    ])
  func closeCodes(code: UInt16, isValid: Bool) {
    let payload = [UInt8(code >> 8), UInt8(code & 255)]
    #expect(decodeInAllWays(frame(0x88, payload)) == [isValid ? .close(code, "") : .failure(1002)])
  }

  @Test("a close without a code, and one whose reason is no text")
  func closePayloads() {
    #expect(decodeInAllWays(frame(0x88, [])) == [.close(1005, "")])
    #expect(decodeInAllWays(frame(0x88, [3, 232, 0xce, 0xba, 0xe1])) == [.failure(1007)])
  }

  @Test(
    "bad UTF-8 fails",
    arguments: [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80],
      [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80],
      [0xff], [0xce], [0xce, 0x41], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xe2, 0x82, 0x41],
    ] as [[UInt8]])
  func badUTF8(bytes: [UInt8]) {
    #expect(decodeInAllWays(frame(0x81, bytes)) == [.failure(1007)])
    let padded = Array("0123456789abcdef€".utf8) + bytes
    #expect(decodeInAllWays(frame(0x81, padded)) == [.failure(1007)])
  }

  @Test("every scalar is text")
  func allScalars() {
    var text = ""
    for value in stride(from: UInt32(0), through: 0x10ffff, by: 13) {
      if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
    }
    #expect(decode(frame(0x81, text)) == [.text(text)])
  }

  @Test("bad UTF-8 fails before the frame is complete")
  func failsFast() {
    let whole = frame(0x81, Array("abc".utf8) + [0xff] + [UInt8](repeating: 0x41, count: 100))
    #expect(decode(Array(whole.prefix(10))) == [.failure(1007)])
    let partial = frame(0x01, "abc") + frame(0x00, [0xed, 0xa0])
    #expect(decode(partial) == [.failure(1007)])
  }

  @Test("a message is not larger than it may be, in one frame or many")
  func limit() {
    #expect(decodeInAllWays(frame(0x81, "12345"), limit: 5) == [.text("12345")])
    #expect(decodeInAllWays(frame(0x81, "123456"), limit: 5) == [.failure(1009)])
    #expect(decodeInAllWays(frame(0x01, "123") + frame(0x80, "45"), limit: 5) == [.text("12345")])
    #expect(decodeInAllWays(frame(0x01, "123") + frame(0x80, "456"), limit: 5) == [.failure(1009)])
    // Known from the header alone.
    #expect(decode([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]) == [.failure(1009)])
    // The next message has the whole limit again.
    #expect(
      decodeInAllWays(frame(0x01, "123") + frame(0x80, "45") + frame(0x81, "12345"), limit: 5)
        == [.text("12345"), .text("12345")])
  }

  @Test("a client takes unmasked frames only")
  func clientRole() {
    #expect(decodeInAllWays(frame(0x81, Array("hi".utf8), key: nil), role: .client) == [.text("hi")])
    #expect(decodeInAllWays(frame(0x81, "hi"), role: .client) == [.failure(1002)])
  }

  @Test("an encoded frame is what a client decodes", arguments: [0, 125, 126, 65535, 65536])
  func encode(length: Int) {
    let payload = [UInt8](repeating: 0x61, count: length)
    #expect(decode(WebSocketFrame(binary: payload).bytes, role: .client) == [.binary(payload)])
    #expect(
      decode(WebSocketFrame(text: payload).bytes, role: .client) == [.text(String(decoding: payload, as: UTF8.self))])
  }
}
