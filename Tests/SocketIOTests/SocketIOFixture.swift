import HTTP
import JSON
import Networking
import SocketIO
import TestSupport

/// Socket.IO on several loops. Each loop listens on a port of its own, so that a test decides where a request arrives,
/// and all of them on a shared one, where the kernel decides.
final class SocketIOFixture: @unchecked Sendable {
  let loops: [EventLoop]
  let servers: [SocketIOServer]
  private(set) var ports: [UInt16] = []
  private(set) var sharedPort: UInt16 = 0
  private var listeners: [HTTPServer] = []

  /// `setUp` prepares each loop's server before it serves, on its loop.
  static func with<Result: Sendable>(
    loops count: Int = 1, _ configuration: SocketIOConfiguration = SocketIOConfiguration(),
    setUp: @escaping @Sendable (SocketIOServer) -> Void = { SocketIOFixture.echo($0) },
    _ body: @escaping @Sendable (SocketIOFixture) async throws -> Result
  ) async throws -> Result {
    let group = EventLoopGroup(count: count)
    defer { group.stop() }
    let fixture = SocketIOFixture(group.loops, configuration)
    for (index, server) in fixture.servers.enumerated() {
      try await server.loop.submit {
        setUp(server)
        try fixture.listen(index)
      }
    }
    let result: Result
    do {
      result = try await group.loops[0].submit { try await body(fixture) }
    } catch {
      try await fixture.close()
      throw error
    }
    try await fixture.close()
    return result
  }

  private init(_ loops: [EventLoop], _ configuration: SocketIOConfiguration) {
    self.loops = loops
    servers = SocketIOServerGroup(configuration: configuration, loops: loops).servers
  }

  private func listen(_ index: Int) throws {
    let server = servers[index]
    for port in [0, sharedPort] {
      var configuration = HTTPServerConfiguration(address: .loopback(port: port))
      configuration.limits.bodyBytes = 4 << 20
      let listener = try HTTPServer(configuration: configuration, loop: server.loop) { request, exchange in
        guard request.path == "/socket.io/" else { return exchange.respond(HTTPResponse(status: .notFound)) }
        server.handle(request, exchange)
      }
      listener.onPendingBody = { server.announce($0, $1) }
      listeners.append(listener)
      if ports.count <= index { ports.append(listener.address.port) } else { sharedPort = listener.address.port }
    }
  }

  private func close() async throws {
    for server in servers { try await server.loop.submit { server.close() } }
    for listener in listeners { try await listener.loop.submit { await listener.close() } }
  }

  /// The URL of a loop's own port.
  func url(_ loop: Int = 0, _ query: String) -> String {
    "http://127.0.0.1:\(ports[loop])/socket.io/?EIO=4\(query)"
  }

  /// The conformance suite's application.
  static func echo(_ server: SocketIOServer) {
    for name in ["/", "/custom"] {
      let namespace = server.namespace(name)
      namespace.onConnect = { (socket, auth) async throws(ConnectRefusal) in
        socket.emit("auth") { json in if let auth { json.value(auth) } else { json.raw("{}") } }
      }
      namespace.onEvent = { socket, event, arguments, ack in
        switch event {
        case "message": socket.emit("message-back", attachments: arguments.attachments) { arguments.write(to: &$0) }
        case "message-with-ack": ack?.send(attachments: arguments.attachments) { arguments.write(to: &$0) }
        case "ask-me":
          socket.emit(
            "question", timeout: .milliseconds(500), attachments: arguments.attachments,
            { arguments.write(to: &$0) },
            acknowledged: { result in
              switch result {
              case .success(let answer):
                socket.emit("answered", attachments: answer.attachments) { answer.write(to: &$0) }
              case .failure(let failure): socket.emit("unanswered") { $0.value(failure.description) }
              }
            })
        case "leave-me": socket.disconnect()
        case "close-me": socket.disconnect(close: true)
        default: break
        }
      }
    }
  }
}

/// An Engine.IO client over polling. On the fixture's first loop.
final class PollingPeer: @unchecked Sendable {
  let fixture: SocketIOFixture
  let client: HTTPClient
  let sid: String

