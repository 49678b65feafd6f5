import HTTP
import Networking
import TestSupport
import Testing

@Suite(
  "Our WebSocket client, with node's ws as the server",
  .enabled(
    if: Node.isThere, "SKIPPED: node, or ws in Tests/ClientTests/node_modules or $CHATD_TEST_NODE_MODULES, is missing"),
  .serialized, .timeLimit(.minutes(1)))
struct WebSocketClientTests {
  private final class Collector: WebSocketHandler, @unchecked Sendable {
    var messages: [[UInt8]] = []
    var close: UInt16?
    func received(text: UnsafeRawBufferPointer) { messages.append([UInt8](text)) }
    func received(binary: UnsafeRawBufferPointer) { messages.append([UInt8](binary)) }
    func closed(code: UInt16, reason: String) { close = code }
  }

  @Test(
    "speaks permessage-deflate as the server agrees to it, or none",
    arguments: [
      ("false", ""), ("{\"threshold\":0}", "{"),
      ("{\"threshold\":0,\"serverNoContextTakeover\":true,\"clientNoContextTakeover\":true}", "no_context_takeover"),
      ("{\"threshold\":0,\"serverMaxWindowBits\":9,\"clientMaxWindowBits\":10}", "client_max_window_bits\":10"),
      ("{\"threshold\":0,\"serverMaxWindowBits\":8,\"clientMaxWindowBits\":8}", "server_max_window_bits\":8"),
    ])
  func deflate(options: String, agreed: String) async throws {
    let server = try await TestProcess.start(
      Node.program ?? "node", ["\(Node.root)/Tests/Scripts/ws-server.mjs", Node.modules ?? "", options])
    let line = try await server.waitForLine(containing: "listening")
    let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    let loop = EventLoop.spawn(name: "test")
    defer { loop.stop() }
    try await loop.submit {
      for (serverKeeps, clientKeeps) in [(true, true), (false, true), (true, false), (false, false)] {
        var compression = WebSocketCompression()
        compression.serverContextTakeover = serverKeeps
        compression.clientContextTakeover = clientKeeps
        compression.threshold = 1
        var options = WebSocketOptions()
        options.compression = compression
        let collector = Collector()
        let socket = try await WebSocketClient(loop: loop).connect(
          "ws://127.0.0.1:\(port)/", options: options, handler: collector)
        #expect(socket.usesCompression == !agreed.isEmpty)
        var expected: [[UInt8]] = []
        for size in [0, 1, 100, 125, 126, 5000, 65_536, 300_000] {
          expected.append((0..<size).map { UInt8(0x20 + $0 * $0 % 90) })
          socket.send(text: expected.last!)
          expected.append((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) })
          socket.send(binary: expected.last!)
        }
        try await eventually("the echo") { collector.messages.count == expected.count + 1 || collector.close != nil }
        #expect(collector.close == nil)
        #expect(String(decoding: collector.messages[0], as: UTF8.self).contains(agreed))
        #expect(Array(collector.messages.dropFirst()) == expected)
        socket.close(code: 1000)
        try await eventually("the end") { collector.close == 1000 }
      }
    }
    try await server.stop()
  }
}
