package import Networking

/// One request's claim to an answer. On its loop's thread only.
///
/// Exactly one of these ends it: `respond`, `upgradeToWebSocket`, or the client's leaving. What comes after is ignored,
/// so a handler need not know whether the client is still there.
package final class HTTPExchange: @unchecked Sendable {
  enum State {
    case waiting
    /// Answered, but an earlier request of the connection is not.
    case answered(HTTPResponse)
    case done, aborted
  }

  private(set) var connection: HTTPServerConnection?
  var state = State.waiting
  let isHead: Bool
  let flags: HTTPRequest.Flags
  /// The next younger one of the same connection.
  var next: HTTPExchange?

  /// Called once when the client has gone before the answer, or its body has turned out to be none (`failure`). A client that merely ends its own side of the connection
  /// still gets its answer, unless this is set: then it counts as gone.
  package var onAbort: (() -> Void)?
  package let loop: EventLoop
  /// The request's body, where it is handed over as it comes (`HTTPServer.streamLimit`). Who answers before its end gets
  /// no more of it: the connection is closed behind the answer.
  package internal(set) var body: HTTPRequestBody?
  /// What was wrong with the body, when that is why the exchange was aborted.
  package internal(set) var failure: HTTPError.Code?

  /// The fields of a request that asks for a WebSocket.
  private var handshake: HTTPHeaders?

  init(connection: HTTPServerConnection, isHead: Bool, flags: HTTPRequest.Flags, handshake: HTTPHeaders? = nil) {
    self.handshake = handshake
    self.connection = connection
    self.isHead = isHead
    self.flags = flags
    loop = connection.loop
  }

  /// The client left before it was answered.
  package var isAborted: Bool {
    if case .aborted = state { true } else { false }
  }

  /// Whether an answer is still awaited.
  package var isWaiting: Bool {
    if case .waiting = state { true } else { false }
  }

  /// Who the client is by its certificate: the subject as RFC 2253 writes it, verified. Nil without one, and once the
  /// exchange is over.
  package var clientSubject: String? { connection?.connection.tls?.peerSubject }

  /// Answers; at once or later, in any order among the requests of a connection. Only the first call counts.
  package func respond(_ response: HTTPResponse) {
    loop.assertCurrent()
    guard case .waiting = state, let connection else { return }
    connection.answer(self, response)
  }

  /// Answers with 101 and makes the connection a WebSocket (RFC 6455, 4.2). The `WebSocketConnection` keeps `handler`
  /// alive until it has told it `closed`. Throws, and leaves the exchange to be answered, when the request is no valid
  /// handshake; the error's `response` is the answer that the RFC asks for.
  package func upgradeToWebSocket(
    _ options: WebSocketOptions = WebSocketOptions(), handler: any WebSocketHandler
  ) throws(HTTPError) -> WebSocketConnection {
    loop.assertCurrent()
    guard let handshake else { throw HTTPError(.badHandshake, "not the handshake of a WebSocket") }
    let key = try WebSocketHandshake.key(of: handshake)
    let extensions = try WebSocketHandshake.extensions(of: handshake, options)
    guard case .waiting = state, let connection else { throw HTTPError(.closed, "the client is gone") }
    let response = WebSocketHandshake.response(key: key, options, extensions: extensions?.field)
    return connection.upgrade(self, response, options, extensions?.agreed, handler)
  }

  /// The same for a connection that is to live on another loop from now on, as when it belongs to a session there:
  /// `start` is called on `target` with the WebSocket before it has received anything, or with nil when the client has
  /// left meanwhile. `handler` is used on `target` only.
  package func upgradeToWebSocket(
    _ options: WebSocketOptions = WebSocketOptions(), handler: any WebSocketHandler & Sendable, on target: EventLoop,
    _ start: @escaping @Sendable (WebSocketConnection?) -> Void
  ) throws(HTTPError) {
    loop.assertCurrent()
    guard let handshake else { throw HTTPError(.badHandshake, "not the handshake of a WebSocket") }
    let key = try WebSocketHandshake.key(of: handshake)
    let extensions = try WebSocketHandshake.extensions(of: handshake, options)
    let response = WebSocketHandshake.response(key: key, options, extensions: extensions?.field)
    // Not from within the connection's parser, which must first have put aside what follows the request.
    loop.atTickEnd { [self] in
      guard case .waiting = state, let connection else { return target.execute { start(nil) } }
      connection.upgrade(self, response, options, extensions?.agreed, handler, on: target, start)
    }
  }

  /// No longer the connection's concern.
  func end(_ final: State) {
    state = final
    connection = nil
    next = nil
    onAbort = nil
    handshake = nil
  }

  func abort() {
    let call = onAbort
    end(.aborted)
    call?()
  }
}