  init(_ fixture: SocketIOFixture, loop: Int = 0, headers: HTTPHeaders = [:]) async throws {
    self.fixture = fixture
    client = HTTPClient(loop: fixture.loops[0])
    let response = try await client.get(fixture.url(loop, "&transport=polling"), headers: headers)
    sid = try JSONDocument(parsing: Array(response.bytes.dropFirst())).root["sid"]?.string ?? ""
  }

  func poll(_ loop: Int = 0) async throws -> (status: UInt16, text: String) {
    let response = try await client.get(fixture.url(loop, "&transport=polling&sid=\(sid)"))
    return (response.status.code, String(decoding: response.bytes, as: UTF8.self))
  }

  func post(_ text: String, _ loop: Int = 0) async throws -> UInt16 {
    let url = fixture.url(loop, "&transport=polling&sid=\(sid)")
    return try await client.post(url, body: Array(text.utf8), contentType: "text/plain").status.code
  }

  func upgrade(_ loop: Int = 0) async throws -> WebSocketPeer {
    let peer = try await WebSocketPeer(fixture, loop: loop, sid: sid)
    peer.send("2probe")
    guard try await peer.next() == "3probe" else { throw TestFailure("the probe was not answered") }
    peer.send("5")
    return peer
  }
}

/// An Engine.IO client over WebSocket whose messages are awaited one by one; binary ones read `b` and their bytes.
final class WebSocketPeer: WebSocketHandler, @unchecked Sendable {
  private(set) var socket: WebSocketConnection?
  private var messages: [String] = []
  private var waiting: UnsafeContinuation<String?, Never>?
  private(set) var closeCode: UInt16?

  init(_ fixture: SocketIOFixture, loop: Int = 0, sid: String? = nil) async throws {
    let client = WebSocketClient(loop: fixture.loops[0])
    let query = "&transport=websocket" + (sid.map { "&sid=\($0)" } ?? "")
    socket = try await client.connect(fixture.url(loop, query), handler: self)
  }

  /// A peer that has read its open packet and is in the main namespace, but for what follows the CONNECT's answer.
  static func connected(_ fixture: SocketIOFixture, loop: Int = 0, auth: String = "") async throws -> WebSocketPeer {
    let peer = try await WebSocketPeer(fixture, loop: loop)
    _ = try await peer.next()
    peer.send("40" + auth)
    let answer = try await peer.next()
    guard answer.hasPrefix("40{\"sid\":") else { throw TestFailure("not connected: \(answer)") }
    return peer
  }

  func send(_ text: String) { socket?.send(text: Array(text.utf8)) }
  func send(binary: [UInt8]) { socket?.send(binary: binary) }

  /// The next message; throws when the socket has closed instead, or nothing comes.
  func next() async throws -> String {
    guard messages.isEmpty else { return messages.removeFirst() }
    guard closeCode == nil, let loop = socket?.loop else { throw TestFailure("closed, no message came") }
    let timer = loop.schedule(after: .seconds(10)) { [self] in resume(nil) }
    let message = await withUnsafeContinuation { waiting = $0 }
    timer.cancel()
    guard let message else { throw TestFailure(closeCode == nil ? "no message came" : "closed with \(closeCode ?? 0)") }
    return message
  }

  /// Waits for the end and returns its code; messages are skipped.
  func end() async throws -> UInt16 {
    try await eventually { closeCode != nil }
    return closeCode ?? 0
  }

  private func resume(_ message: String?) {
    guard let waiting else { return }
    self.waiting = nil
    waiting.resume(returning: message)
  }

  private func deliver(_ message: String) {
    if waiting != nil { resume(message) } else { messages.append(message) }
  }

  func received(text: UnsafeRawBufferPointer) { deliver(String(decoding: text, as: UTF8.self)) }
  func received(binary: UnsafeRawBufferPointer) { deliver("b\([UInt8](binary))") }

  func closed(code: UInt16, reason: String) {
    closeCode = code
    resume(nil)
  }
}
