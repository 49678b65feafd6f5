import HTTP
import Networking

/// One Engine.IO session: performs what `EngineIOMachine` decides, over polling, WebSocket, or first the one and then
/// the other. On its server's loop only.
///
/// Subclasses know what the messages mean: `opened`, `received(message…)`, `ended`. (A delegate would cost an idle
/// socket an object more.)
package class EngineIOSession: DeadlineEntry, @unchecked Sendable {
  package final let id: SessionID
  package final let handshake: Handshake
  package final unowned let engine: EngineIOServer
  final var machine: EngineIOMachine
  final var webSocket: WebSocketConnection?
  /// The GET that waits.
  final var poll: EngineIOExchange?
  /// The POST whose body is on its way, by its claim.
  private final var receivingPost: ObjectIdentifier?
  /// What waits for a GET.
  final var buffer: [Outbound] = []
  final var upgrade: EngineIOUpgrade?
  /// When the session is closed unless `clearGuard` is called; for the layer above.
  private final var guardDeadline = UInt64.max
  private final var isFlushScheduled = false
  private final var hasEnded = false

  /// What a server gives the sessions it opens.
  struct Opening {
    let id: SessionID
    let handshake: Handshake
    let engine: EngineIOServer
    let transport: EngineIOMachine.Transport
  }

  init(_ opening: Opening) {
    id = opening.id
    handshake = opening.handshake
    engine = opening.engine
    machine = EngineIOMachine(
      transport: opening.transport, now: opening.engine.loop.now, limits: opening.engine.limits)
    super.init()
  }

  // MARK: For subclasses

  /// The open packet is out.
  func opened() {}
  /// A text message; the bytes are valid during the call.
  func received(message text: UnsafeRawBufferPointer) {}
  /// A binary message; the bytes are valid during the call.
  func received(binaryMessage bytes: UnsafeRawBufferPointer) {}
  /// The session is over: called once, last.
  func ended(_ reason: DisconnectReason) {}

  // MARK: State

  package final var isOpen: Bool { machine.isOpen }
  package final var transport: EngineIOMachine.Transport { machine.transport }

  /// Closes the session as `serverClosed` after `duration` unless `clearGuard` comes first.
  final func setGuard(_ duration: UInt64) {
    guardDeadline = engine.loop.now &+ duration
    engine.wheel.schedule(self, at: nextDeadline)
  }

  final func clearGuard() { guardDeadline = UInt64.max }

  final func startClock() { engine.wheel.schedule(self, at: nextDeadline) }

  // MARK: Sending

  /// Sends an encoded text packet, which begins with Engine.IO's type: `4` for a message.
  package final func send(packet: [UInt8]) {
    switch machine.send(packet.count, limits: engine.limits) {
    case .transmit: webSocket?.send(text: packet)
    case let step: enqueue(.text(packet), step)
    }
  }

  /// Sends a binary message.
  package final func send(binary: [UInt8]) {
    switch machine.send(binary.count, limits: engine.limits) {
    case .transmit: webSocket?.send(binary: binary)
    case let step: enqueue(.binary(binary), step)
    }
  }

  /// Sends a packet that is shared with other sessions.
  @inline(__always)
  package final func send(_ packet: PreparedPacket) {
    switch machine.send(packet.byteCount, limits: engine.limits) {
    case .transmit: webSocket?.send(packet)
    case let step: enqueue(.prepared(packet), step)
    }
  }

  @inline(never)
  private final func enqueue(_ packet: Outbound, _ step: EngineIOMachine.SendStep) {
    switch step {
    case .buffer: buffer.append(packet)
    case .bufferAndFlush:
      buffer.append(packet)
      guard !isFlushScheduled else { return }
      isFlushScheduled = true
      // What else this tick has to say goes into the same answer.
      engine.loop.atTickEnd { [self] in
        isFlushScheduled = false
        if machine.isPollWaiting, machine.hasBuffered { answerPoll() }
      }
    case .overflow: close(.slowReceiver, discard: true)
    case .drop, .transmit: break
    }
  }

  // MARK: Polling

  /// A GET.
  final func handlePoll(_ exchange: EngineIOExchange) {
    if machine.isOverdue(now: engine.loop.now) { expire() }
    switch machine.poll() {
    case .wait: poll = exchange
    case .answer: respond(to: exchange)
    case .answerAndClose:
      exchange.respond(payload: [EngineIOPacketType.close.rawValue])
      forget()
    case .overlap:
      poll?.respond(payload: [EngineIOPacketType.close.rawValue])
      poll = nil
      exchange.refuse(.badRequest)
      finish(.transportError)
    case .refuse(let refusal): exchange.refuse(refusal)
    }
  }

  /// The client cancelled a GET.
  final func pollAborted(_ exchange: ObjectIdentifier) {
    guard let poll, ObjectIdentifier(poll) == exchange else { return }
    self.poll = nil
    if machine.pollAborted() { finish(.transportError) }
  }

  /// Whether a POST is on its way whose body is not complete.
  final var isReceivingPost: Bool { receivingPost != nil }

  /// A POST whose body is on its way.
  final func announcePost(_ exchange: EngineIOExchange) {
    guard machine.post() == nil, !overlaps(exchange) else { return }
    receivingPost = exchange.claim
  }

  /// Two POSTs at a time: refuses the second and ends the session.
  private final func overlaps(_ exchange: EngineIOExchange) -> Bool {
    guard let other = receivingPost, other != exchange.claim else { return false }
    exchange.refuse(.badRequest)
    violate(.transportError)
    return true
  }

  /// The client went away in the middle of a POST's body, or the body was none.
  final func postAborted(_ claim: ObjectIdentifier, isTooLarge: Bool) {
    guard receivingPost == claim else { return }
    receivingPost = nil
    if !isTooLarge, machine.transport == .polling { violate(.transportError) }
  }

  /// A POST, its body complete.
  final func handlePost(_ exchange: EngineIOExchange) {
    if machine.isOverdue(now: engine.loop.now) { expire() }
    if let refusal = machine.post() { return exchange.refuse(refusal) }
    if overlaps(exchange) { return }
    receivingPost = nil
    let request = exchange.request
    guard request.body.count <= engine.configuration.maxPayload else { return exchange.fail(.contentTooLarge) }
    guard request.headers["content-type"] != "application/octet-stream" else {
      if machine.isOpen { violate(.transportError) }
      return exchange.refuse(.badRequest)
    }
    let isWellFormed = request.body.withUnsafeBytes { readPackets($0) }
    if isWellFormed { exchange.respondOK() } else { exchange.refuse(.badRequest) }
  }

  /// False when the session was closed for what the payload contains.
  private final func readPackets(_ payload: UnsafeRawBufferPointer) -> Bool {
    var reader = EngineIOPayload.Reader(payload)
    while let packet = reader.next() {
      guard machine.phase != .closed else { return true }
      switch packet {
      case .text(let type, let data): receive(type, data)
      case .binary(let bytes): if machine.isOpen { bytes.withUnsafeBytes { received(binaryMessage: $0) } }
      case .malformed:
        violate(.protocolError(nil))
        return false
      }
    }
    return true
  }

  /// Answers the waiting GET with the buffer.
  final func answerPoll(then last: EngineIOPacketType? = nil) {
    guard let exchange = poll else { return }
    poll = nil
    machine.pollAnswered()
    respond(to: exchange, then: last)
  }

  private final func respond(to exchange: EngineIOExchange, then last: EngineIOPacketType? = nil) {
    var payload = EngineIOPayload.Writer()
    for packet in takeBuffer() { payload.append(packet) }
    if let last { payload.append(last) }
    exchange.respond(payload: payload.bytes)
  }

  final func takeBuffer() -> [Outbound] {
    machine.bufferTaken()
    let taken = buffer
    buffer = []
    return taken
  }

  // MARK: Receiving

  /// A packet on the session's transport.
  @inline(__always)
  final func receive(_ type: EngineIOPacketType, _ data: UnsafeRawBufferPointer) {
    switch machine.receive(type, now: engine.loop.now, limits: engine.limits) {
    case .deliver: received(message: data)
    case .nothing: break
    case .closedByPeer:
      answerPoll(then: .noop)
      closeWebSocket(1000)
      finish(.transportClosed)
    case .violation: endViolation(.protocolError(nil))
    }
  }

  final func violate(_ reason: DisconnectReason) {
    if machine.receiveMalformed() == .violation { endViolation(reason) }
  }

  private final func endViolation(_ reason: DisconnectReason) {
    answerPoll(then: .close)
    closeWebSocket(1002)
    finish(reason)
  }

  // MARK: Closing

  /// Closes the session: over WebSocket with a close frame, over polling with `1` on the waiting or the next GET.
  /// `discard` does not wait for a next GET. `ended` is called at once.
  package final func close(_ reason: DisconnectReason, discard: Bool = false) {
    guard machine.isOpen else { return }
    switch machine.close(discard: discard, now: engine.loop.now, limits: engine.limits) {
    case .closeWebSocket: closeWebSocket(reason.closeCode)
    case .answerPoll: answerPoll(then: .close)
    case .flushPoll: answerPoll()
    case .awaitPoll: break
    case .nothing: buffer = []
    }
    if machine.phase == .closing { engine.wheel.schedule(self, at: machine.deadline) }
    finish(reason)
  }

  private final func closeWebSocket(_ code: UInt16) { webSocket?.close(code: code, reason: "") }

  /// The heartbeat has failed.
  private final func expire() {
    if machine.deadlineReached(now: engine.loop.now, limits: engine.limits) == .pingTimeout { pingTimedOut() }
  }

  private final func pingTimedOut() {
    answerPoll(then: .close)
    closeWebSocket(1000)
    finish(.pingTimeout)
  }

  /// Tells the layer above, once, and lets go of everything but what a closing session still owes its client.
  final func finish(_ reason: DisconnectReason) {
    webSocket = nil
    guardDeadline = UInt64.max
    if machine.phase == .closed { forget() }
    guard !hasEnded else { return }
    hasEnded = true
    ended(reason)
  }

  /// The session was closing when its upgrade came to an end.
  final func endAfterUpgrade() {
    closeWebSocket(1000)
    webSocket = nil
    forget()
  }

  private final func forget() {
    upgrade?.abandon()
    upgrade = nil
    engine.wheel.remove(self)
    engine.remove(self)
  }

  // MARK: Time

  private final var nextDeadline: UInt64 { min(machine.deadline, guardDeadline) }

  override func deadlineReached(now: UInt64) -> UInt64? {
    if guardDeadline <= now {
      guardDeadline = UInt64.max
      close(.serverClosed)
    }
    switch machine.deadlineReached(now: now, limits: engine.limits) {
    case .wait: break
    case .ping: send(packet: [EngineIOPacketType.ping.rawValue])
    case .pingTimeout:
      pingTimedOut()
      return nil
    case .forget:
      forget()
      return nil
    }
    // A pong moves the deadline without telling the wheel, and may move it to before a ping's timeout.
    return min(nextDeadline, now &+ engine.shortestDeadline)
  }
}
