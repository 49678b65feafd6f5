import Networking

/// A server's connection while it speaks HTTP: feeds the parser, hands requests to the server's handler, and writes the
/// answers in the order of the requests.
///
/// Exchanges that are not answered form a list, oldest first; only the oldest may write. No more requests are read once
/// one has said that it is the last, after an error, and while the server closes (`isLast`).
final class HTTPServerConnection: ConnectionHandler, @unchecked Sendable {
  enum Sending {
    case nothing
    /// A body that is too large to be queued at once, from an offset on.
    case bytes([UInt8], Int)
    case stream(HTTPBodyWriter)
  }

  /// Bodies are queued in parts of this size as the client takes them.
  private static let part = 256 << 10
  /// Bytes of answers that may wait to be taken before the next request is served.
  private static let congestion = 1 << 20
  /// Bytes kept for later while the parser must wait; beyond it the connection is not read.
  private static let stashLimit = 16 << 10

  let server: HTTPServer
  let connection: Connection
  var loop: EventLoop { connection.loop }

  // The watch's list.
  unowned(unsafe) var watchPrevious: HTTPServerConnection?
  unowned(unsafe) var watchNext: HTTPServerConnection?
  var watchPhase = ConnectionWatch.Phase.idle
  var deadline: UInt64 = 0

  var parser: HTTPRequestParser
  var first: HTTPExchange?
  private var last: HTTPExchange?
  private var outstanding = 0
  /// The exchange of a request that has been announced, its body still arriving; not in the list yet.
  private var receiving: HTTPExchange?
  /// The body that is handed over as it comes, until its end.
  var streamed: HTTPRequestBody?
  var sending = Sending.nothing
  /// Whether the answer under way is the connection's last.
  private var closesAfterSending = false
  /// What was left when `deadlinePassed` last looked: less of it is progress.
  var unsentAtDeadline = 0
  /// No further request is read.
  var isLast = false
  private var isParsing = false
  var isOver = false
  private var peerHasFinished = false
  /// More answers wait to be taken than `congestion`; nothing more is served until they are.
  var isCongested = false
  /// A handshake is being decided upon; what follows may be frames or requests.
  private var awaitsUpgrade = false
  /// A handshake that came while earlier requests were unanswered.
  var heldUpgrade: HTTPRequest?
  private var stash: [UInt8] = []
  var webSocket: WebSocketConnection?

  init(server: HTTPServer, connection: Connection) {
    self.server = server
    self.connection = connection
    parser = HTTPRequestParser(limits: server.configuration.limits)
    parser.streamLimit = server.streamLimit
  }

  func start() {
    server.watch.add(self, .idle)
    connection.start(self)
  }

