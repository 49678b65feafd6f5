package import Networking
import Primitives

/// Opens WebSockets from one loop, for tests, tools and load. On its loop's thread only.
package final class WebSocketClient: @unchecked Sendable {
  package let loop: EventLoop
  private let masker = WebSocketMasker()
  private let tls: TLSClientContext

  /// `tls` is for `wss`.
  package init(loop: EventLoop, tls: TLSClientContext = TLSClientContext()) {
    self.loop = loop
    self.tls = tls
  }

  /// Connects and shakes hands (RFC 6455, 4.1). `handler` hears of messages from then on. `address` is where to connect
  /// whatever the URL's host is. Throws `NetworkError`, and `HTTPError`: badHandshake when the server answers anything
  /// but 101 or with a wrong key.
  package func connect(
    _ url: String, headers: HTTPHeaders = HTTPHeaders(), options: WebSocketOptions = WebSocketOptions(),
    address: SocketAddress? = nil, timeout: Duration = .seconds(10), handler: any WebSocketHandler
  ) async throws -> WebSocketConnection {
    loop.assertCurrent()
    let url = try HTTPURL(url)
    let connection: Connection
    if let address {
      connection = try await Connection.connect(to: address, loop: loop, timeout: timeout)
    } else {
      connection = try await Connection.connect(host: url.host, port: url.port, loop: loop, timeout: timeout)
    }
    if url.isSecure { try await connection.secure(tls, for: url, timeout) }
    let attempt = WebSocketAttempt(connection, options: options, handler: handler, masker: masker)
    return try await attempt.run(url, headers, timeout: timeout)
  }
}

/// The client's side of one opening handshake.
private final class WebSocketAttempt: ConnectionHandler {
  private let connection: Connection
  private let options: WebSocketOptions
  private let handler: any WebSocketHandler
  private let masker: WebSocketMasker
  private let key = Base64.standard.encode(SecureRandom.bytes(16))
  private var parser: HTTPResponseParser
  private var waiting: UnsafeContinuation<WebSocketConnection, any Error>?
  private var timer: LoopTimer?

  init(
    _ connection: Connection, options: WebSocketOptions, handler: any WebSocketHandler, masker: WebSocketMasker
  ) {
    self.connection = connection
    self.options = options
    self.handler = handler
    self.masker = masker
    parser = HTTPResponseParser(limits: HTTPLimits())
    connection.start(self)
  }

  func run(_ url: HTTPURL, _ headers: HTTPHeaders, timeout: Duration) async throws -> WebSocketConnection {
    var request =
      "GET \(url.target) HTTP/1.1\r\nhost: \(url.authority)\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
      + "sec-websocket-version: 13\r\nsec-websocket-key: \(key)\r\n"
    if let subprotocol = options.subprotocol { request += "sec-websocket-protocol: \(subprotocol)\r\n" }
    if let own = options.compression {
      request += "sec-websocket-extensions: \(PerMessageDeflateParameters.offer(own))\r\n"
    }
    connection.write(Array(request.utf8))
    connection.write(Array(headers.bytes[headers.start...]))
    connection.write("\r\n")
    timer = connection.loop.schedule(after: timeout) { [unowned self] in
      fail(HTTPError(.timedOut, "the server did not answer the handshake in time"))
    }
    return try await withUnsafeThrowingContinuation { waiting = $0 }
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    var input = bytes
    switch parser.next(&input) {
    case .needMore: break
    case .failure(let error): fail(error)
    case .response(let response, _):
      guard response.status == .switchingProtocols,
        response.headers["sec-websocket-accept"] == WebSocketHandshake.accept(key: key),
        response.headers.hasToken("websocket", in: "upgrade")
      else { return fail(HTTPError(.badHandshake, "the server refused the WebSocket")) }
      do throws(HTTPError) {
        succeed(input, try PerMessageDeflateParameters.answer(response.headers, to: options.compression))
      } catch {
        fail(error)
      }
    }
  }

  private func succeed(_ rest: UnsafeRawBufferPointer, _ agreed: PerMessageDeflateParameters?) {
    timer?.cancel()
    let socket = WebSocketConnection(
      connection: connection, options: options, handler: handler, server: nil, masker: masker, agreed: agreed)
    connection.replaceHandler(socket)
    let continuation = waiting
    waiting = nil
    continuation?.resume(returning: socket)
    if rest.count > 0 {
      let bytes = [UInt8](rest)
      // After the caller has got its socket.
      connection.loop.atTickEnd { bytes.withUnsafeBytes { socket.received($0) } }
    }
  }

  private func fail(_ error: any Error) {
    timer?.cancel()
    let continuation = waiting
    waiting = nil
    continuation?.resume(throwing: error)
    connection.close()
  }

  func peerFinished() { fail(HTTPError(.closed, "the server closed the connection during the handshake")) }

  func closed(_ reason: CloseReason) {
    if case .failed(let error) = reason, error.code == .untrusted { fail(error) }
    fail(HTTPError(.closed, "the server closed the connection during the handshake"))
  }
}
