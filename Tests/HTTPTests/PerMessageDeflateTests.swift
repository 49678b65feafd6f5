import Networking
import Testing

@testable import HTTP

@Suite("permessage-deflate", .timeLimit(.minutes(1)))
struct PerMessageDeflateTests {
  // MARK: Agreement

  private func accept(_ offers: String, _ own: WebSocketCompression) -> String? {
    WebSocketExtensions(offers).flatMap { PerMessageDeflateParameters.accept($0, own)?.field }
  }

  private static let keeping: WebSocketCompression = {
    var own = WebSocketCompression()
    own.serverContextTakeover = true
    own.clientContextTakeover = true
    return own
  }()

  @Test("a server takes the first offer that is right, and answers what it asks")
  func server() {
    let name = "permessage-deflate"
    #expect(accept(name, Self.keeping) == name)
    #expect(accept(name, WebSocketCompression()) == "\(name); server_no_context_takeover; client_no_context_takeover")
    #expect(accept("\(name); client_max_window_bits", Self.keeping) == name)
    #expect(
      accept("\(name); client_max_window_bits=10; server_max_window_bits=8", Self.keeping)
        == "\(name); server_max_window_bits=8; client_max_window_bits=10")
    #expect(
      accept("x; y=\"z\", \(name);bad , \(name);server_no_context_takeover", Self.keeping)
        == "\(name); server_no_context_takeover")
    for bad in ["server_max_window_bits", "client_max_window_bits=\"\"", "client_max_window_bits=7", "a", "a=1"] {
      #expect(accept("\(name); \(bad)", Self.keeping) == nil)
    }
    var small = Self.keeping
    small.serverMaxWindowBits = 11
    small.clientMaxWindowBits = 9
    #expect(accept(name, small) == "\(name); server_max_window_bits=11")
    #expect(
      accept("\(name); server_max_window_bits=15; client_max_window_bits=12", small)
        == "\(name); server_max_window_bits=11; client_max_window_bits=9")
  }

  @Test("a client takes an answer that its offer allows, and no other")
  func client() throws {
    func answer(_ field: String?, _ own: WebSocketCompression?) throws -> PerMessageDeflateParameters? {
      try PerMessageDeflateParameters.answer(field.map { ["sec-websocket-extensions": $0] } ?? [:], to: own)
    }
    let name = "permessage-deflate"
    #expect(try answer(nil, Self.keeping) == nil)
    #expect(try answer(nil, nil) == nil)
    #expect(try answer(name, Self.keeping) == PerMessageDeflateParameters())
    let all = try answer(
      "\(name); server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9;"
        + "client_max_window_bits=8", Self.keeping)
    #expect(all?.serverMaxWindowBits == 9 && all?.clientMaxWindowBits == 8)
    #expect(all?.serverNoContextTakeover == true && all?.clientNoContextTakeover == true)
    var small = WebSocketCompression()
    small.serverMaxWindowBits = 10
    for (field, own) in [
      (name, nil), ("x", Self.keeping), ("\(name), \(name)", Self.keeping), ("\(name); x", Self.keeping),
      ("\(name); client_max_window_bits", Self.keeping), (";", Self.keeping),
      // The server has to promise what it was asked for.
      (name, WebSocketCompression()), ("\(name); server_no_context_takeover", small),
      ("\(name); server_no_context_takeover; server_max_window_bits=11", small),
    ] as [(String, WebSocketCompression?)] {
      #expect(throws: HTTPError.self, "\(field)") { try answer(field, own) }
    }
  }

  // MARK: Messages

  private func pair(
    _ agreed: PerMessageDeflateParameters = PerMessageDeflateParameters()
  ) -> (client: PerMessageDeflate, server: PerMessageDeflate) {
    (
      PerMessageDeflate(agreed, role: .client, WebSocketCompression()),
      PerMessageDeflate(agreed, role: .server, WebSocketCompression())
    )
  }

  private func outcomes(_ bytes: [UInt8], cuts: [Int], limit: Int = 1 << 20) -> [FrameOutcome] {
    decode(bytes, cuts: cuts, limit: limit, deflate: pair().server)
  }

  /// Cut at every place and everywhere, a message is the same.
  @Test("a compressed message is the same however its bytes arrive")
  func cuts() {
    let text = String(repeating: "say “hello” to €veryone, ", count: 8)
    let client = pair().client
    let packed = Array(text.utf8).withUnsafeBytes { client.compress($0) { [UInt8]($0) } }!
    #expect(packed.count < text.utf8.count / 2)
    let bytes =
      frame(0x41, Array(packed[..<5])) + frame(0x89, "p") + frame(0x00, Array(packed[5..<20])) + frame(0x00, [])
      + frame(0x80, Array(packed[20...])) + frame(0x81, "plain") + frame(0xc2, [0])
    let expected: [FrameOutcome] = [.ping([0x70]), .text(text), .text("plain"), .binary([])]
    #expect(outcomes(bytes, cuts: []) == expected)
    #expect(outcomes(bytes, cuts: Array(1..<bytes.count)) == expected)
    for cut in 1..<bytes.count { #expect(outcomes(bytes, cuts: [cut]) == expected, "cut at \(cut)") }
  }

  @Test("what is wrong with a compressed message is said with the right code")
  func failures() {
    let zeros = [UInt8](repeating: 0, count: 5000)
    let bomb = zeros.withUnsafeBytes { pair().client.compress($0) { [UInt8]($0) } }!
    #expect(outcomes(frame(0xc2, bomb), cuts: [], limit: 5000) == [.binary(zeros)])
    #expect(outcomes(frame(0xc2, bomb), cuts: [], limit: 4999) == [.failure(1009)])
    #expect(outcomes(frame(0x42, bomb) + frame(0x80, []), cuts: [3], limit: 4999) == [.failure(1009)])
    // Endless blocks of nothing.
    let nothing: [UInt8] = [0, 0, 0, 255, 255, 0, 0, 0, 255, 255]
    let endless = (0..<200).reduce(frame(0x42, [])) { bytes, _ in bytes + frame(0x00, nothing) }
    #expect(outcomes(endless, cuts: [], limit: 10) == [.failure(1009)])
    #expect(outcomes(Array(endless.prefix(300)), cuts: [], limit: 10) == [])
    #expect(outcomes(frame(0xc1, [0xff, 0xff]), cuts: []) == [.failure(1007)])
    #expect(outcomes(frame(0xc2, Array(bomb.dropLast(2))), cuts: []) == [.failure(1007)])
    #expect(outcomes(frame(0x42, bomb) + frame(0xc0, []), cuts: []) == [.failure(1002)])
    #expect(outcomes(frame(0xc9, []), cuts: []) == [.failure(1002)])
    #expect(decode(frame(0xc2, bomb)) == [.failure(1002)])
    let broken = ([UInt8](repeating: 0x41, count: 300) + [0xff]).withUnsafeBytes {
      pair().client.compress($0) { [UInt8]($0) }
    }!
    #expect(outcomes(frame(0xc1, broken), cuts: []) == [.failure(1007)])
  }

  @Test("with takeover the next message refers to the last, without it stands alone")
  func takeover() {
    let text = (0..<500).map { UInt8(0x21 + $0 * 7 % 90) }
    for (isKept, bits) in [(true, 15), (true, 8), (false, 15), (false, 9)] {
      var agreed = PerMessageDeflateParameters()
      agreed.clientNoContextTakeover = !isKept
      agreed.clientMaxWindowBits = bits
      let (client, server) = pair(agreed)
      var decoder = WebSocketDecoder(role: .server, maxMessageSize: 1000, deflate: server)
      var sizes: [Int] = []
      for _ in 0..<3 {
        let packed = text.withUnsafeBytes { client.compress($0) { [UInt8]($0) } } ?? []
        sizes.append(packed.count)
        #expect(decode(frame(0xc2, packed), with: &decoder) == [.binary(text)])
      }
      #expect(sizes[0] == sizes[1] || isKept)
      if isKept, bits == 15 { #expect(sizes[1] < sizes[0] / 2 && sizes[2] < sizes[0] / 2) }
    }
  }

  @Test("what does not shrink goes as it is, unless the receiver must see it")
  func incompressible() {
    let noise = (0..<64).map { UInt8(truncatingIfNeeded: $0 &* 197 ^ $0 &* $0) }
    var agreed = PerMessageDeflateParameters()
    #expect(noise.withUnsafeBytes { pair(agreed).client.compress($0) { $0.count } } != nil)
    agreed.clientNoContextTakeover = true
    #expect(noise.withUnsafeBytes { pair(agreed).client.compress($0) { $0.count } } == nil)
  }

  // MARK: Connections

  @Test(
    "both ends speak it, whatever they agree on",
    arguments: [(true, true, 15, 15), (false, false, 15, 15), (true, false, 9, 12), (false, true, 8, 8)])
  func echo(serverKeeps: Bool, clientKeeps: Bool, serverBits: Int, clientBits: Int) async throws {
    var compression = WebSocketCompression()
    compression.serverContextTakeover = serverKeeps
    compression.clientContextTakeover = clientKeeps
    compression.serverMaxWindowBits = serverBits
    compression.clientMaxWindowBits = clientBits
    compression.threshold = 20
    try await onLoop { [compression] loop in
      let fixture = try WebSocketFixture(loop)
      fixture.options.compression = compression
      let recorder = Recorder()
      let socket = try await WebSocketClient(loop: loop).connect(
        fixture.url, options: fixture.options, handler: recorder)
      #expect(socket.usesCompression && fixture.sockets[0].socket?.usesCompression == true)
      var expected: [String] = []
      for size in [0, 1, 19, 20, 100, 1000, 10_000, 200_000] {
        expected.append(String(repeating: "0123456789 \(size) ", count: size / 10).prefix(size).description)
        socket.send(text: Array(expected.last!.utf8))
      }
      try await eventually(loop, "the echo") { recorder.texts.count == expected.count }
      #expect(recorder.texts == expected)
      socket.close()
      await fixture.server.close()
    }
  }

  @Test("a shared frame is compressed once for those without context, and right for all")
  func fanOut() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      var receivers: [Recorder] = []
      for (own, client) in [
        (WebSocketCompression(), WebSocketCompression()), (WebSocketCompression(), WebSocketCompression()),
        (Self.keeping, Self.keeping), (WebSocketCompression(), nil), (nil, WebSocketCompression()),
      ] as [(WebSocketCompression?, WebSocketCompression?)] {
        fixture.options.compression = own
        var options = WebSocketOptions()
        options.compression = client
        receivers.append(Recorder())
        _ = try await WebSocketClient(loop: loop).connect(fixture.url, options: options, handler: receivers.last!)
      }
      #expect(fixture.sockets.map { $0.socket?.usesCompression } == [true, true, true, false, false])
      let text = String(repeating: "a message to many; ", count: 100)
      let frames = [WebSocketFrame(text: Array(text.utf8)), WebSocketFrame(text: Array("short".utf8))]
      for _ in 0..<3 { for recorder in fixture.sockets { for frame in frames { recorder.socket?.send(frame) } } }
      try await eventually(loop, "the messages") { receivers.allSatisfy { $0.texts.count == 6 } }
      #expect(receivers.allSatisfy { $0.texts == [text, "short", text, "short", text, "short"] })
      // The very same bytes, made once.
      let pool = CompressionPool.of(loop)
      var made = 0
      let key = CompressionPool.Key(windowBits: 15, level: 1, memoryLevel: 8)
      for _ in 0..<3 {
        _ = pool.frame(for: frames[0].bytes, key) {
          made += 1
          return [1]
        }
      }
      #expect(made == 1)
      await fixture.server.close()
    }
  }

  @Test("an idle connection without takeover holds no state of zlib, and a message in parts gives its own back")
  func pooled() {
    let pool = CompressionPool()
    let first = pool.takeInflater(windowBits: 15)!
    pool.give(first, windowBits: 15)
    #expect(pool.takeInflater(windowBits: 15) === first)
    let key = CompressionPool.Key(windowBits: 12, level: 1, memoryLevel: 8)
    #expect(pool.deflater(key) === pool.deflater(key))
  }

  @Test("a list of extensions that is none is refused, and one that cannot be had declined")
  func handshake() async throws {
    try await onLoop { loop in
      let fixture = try WebSocketFixture(loop)
      fixture.options.compression = WebSocketCompression()
      for (field, status) in [("permessage-deflate; =", "400"), ("permessage-deflate; x", "101")] {
        let client = try await RawClient.connect(to: fixture.server.address, loop: loop)
        client.send(
          "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: \(field)\r\n\r\n")
        let text = try await client.wait(for: "\r\n\r\n")
        #expect(text.hasPrefix("HTTP/1.1 \(status)") && !text.contains("sec-websocket-extensions"))
        client.close()
      }
      await fixture.server.close()
    }
  }
}
