package import HTTP
package import Networking
import Primitives

/// Engine.IO on one loop: answers the requests of its path and owns the sessions that it opens. On the loop only.
///
/// With several loops make one a loop and join them (`join`), so that each finds the sessions of the others.
package final class EngineIOServer: @unchecked Sendable {
  package let configuration: EngineIOConfiguration
  package let loop: EventLoop
  let limits: EngineIOMachine.Limits
  let wheel: DeadlineWheel
  /// Within this time every session is looked at.
  let shortestDeadline: UInt64
  private let makeSession: (EngineIOSession.Opening) -> EngineIOSession
  private(set) var sessions: [SessionID: EngineIOSession] = [:]
  var identifiers = IdentifierSource()
  private var index = 0
  private var group: [EngineIOServer] = []
  private var isClosed = false
  /// While it is set no session is opened (503); those that are open go on.
  package var isHeld = false
  /// The open packet before and after the session's identifier.
  private let openStart: [UInt8]
  private let openEnd: (polling: [UInt8], webSocket: [UInt8])

  package convenience init(
    configuration: EngineIOConfiguration = EngineIOConfiguration(), loop: EventLoop, handler: any EngineIOHandler
  ) {
    self.init(configuration: configuration, loop: loop) { HandledSession($0, handler: handler) }
  }

  init(
    configuration: EngineIOConfiguration, loop: EventLoop,
    makeSession: @escaping (EngineIOSession.Opening) -> EngineIOSession
  ) {
    self.configuration = configuration
    self.loop = loop
    self.makeSession = makeSession
    limits = configuration.limits
    shortestDeadline = min(limits.pingInterval, limits.pingTimeout)
    wheel = DeadlineWheel(loop: loop, shortest: shortestDeadline)
    openStart = Array("0{\"sid\":\"".utf8)
    func end(_ upgrades: String) -> [UInt8] {
      Array(
        ("\",\"upgrades\":[\(upgrades)],\"pingInterval\":\(configuration.pingInterval.milliseconds),"
          + "\"pingTimeout\":\(configuration.pingTimeout.milliseconds),\"maxPayload\":\(configuration.maxPayload)}")
          .utf8)
    }
    openEnd = (end(configuration.allowsWebSocket ? "\"websocket\"" : ""), end(""))
  }

  /// Tells the servers of a process about each other, each on a loop of its own; at most 256, before any request.
  package static func join(_ servers: [EngineIOServer]) {
    precondition(servers.count <= 256, "a session's identifier has room for 256 loops")
    for (index, server) in servers.enumerated() {
      server.index = index
      server.group = servers
    }
  }

  /// Sessions that are open, or closing.
  package var sessionCount: Int { sessions.count }

  /// Sessions by the transport that they are on now. Looks at each.
  package var transportCounts: (polling: Int, webSocket: Int) {
    let polling = sessions.values.count { $0.transport == .polling }
    return (polling, sessions.count - polling)
  }

  package var allSessions: Dictionary<SessionID, EngineIOSession>.Values { sessions.values }

  // MARK: Requests

  /// Answers a request for the server's path, whatever its method, upgrades too.
  package func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
    if let cors = configuration.cors, request.method == .options { return exchange.respond(cors.preflight(request)) }
    let pending = EngineIOExchange(request, exchange, cors: configuration.cors)
    let query = EngineIOQuery(request.query)
    guard query.isWellFormed else { return pending.refuse(.badRequest) }
    guard let transport = query.transport, allows(transport) else { return pending.refuse(.unknownTransport) }
    guard let text = query.sid else { return open(transport, query, pending) }
    guard let id = SessionID(text), let owner = owner(of: id) else { return pending.refuse(.unknownSession) }
    if request.method == .get, !request.isWebSocketUpgrade {
      let waiting = ObjectIdentifier(pending)
      pending.onAbort(owner.loop) { owner.sessions[id]?.pollAborted(waiting) }
    }
    if owner === self {
      serve(id, transport, query, pending)
    } else {
      // The order of what is handed over is that of the requests: an announced POST comes before its body.
      owner.loop.execute { owner.serve(id, transport, query, pending) }
    }
  }

  /// Hears of a request whose body is still to come (`HTTPServer.onPendingBody`): a POST occupies its session from here
  /// on, so that a second one, on whichever connection and loop, is known to overlap, and a client that goes away in
  /// the middle of a body is noticed. What is wrong with the request otherwise is said when it is complete.
  package func announce(_ request: HTTPRequest, _ exchange: HTTPExchange) {
    guard request.method == .post else { return }
    let query = EngineIOQuery(request.query)
    guard query.isWellFormed, query.transport == .polling, let id = query.sid.flatMap({ SessionID($0) }),
      let owner = owner(of: id)
    else { return }
    let pending = EngineIOExchange(request, exchange, cors: configuration.cors)
    pending.onBodyAbort(owner.loop) { claim, isTooLarge in
      owner.sessions[id]?.postAborted(claim, isTooLarge: isTooLarge)
    }
    if owner === self {
      sessions[id]?.announcePost(pending)
    } else {
      owner.loop.execute { owner.sessions[id]?.announcePost(pending) }
    }
  }

  private func allows(_ transport: EngineIOMachine.Transport) -> Bool {
    transport == .polling ? configuration.allowsPolling : configuration.allowsWebSocket
  }

  private func owner(of id: SessionID) -> EngineIOServer? {
    if group.isEmpty { return id.loop == index ? self : nil }
    return id.loop < group.count ? group[id.loop] : nil
  }

  /// A request of a session that this server should have. On this server's loop.
  private func serve(
    _ id: SessionID, _ transport: EngineIOMachine.Transport, _ query: EngineIOQuery, _ pending: EngineIOExchange
  ) {
    guard let session = sessions[id] else { return pending.refuse(.unknownSession) }
    let isUpgrade = pending.request.isWebSocketUpgrade
    guard query.isVersion4, isUpgrade ? transport == .webSocket : transport == session.transport else {
      return pending.refuse(.badRequest)
    }
    if isUpgrade { return offer(session, pending) }
    switch pending.request.method {
    case .get: session.handlePoll(pending)
    case .post: session.handlePost(pending)
    default: pending.refuse(.badRequest)
    }
  }

  /// A WebSocket of an existing session: accepted in any case, and closed at once where it is not wanted.
  private func offer(_ session: EngineIOSession, _ pending: EngineIOExchange) {
    let isWanted = session.machine.offerUpgrade()
    let upgrade = EngineIOUpgrade(session)
    if isWanted { session.upgrade = upgrade }
    pending.upgrade(onto: loop, options, handler: upgrade) { webSocket in
      guard let webSocket else { return upgrade.failed() }
      upgrade.start(webSocket)
    }
  }

  private var options: WebSocketOptions {
    var options = WebSocketOptions()
    options.maxMessageSize = configuration.maxPayload
    options.outboundLimit = configuration.outboundLimit
    options.compression = configuration.compression
    return options
  }

  // MARK: Opening

  private func open(_ transport: EngineIOMachine.Transport, _ query: EngineIOQuery, _ pending: EngineIOExchange) {
    let request = pending.request
    guard request.method == .get else { return pending.refuse(.badHandshakeMethod) }
    guard (transport == .webSocket) == request.isWebSocketUpgrade else { return pending.refuse(.badRequest) }
    if let message = configuration.refuse?(request) { return pending.refuse(.forbidden, message: message) }
    guard query.isVersion4 else { return pending.refuse(.unsupportedProtocol) }
    guard !isClosed, !isHeld, sessions.count < configuration.maximumSessions else {
      return pending.fail(.serviceUnavailable)
    }
    let id = identifiers.session(loop: index)
    let session = makeSession(
      EngineIOSession.Opening(
        id: id, handshake: Handshake(request, configuration: configuration), engine: self, transport: transport))
    let packet = openPacket(id, transport)
    if transport == .polling {
      let cookie = configuration.affinityCookie.map { "\($0)=\(id); Path=/; HttpOnly; SameSite=Lax" }
      pending.respond(payload: packet, cookie: cookie)
    } else {
      guard let webSocket = pending.upgrade(options, handler: session) else { return }
      session.webSocket = webSocket
      webSocket.send(text: packet)
    }
    sessions[id] = session
    session.startClock()
    session.opened()
  }

  private func openPacket(_ id: SessionID, _ transport: EngineIOMachine.Transport) -> [UInt8] {
    let end = transport == .polling ? openEnd.polling : openEnd.webSocket
    var packet: [UInt8] = []
    packet.reserveCapacity(openStart.count + SessionID.characters + end.count)
    packet.append(contentsOf: openStart)
    id.append(to: &packet)
    packet.append(contentsOf: end)
    return packet
  }

  func remove(_ session: EngineIOSession) {
    if sessions[session.id] === session { sessions[session.id] = nil }
  }

  // MARK: Closing

  /// Closes some sessions, `count` at most; what is on its way to a client is still sent. Clients come back by themselves.
  /// Answers how many it were.
  package func shed(_ count: Int) -> Int {
    loop.assertCurrent()
    let chosen = Array(sessions.values.lazy.filter(\.machine.isOpen).prefix(count))
    for session in chosen { session.close(.shuttingDown) }
    return chosen.count
  }

  /// Closes every session and opens no more (503). Clients come back by themselves.
  package func close() {
    loop.assertCurrent()
    isClosed = true
    for session in Array(sessions.values) { session.close(.shuttingDown, discard: true) }
  }
}
