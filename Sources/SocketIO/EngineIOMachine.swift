/// The state of one Engine.IO session: every request, packet and deadline goes in, what is to be done comes out.
///
/// States: open -> closed, or over polling open -> closing -> closed: the `1` of a server that closes waits for a GET.
/// Beside it an upgrade: none -> offered (a WebSocket with the session's identifier) -> probed (`2probe` answered) ->
/// none again, over WebSocket after `5`, over polling after anything else.
///
/// The machine has no clock: times are monotonic nanoseconds that are passed in.
package struct EngineIOMachine {
  package enum Transport: UInt8, Sendable {
    case polling, webSocket
  }

  package enum Phase: UInt8, Sendable {
    case open, closing, closed
  }

  package enum Upgrade: UInt8, Sendable {
    case none, offered, probed
  }

  /// The durations and limits of a server, shared by its sessions.
  package struct Limits: Sendable {
    package var pingInterval: UInt64
    package var pingTimeout: UInt64
    /// How long a closing polling session waits for the GET that takes the `1`.
    package var closeTimeout: UInt64
    /// Packets and bytes that may wait for a poll.
    package var bufferedPackets: Int
    package var bufferedBytes: Int

    package init(
      pingInterval: UInt64, pingTimeout: UInt64, closeTimeout: UInt64, bufferedPackets: Int, bufferedBytes: Int
    ) {
      self.pingInterval = pingInterval
      self.pingTimeout = pingTimeout
      self.closeTimeout = closeTimeout
      self.bufferedPackets = bufferedPackets
      self.bufferedBytes = bufferedBytes
    }
  }

  package private(set) var transport: Transport
  package private(set) var phase = Phase.open
  package private(set) var upgrade = Upgrade.none
  package private(set) var hasUpgraded = false
  package private(set) var isPollWaiting = false
  private var awaitsPong = false
  private var bufferedPackets: UInt32 = 0
  private(set) var bufferedBytes: UInt32 = 0
  /// When `deadlineReached` is to be asked.
  package private(set) var deadline: UInt64

  package init(transport: Transport, now: UInt64, limits: Limits) {
    self.transport = transport
    deadline = now &+ limits.pingInterval
  }

  package var isOpen: Bool { phase == .open }
  package var hasBuffered: Bool { bufferedPackets > 0 }

  // MARK: Sending

  package enum SendStep: Equatable, Sendable {
    /// Write it to the WebSocket.
    case transmit
    /// Keep it; a GET waits, so answer that with the whole buffer when the tick ends.
    case bufferAndFlush
    /// Keep it for the next GET.
    case buffer
    /// The session is over: drop it.
    case drop
    /// The peer does not fetch what waits for it: close the session.
    case overflow
  }

  /// The server sends a packet of `bytes`.
  @inline(__always)
  package mutating func send(_ bytes: Int, limits: Limits) -> SendStep {
    guard phase == .open else { return .drop }
    if transport == .webSocket { return .transmit }
    return buffer(bytes, limits: limits)
  }

  private mutating func buffer(_ bytes: Int, limits: Limits) -> SendStep {
    guard Int(bufferedPackets) < limits.bufferedPackets, Int(bufferedBytes) + bytes <= limits.bufferedBytes else {
      // A single packet above the limit may go where nothing else waits: otherwise it could never be sent.
      guard bufferedPackets == 0 else { return .overflow }
      count(bytes)
      return isPollWaiting ? .bufferAndFlush : .buffer
    }
    count(bytes)
    return isPollWaiting ? .bufferAndFlush : .buffer
  }

  private mutating func count(_ bytes: Int) {
    bufferedPackets &+= 1
    bufferedBytes = UInt32(clamping: Int(bufferedBytes) + bytes)
  }

  /// The buffer has been put into an answer or onto the WebSocket.
  package mutating func bufferTaken() {
    bufferedPackets = 0
    bufferedBytes = 0
  }

  // MARK: Polling

  package enum PollStep: Equatable, Sendable {
    /// Keep the GET until there is something to say.
    case wait
    /// Answer with the buffer.
    case answer
    /// Answer with `1`; the session is over.
    case answerAndClose
    /// Two GETs at a time: release the first with `1`, refuse the second, the session is over.
    case overlap
    case refuse(EngineIORefusal)
  }

  /// A GET of the session.
  package mutating func poll() -> PollStep {
    guard phase != .closed else { return .refuse(.unknownSession) }
    guard transport == .polling else { return .refuse(.badRequest) }
    if isPollWaiting {
      phase = .closed
      isPollWaiting = false
      return .overlap
    }
    if hasBuffered { return .answer }
    if phase == .closing {
      phase = .closed
      return .answerAndClose
    }
    isPollWaiting = true
    return .wait
  }

  /// The waiting GET has been answered.
  package mutating func pollAnswered() { isPollWaiting = false }

  /// The client cancelled the waiting GET: true when that ends the session.
  package mutating func pollAborted() -> Bool {
    guard isPollWaiting else { return false }
    isPollWaiting = false
    guard phase != .closed else { return false }
    phase = .closed
    return true
  }

  /// A POST of the session: nil when its packets are to be read.
  package func post() -> EngineIORefusal? {
    guard phase != .closed else { return .unknownSession }
    return transport == .polling ? nil : .badRequest
  }

  // MARK: Receiving

  package enum ReceiveStep: Equatable, Sendable {
    /// A message for the layer above.
    case deliver
    case nothing
    /// The client closes: a waiting GET gets `6`.
    case closedByPeer
    /// A violation: close with a `1` or a close frame.
    case violation
  }

  /// A packet on the session's own transport.
  @inline(__always)
  package mutating func receive(_ type: EngineIOPacketType, now: UInt64, limits: Limits) -> ReceiveStep {
    if phase == .open {
      return type == .message ? .deliver : receiveControl(type, now: now, limits: limits)
    }
    // A client that leaves a closing session will not fetch its `1`.
    guard phase == .closing, type == .close else { return .nothing }
    phase = .closed
    return .closedByPeer
  }

  private mutating func receiveControl(_ type: EngineIOPacketType, now: UInt64, limits: Limits) -> ReceiveStep {
    switch type {
    case .pong:
      awaitsPong = false
      deadline = now &+ limits.pingInterval
      return .nothing
    case .close:
      phase = .closed
      return .closedByPeer
    case .ping:
      phase = .closed
      return .violation
    case .open, .message, .upgrade, .noop:
      return .nothing
    }
  }

  /// Something that is no packet.
  package mutating func receiveMalformed() -> ReceiveStep {
    guard phase == .open else { return .nothing }
    phase = .closed
    return .violation
  }

  // MARK: Upgrading

  /// A WebSocket bears the session's identifier: false when it is to be closed at once.
  package mutating func offerUpgrade() -> Bool {
    guard phase == .open, transport == .polling, upgrade == .none else { return false }
    upgrade = .offered
    return true
  }

  package enum UpgradeStep: Equatable, Sendable {
    /// Answer `3probe`; release a waiting GET with `6`, and every 100 ms one that comes after.
    case answerProbe
    /// The WebSocket is the transport now: release a waiting GET, then write the buffer to it.
    case complete
    /// The same for a session that is closing: write the buffer, then close the WebSocket; the session is over. A client
    /// that has sent its `5` polls no more, so the `1` cannot reach it otherwise.
    case completeAndClose
    /// Close the WebSocket; polling lives on.
    case abandon
  }

  /// A packet on the WebSocket that is not the transport yet.
  package mutating func receiveOnCandidate(_ type: EngineIOPacketType, isProbe: Bool) -> UpgradeStep {
    guard upgrade != .none, phase != .closed else { return .abandon }
    if type == .ping, isProbe {
      upgrade = .probed
      return .answerProbe
    }
    upgrade = .none
    guard type == .upgrade else { return .abandon }
    hasUpgraded = true
    transport = .webSocket
    guard phase == .closing else { return .complete }
    phase = .closed
    return .completeAndClose
  }

  /// The candidate closed, sent something that is no packet, or took too long.
  package mutating func upgradeFailed() { upgrade = .none }

  /// True when a waiting GET is to be released with `6` so that the client can upgrade.
  package func releasesPoll() -> Bool { upgrade == .probed && isPollWaiting && transport == .polling }

  // MARK: Closing

  package enum CloseStep: Equatable, Sendable {
    case closeWebSocket
    /// Answer the waiting GET with `1`.
    case answerPoll
    /// Answer the waiting GET with the buffer. The `1` goes on the next, unless the session is over now: in one answer
    /// with the `1` official clients would drop the packets before it.
    case flushPoll
    /// The `1` goes on the next GET; `deadline` says how long to wait for it.
    case awaitPoll
    case nothing
  }

  /// The server closes. With `discard` nothing more is said to a client once the waiting GET, if any, is answered.
  package mutating func close(discard: Bool, now: UInt64, limits: Limits) -> CloseStep {
    guard phase == .open else { return .nothing }
    guard transport == .polling else {
      phase = .closed
      return .closeWebSocket
    }
    if isPollWaiting, !hasBuffered {
      phase = .closed
      isPollWaiting = false
      return .answerPoll
    }
    phase = discard ? .closed : .closing
    deadline = now &+ limits.closeTimeout
    if isPollWaiting { return .flushPoll }
    return discard ? .nothing : .awaitPoll
  }

  /// The WebSocket is gone: true when that ends the session.
  package mutating func webSocketClosed() -> Bool {
    guard phase != .closed else { return false }
    phase = .closed
    return true
  }

  // MARK: Time

  package enum DeadlineStep: Equatable, Sendable {
    /// Not yet: ask again at `deadline`.
    case wait
    /// Send `2`, then ask again at `deadline`.
    case ping
    /// No pong came.
    case pingTimeout
    /// The closing session's client never fetched its `1`.
    case forget
  }

  package mutating func deadlineReached(now: UInt64, limits: Limits) -> DeadlineStep {
    switch phase {
    case .closed: return .forget
    case .closing:
      guard deadline <= now else { return .wait }
      phase = .closed
      return .forget
    case .open:
      guard deadline <= now else { return .wait }
      if awaitsPong {
        phase = .closed
        return .pingTimeout
      }
      awaitsPong = true
      // Counted from when the ping was due, so that the timer's slack does not add up, unless the loop was held up.
      let slack: UInt64 = 10_000_000
      deadline = max(deadline, now &- min(now, slack)) &+ limits.pingTimeout
      return .ping
    }
  }

  /// True when a request comes after the pong should have: the timer's slack must not let it pass.
  package func isOverdue(now: UInt64) -> Bool { phase == .open && awaitsPong && deadline <= now }
}
