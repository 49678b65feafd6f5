package import Networking

/// An HTTP/1.1 server of one loop. Run one on each loop of a group with the same address: the kernel spreads the
/// connections (SO_REUSEPORT).
///
/// On its loop's thread only. Lifecycle: listens from `init` on; `close()` stops listening, lets what is in progress end
/// and returns when no HTTP connection is left. Connections that became WebSockets are their owners' to close.
package final class HTTPServer: @unchecked Sendable {
  package typealias Handler = (HTTPRequest, HTTPExchange) -> Void

  package let configuration: HTTPServerConfiguration
  package let loop: EventLoop
  let handler: Handler
  /// Told of a request whose head is there and whose body is not yet; nil, and nothing is paid for it, unless a handler
  /// asks. The same exchange comes with the complete request later, its `onAbort` nil again, or `onAbort` is called. Who
  /// answers it before gets no body: the connection is closed behind the answer. What asks for an upgrade is not announced.
  package var onPendingBody: Handler?
  /// Asked of each request with a body, once its head is there: how long the body may be, where it is to be handed over as
  /// it comes. The request is handled at once then, and the exchange's `body` brings the rest. nil: it is gathered, as
  /// `limits.bodyBytes` allows.
  package var streamLimit: ((borrowing HTTPRequest) -> Int?)?
  let encoder: HTTPResponseEncoder
  /// nil where answers are not compressed.
  let contentCoder: ContentCoder?
  private(set) var isClosing = false
  private var listener: Listener?
  let watch: ConnectionWatch
  private var closeContinuations: [UnsafeContinuation<Void, Never>] = []
  private var refusals = 0
  private var httpConnections = 0

  /// Connections now, WebSockets included.
  package private(set) var connections = 0
  /// Requests handed to the handler since the start.
  package internal(set) var requests = 0
  /// Connections that were refused with 503 because of `maxConnections`.
  package private(set) var refused = 0

  /// Listens at once. `handler` is called on the loop for each request and responds through the exchange, at once or
  /// later. Throws `NetworkError` when the address cannot be had.
  package init(
    configuration: HTTPServerConfiguration, loop: EventLoop, handler: @escaping Handler
  ) throws {
    loop.assertCurrent()
    self.configuration = configuration
    self.loop = loop
    self.handler = handler
    encoder = HTTPResponseEncoder(common: configuration.commonFields)
    contentCoder = configuration.compression.map { ContentCoder($0) }
    watch = ConnectionWatch(loop: loop, configuration: configuration)
    listener = try Listener(configuration.address, loop: loop, backlog: configuration.backlog) { [unowned self] in
      accept($0)
    }
    address = listener?.address ?? configuration.address
  }

  deinit { listener?.close() }

  /// The address in force: with port 0 asked for, the port that was given.
  package private(set) var address = SocketAddress.loopback(port: 0)

  private func accept(_ connection: Connection) {
    if let tls = configuration.tls {
      do throws(TLSError) { try connection.secure(tls) } catch { return connection.close() }
    }
    guard connections < configuration.maxConnections else { return refuse(connection) }
    connections += 1
    httpConnections += 1
    HTTPServerConnection(server: self, connection: connection).start()
  }

  private func refuse(_ connection: Connection) {
    refused += 1
    // The answers to the refused take descriptors too, for as long as they are read.
    guard refusals < 1024 else { return connection.close() }
    refusals += 1
    connection.start(RefusedConnection { [self] in refusals -= 1 })
    let headers: HTTPHeaders = ["retry-after": "\(configuration.retryAfter)"]
    encoder.write(
      HTTPResponse(status: .serviceUnavailable, headers: headers), framing: .length(0), persistence: .close, body: nil,
      to: connection)
    connection.finish()
  }

  /// A connection that this server has accepted is over.
  func connectionClosed(isHTTP: Bool) {
    connections -= 1
    if isHTTP { connectionLeftHTTP() }
  }

  /// A connection is over, or has become a WebSocket.
  func connectionLeftHTTP() {
    httpConnections -= 1
    resumeIfClosed()
  }

  /// Stops listening, says `Connection: close` in the answers in progress, and returns when these have gone out or
  /// `closeTimeout` has passed.
  package func close() async {
    loop.assertCurrent()
    if !isClosing {
      isClosing = true
      listener?.close()
      listener = nil
      watch.forEach { $0.serverIsClosing() }
    }
    guard httpConnections > 0 else { return }
    let deadline = loop.schedule(after: configuration.closeTimeout) { [self] in watch.forEach { $0.abandon() } }
    await withUnsafeContinuation { closeContinuations.append($0) }
    deadline.cancel()
  }

  private func resumeIfClosed() {
    guard isClosing, httpConnections == 0, !closeContinuations.isEmpty else { return }
    let waiting = closeContinuations
    closeContinuations = []
    for continuation in waiting { continuation.resume() }
  }
}

/// The owner of a connection that gets a refusal and nothing else.
private final class RefusedConnection: ConnectionHandler {
  private let onClosed: () -> Void

  init(onClosed: @escaping () -> Void) { self.onClosed = onClosed }

  func received(_ bytes: UnsafeRawBufferPointer) {}
  func peerFinished() {}
  func closed(_ reason: CloseReason) { onClosed() }
}