  // MARK: Requests

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard !isLast || streamed != nil else { return }
    if mustWait || isParsing { return keep(bytes) }
    parse(bytes)
    updatePhase()
  }

  private var mustWait: Bool {
    // A body's request is among those that are outstanding.
    streamed == nil
      && (outstanding >= server.configuration.maxPipelined || awaitsUpgrade || heldUpgrade != nil || isCongested)
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    stash.append(contentsOf: bytes)
    if stash.count > Self.stashLimit || isCongested || outstanding >= server.configuration.maxPipelined {
      connection.pauseReading()
    }
  }

  private func parse(_ bytes: UnsafeRawBufferPointer) {
    var input = bytes
    isParsing = true
    defer { isParsing = false }
    while !isLast || streamed != nil {
      if mustWait { return keep(input) }
      switch parser.next(&input) {
      case .needMore:
        if server.onPendingBody != nil { announce() }
        return
      case .expectsContinue:
        if server.onPendingBody != nil { announce() }
        // Only when its turn has come: an answer to an earlier request may still be due.
        if first == nil || (streamed != nil && first?.body === streamed) {
          connection.write("HTTP/1.1 100 Continue\r\n\r\n")
        }
      case .failure(let error): return refuse(error)
      case .request(let request): dispatch(request, nil)
      case .head(let request): dispatch(request, HTTPRequestBody(connection: self))
      case .part: receivePart()
      case .end: endBody()
      }
      if let webSocket {
        if input.count > 0 { webSocket.received(input) }
        return
      }
      guard connection.isOpen else { return }
      if connection.outboundCount > Self.congestion { checkCongestion() }
    }
  }

  /// A client that sends many requests and takes no answers is not served on, for the answers would pile up.
  private func checkCongestion() {
    connection.flush()
    isCongested = connection.isOpen && connection.outboundCount > Self.congestion
  }

  /// - Parameter body: what is still to come of the request, where it is handed over as it comes.
  private func dispatch(_ request: consuming HTTPRequest, _ body: HTTPRequestBody?) {
    if request.flags.contains(.upgradesToWebSocket) {
      if first != nil {
        heldUpgrade = request
        return
      }
      awaitsUpgrade = true
    }
    request.peer = client(of: request)
    request.isSecure = connection.isSecure
    let exchange: HTTPExchange
    if let announced = receiving.take() {
      announced.onAbort = nil
      exchange = announced
    } else {
      exchange = HTTPExchange(
        connection: self, isHead: request.method == .head, flags: flags(of: request),
        handshake: awaitsUpgrade && request.method == .get ? request.headers : nil)
    }
    if !request.flags.contains(.keepAlive) { isLast = true }
    exchange.body = body
    streamed = body
    append(exchange)
    server.requests += 1
    server.handler(request, exchange)
  }

  /// Who has connected, or whom a trusted proxy names.
  @inline(__always)
  private func client(of request: borrowing HTTPRequest) -> SocketAddress? {
    guard let proxies = server.configuration.proxies, let peer = connection.peer else { return connection.peer }
    return proxies.client(of: request.headers, from: peer)
  }

  @inline(__always)
  private func flags(of request: borrowing HTTPRequest) -> HTTPRequest.Flags {
    guard server.contentCoder != nil, ContentCoder.takesGzip(request.headers) else { return request.flags }
    return request.flags.union(.takesGzip)
  }

  /// Tells who has asked for it of a request whose body is awaited, once.
  private func announce() {
    guard receiving == nil, streamed == nil, parser.phase == .body, var request = parser.pending,
      let call = server.onPendingBody,
      !request.flags.contains(.upgradesToWebSocket)
    else { return }
    request.peer = client(of: request)
    request.isSecure = connection.isSecure
    let exchange = HTTPExchange(connection: self, isHead: request.method == .head, flags: flags(of: request))
    receiving = exchange
    call(request, exchange)
  }

  private func append(_ exchange: HTTPExchange) {
    if let last { last.next = exchange } else { first = exchange }
    last = exchange
    outstanding += 1
  }

  /// Answers an error in its turn, as the last answer.
  func refuse(_ error: HTTPError) {
    isLast = true
    if failBody(error) { return }
    if let announced = receiving.take() {
      announced.failure = error.code
      announced.abort()
    }
    let exchange = HTTPExchange(connection: self, isHead: false, flags: [])
    append(exchange)
    answer(exchange, error.response)
  }

  /// Goes on with what had to wait.
  private func resume() {
    guard !isParsing, !isOver, connection.isOpen else { return }
    if let request = heldUpgrade, first == nil {
      heldUpgrade = nil
      dispatch(request, nil)
    }
    guard !mustWait, !isLast else { return }
    if !stash.isEmpty {
      let bytes = stash
      stash = []
      bytes.withUnsafeBytes { parse($0) }
    }
    if !mustWait, !isLast, webSocket == nil, connection.isOpen, streamed?.isPaused != true {
      connection.resumeReading()
    }
  }

  // MARK: Answers

  func answer(_ exchange: HTTPExchange, _ response: HTTPResponse) {
    guard let coder = server.contentCoder else { return accept(response, exchange) }
    accept(coder.encode(response, takesGzip: exchange.flags.contains(.takesGzip)), exchange)
  }

  private func accept(_ response: HTTPResponse, _ exchange: HTTPExchange) {
    if exchange === receiving {
      // Before its body: what is still to come of that is not read.
      receiving = nil
      isLast = true
      append(exchange)
    }
    if let body = exchange.body { leave(body) }
    guard exchange === first, case .nothing = sending else {
      exchange.state = .answered(response)
      return
    }
    send(response, exchange)
    sendNext()
  }

  /// Writes the answers that have been waiting for their turn, then looks for more requests.
  private func sendNext() {
    while case .nothing = sending, let exchange = first, case .answered(let response) = exchange.state {
      send(response, exchange)
    }
    guard !isParsing, !isOver else { return }
    if !stash.isEmpty || heldUpgrade != nil || !isLast { resume() }
    if !isOver, webSocket == nil {
      if peerHasFinished, first == nil, !mustWait { return finish() }
      updatePhase()
    }
  }

  private func send(_ response: HTTPResponse, _ exchange: HTTPExchange) {
    let isVersion10 = exchange.flags.contains(.isVersion10)
    var framing = HTTPResponseEncoder.Framing.none
    var isBodyWanted = !exchange.isHead
    if response.status.forbidsBody {
      isBodyWanted = false
    } else {
      switch response.body {
      case .empty: framing = .length(0)
      case .bytes(let bytes): framing = .length(bytes.count)
      case .stream: framing = isVersion10 ? .untilClose : .chunked
      case .sized(let length, _): framing = .length(length)
      }
    }
    closesAfterSending =
      framing == .untilClose || !exchange.flags.contains(.keepAlive)
      || ((isLast || server.isClosing) && exchange.next == nil)
      || (response.headers.contains("connection") && response.headers.hasToken("close", in: "connection"))
    if closesAfterSending { isLast = true }
    let persistence: HTTPResponseEncoder.Persistence =
      closesAfterSending ? .close : isVersion10 ? .keepAlive : .implied
    switch response.body {
    case .bytes(let bytes) where isBodyWanted && bytes.count > Self.part:
      server.encoder.write(response, framing: framing, persistence: persistence, body: nil, to: connection)
      sending = .bytes(bytes, 0)
      sendPart()
    case .bytes(let bytes) where isBodyWanted:
      bytes.withUnsafeBytes {
        server.encoder.write(response, framing: framing, persistence: persistence, body: $0, to: connection)
      }
      complete()
    case .stream(let produce):
      server.encoder.write(response, framing: framing, persistence: persistence, body: nil, to: connection)
      if isBodyWanted { stream(produce, isChunked: framing == .chunked) } else { complete() }
    case .sized(let length, let produce):
      server.encoder.write(response, framing: framing, persistence: persistence, body: nil, to: connection)
      if isBodyWanted { stream(produce, isChunked: false, length: length) } else { complete() }
    case .empty, .bytes:
      server.encoder.write(response, framing: framing, persistence: persistence, body: nil, to: connection)
      complete()
    }
  }

  /// The oldest exchange is over.
  private func complete() {
    sending = .nothing
    guard let exchange = first else { return }
    first = exchange.next
    if first == nil { last = nil }
    outstanding -= 1
    awaitsUpgrade = false
    exchange.end(.done)
    // `isLast` may have come while the answer was under way: the server closes, or the client has ended its side.
    if closesAfterSending || (isLast && first == nil) { finish() }
  }

  // MARK: Large and streamed bodies

  /// Queues parts for as long as the socket takes them at once.
  private func sendPart() {
    while case .bytes(let bytes, let offset) = sending {
      let end = min(offset + Self.part, bytes.count)
      sending = .bytes(bytes, end)
      bytes.withUnsafeBytes { connection.write(UnsafeRawBufferPointer(rebasing: $0[offset..<end])) }
      guard end < bytes.count else { return complete() }
      connection.flush()
      guard connection.isOpen, connection.outboundCount == 0 else { return }
    }
  }

  /// - Parameter length: what the head has promised.
  private func stream(
    _ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void, isChunked: Bool, length: Int? = nil
  ) {
    let writer = HTTPBodyWriter(connection: connection, isChunked: isChunked, isWanted: true)
    sending = .stream(writer)
    loop.start { [self] in
      do {
        try await produce(writer)
        guard !writer.isCancelled else { return }
        if let length, writer.written != length { return connection.close() }
        writer.finish()
        complete()
        sendNext()
      } catch {
        // The client must not take what it has got for the whole.
        if !writer.isCancelled { connection.close() }
      }
    }
  }

  func drained() {
    switch sending {
    case .nothing:
      guard isCongested else { return }
      isCongested = false
      resume()
      updatePhase()
    case .bytes:
      server.watch.move(self, to: .sending)
      sendPart()
      sendNext()
    case .stream(let writer): writer.drained()
    }
  }

  // MARK: Upgrade

  /// The connection leaves HTTP: writes the answer and gives the connection to a new owner.
  func upgrade(
    _ exchange: HTTPExchange, _ response: [UInt8], _ options: WebSocketOptions, _ agreed: PerMessageDeflateParameters?,
    _ handler: any WebSocketHandler
  ) -> WebSocketConnection {
    connection.write(response)
    let socket = WebSocketConnection(
      connection: connection, options: options, handler: handler, server: server, agreed: agreed)
    connection.replaceHandler(socket)
    webSocket = socket
    isLast = true
    let bytes = stash
    leave()
    first = nil
    last = nil
    exchange.end(.done)
    if !bytes.isEmpty {
      // After the caller has got its socket, and before anything else is received.
      loop.atTickEnd { bytes.withUnsafeBytes { socket.received($0) } }
    }
    connection.resumeReading()
    if peerHasFinished { loop.atTickEnd { socket.peerFinished() } }
    server.connectionLeftHTTP()
    return socket
  }

  /// The same, on another loop.
  func upgrade(
    _ exchange: HTTPExchange, _ response: [UInt8], _ options: WebSocketOptions, _ agreed: PerMessageDeflateParameters?,
    _ handler: any WebSocketHandler & Sendable,
    on target: EventLoop, _ start: @escaping @Sendable (WebSocketConnection?) -> Void
  ) {
    connection.write(response)
    isLast = true
    let received = stash
    leave()
    first = nil
    last = nil
    exchange.end(.done)
    server.connectionLeftHTTP()
    let server = server
    guard let (moved, unsent) = connection.move(to: target) else {
      server.connectionClosed(isHTTP: false)
      return target.execute { start(nil) }
    }
    target.execute {
      let socket = WebSocketConnection(
        connection: moved, options: options, handler: handler, server: server, agreed: agreed)
      moved.start(socket)
      moved.write(unsent)
      start(socket)
      received.withUnsafeBytes { if $0.count > 0 { socket.received($0) } }
    }
  }

  // MARK: The end

  /// The server closes: idle connections at once, others after their last answer.
  func serverIsClosing() {
    guard !isOver else { return }
    isLast = true
    stash = []
    heldUpgrade = nil
    if first == nil { finish() }
  }

  /// Ends the connection now, answered or not.
  func abandon() {
    leave()
    connection.close()
  }

  func finish() {
    leave()
    connection.finish()
    abortAll()
  }

  func peerFinished() {
    peerHasFinished = true
    // The rest of its body will not come.
    if streamed != nil { return connection.close() }
    isLast = isLast || stash.isEmpty && heldUpgrade == nil
    var exchange = first
    while let current = exchange {
      if case .waiting = current.state, current.onAbort != nil { return connection.close() }
      exchange = current.next
    }
    if first == nil, stash.isEmpty, heldUpgrade == nil { finish() }
  }

  func closed(_ reason: CloseReason) {
    leave()
    if case .stream(let writer) = sending { writer.cancel() }
    sending = .nothing
    _ = failBody(HTTPError(.closed, "the client is gone"))
    abortAll()
    server.connectionClosed(isHTTP: true)
  }

  private func abortAll() {
    heldUpgrade = nil
    receiving.take()?.abort()
    var exchange = first
    first = nil
    last = nil
    while let current = exchange {
      exchange = current.next
      current.abort()
    }
  }

  private func leave() {
    guard !isOver else { return }
    isOver = true
    server.watch.remove(self)
    stash = []
  }
}
