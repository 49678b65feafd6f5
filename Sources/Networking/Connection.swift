import CLinux
import Glibc

/// Why a connection ended.
package enum CloseReason: Equatable, Sendable, CustomStringConvertible {
  /// The peer closed, and so did we.
  case peer
  /// `close()` or `finish()` was called here.
  case local
  /// The peer did not take what was written to it: `outboundLimit` was reached.
  case slowReceiver
  /// The socket failed.
  case failed(NetworkError)

  package var description: String {
    switch self {
    case .peer: "closed by the peer"
    case .local: "closed"
    case .slowReceiver: "slow receiver"
    case .failed(let error): error.reason
    }
  }
}

/// What a connection tells its owner, always on its loop.
package protocol ConnectionHandler: AnyObject {
  /// Bytes from the peer, valid during the call. The handler may write or close from here.
  func received(_ bytes: UnsafeRawBufferPointer)
  /// The peer sends no more (its FIN). Writing goes on; `finish` ends the connection once everything is written.
  func peerFinished()
  /// Everything written has gone out after the socket had been full.
  func drained()
  /// The connection is over; called exactly once, last, and never from within one of the calls above.
  func closed(_ reason: CloseReason)
}

extension ConnectionHandler {
  package func drained() {}
}

/// A stream socket on a loop: bytes in by callback, bytes out by `write`, one system call a tick.
///
/// States: open -> (finishing: what is left goes out, then FIN, then up to `linger` for the peer's) -> closed. What is
/// received while finishing is thrown away: a close with unread input would be a reset, which can take the answer that
/// was just sent away from the peer (RFC 9112, 9.6).
package final class Connection: Channel, @unchecked Sendable {
  private enum State {
    case idle, open, finishing, lingering, closed
  }

  package let peer: SocketAddress?
  /// Bytes that may wait to be sent before the connection is closed as `slowReceiver`.
  package var outboundLimit = 4 << 20
  private var handler: (any ConnectionHandler)?
  private var state = State.idle
  private var isReading = true
  private var isBlocked = false
  private var sawEnd = false
  private var output = OutputBuffer()
  private var lingerTimer: LoopTimer?
  /// Nil without TLS, and once the connection is over.
  package private(set) var tls: TLSSession?
  private var handshakeTimeout = Duration.zero

  package init(descriptor: Int32, peer: SocketAddress?, loop: EventLoop) {
    self.peer = peer
    super.init(descriptor: descriptor, loop: loop)
  }

  deinit {
    // Never started, or the loop has gone first.
    if state != .closed { Glibc.close(descriptor) }
  }

  /// Begins to read; the connection keeps `handler` alive until it has been told `closed`.
  package func start(_ handler: any ConnectionHandler) {
    loop.assertCurrent()
    precondition(state == .idle, "a connection is started once")
    self.handler = handler
    state = .open
    loop.add(self, .read)
    if let tls { start(tls) }
  }

  /// Hands the connection to another owner, as an HTTP server does when a request upgrades to WebSocket.
  package func replaceHandler(_ handler: any ConnectionHandler) {
    if state != .closed { self.handler = handler }
  }

  /// Moves the socket to another loop: this connection is over, silently, and the one that is returned has yet to be
  /// started there. `unsent` is what had been written and not taken; write it first. Nil when the connection is not open.
  package func move(to target: EventLoop) -> (connection: Connection, unsent: [UInt8])? {
    loop.assertCurrent()
    guard state == .open, tls?.isEstablished ?? true else { return nil }
    let unsent = output.copy()
    output.clear(loop.buffers)
    loop.remove(self)
    state = .closed
    handler = nil
    let moved = Connection(descriptor: descriptor, peer: peer, loop: target)
    moved.outboundLimit = outboundLimit
    if let tls {
      self.tls = nil
      moved.adopt(tls, timeout: handshakeTimeout)
    }
    return (moved, unsent)
  }

  package var isOpen: Bool { state == .open }
  /// Whether TLS protects it.
  package var isSecure: Bool { tls != nil }
  /// Bytes not yet taken by the socket.
  package var outboundCount: Int { output.count + (tls?.sealedCount ?? 0) }

  // MARK: Writing

  /// Queues bytes; they go out at the end of the tick. Ignored once the connection is no longer open.
  @inline(__always)
  package func write(_ bytes: UnsafeRawBufferPointer) {
    guard state == .open, let base = bytes.baseAddress, !bytes.isEmpty else { return }
    output.append(base, bytes.count, loop.buffers)
    loop.flushAtTickEnd(self)
    if output.count > outboundLimit { overflowed() }
  }

  package func write(_ bytes: [UInt8]) { bytes.withUnsafeBytes { write($0) } }

  package func write(_ text: StaticString) {
    write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// The limit holds for what the socket refuses, not for what one tick produced: try before giving up.
  @inline(never)
  private func overflowed() {
    if !isBlocked { flush() }
    if output.count > outboundLimit { end(.slowReceiver) }
  }

  package override func flush() {
    guard state == .open || state == .finishing else { return }
    let waiting = outboundCount
    let outcome =
      tls?.flush(&output, to: descriptor, loop) ?? output.flush(to: descriptor, loop.buffers)
    // What a finishing connection still has to say may take as long as the peer goes on taking it.
    if state == .finishing, outboundCount < waiting { lingerTimer?.arm(after: Connection.patience) }
    settle(outcome)
  }

  /// What follows from how much the socket has taken.
  private func settle(_ outcome: OutputBuffer.Flush) {
    switch outcome {
    case .done:
      if isBlocked {
        isBlocked = false
        updateInterest()
        // What was written during a handshake may still wait.
        if state == .open, output.isEmpty { handler?.drained() }
      }
      // Not while `drained` has left more to send.
      if state == .finishing, output.isEmpty { sendEnd() }
    case .blocked:
      if !isBlocked {
        isBlocked = true
        updateInterest()
      }
    case .failed(let error):
      end(.failed(NetworkError(errno: error, "send to \(peerDescription)")))
    }
  }

  // MARK: Reading

  /// Stops reading: the peer feels it as TCP back-pressure.
  package func pauseReading() {
    guard isReading else { return }
    isReading = false
    updateInterest()
  }

  package func resumeReading() {
    guard !isReading else { return }
    isReading = true
    updateInterest()
  }

  private func updateInterest() {
    guard state != .closed, state != .idle else { return }
    var interest: Interest = []
    if isReading && !sawEnd { interest.insert(.read) }
    if isBlocked { interest.insert(.write) }
    loop.modify(self, interest)
  }

  package override func ready(_ events: Interest) {
    if events.contains(.write) || (isBlocked && !events.isDisjoint(with: [.failure, .hangUp])) { flush() }
    guard state != .closed else { return }
    if events.contains(.read) && isReading && !sawEnd {
      receive()
    } else if !events.isDisjoint(with: [.failure, .hangUp]) {
      let error = clinux_socket_error(descriptor)
      end(error == 0 ? .peer : .failed(NetworkError(errno: error, "receive from \(peerDescription)")))
    }
  }

  private func receive() {
    let count = clinux_receive(descriptor, loop.scratch.baseAddress!, loop.scratch.count)
    if count > 0 {
      let bytes = UnsafeRawBufferPointer(rebasing: loop.scratch[0..<count])
      if let tls { return receive(bytes, tls) }
      if state == .open { handler?.received(bytes) }
      return
    }
    if count < 0 {
      let error = clinux_errno()
      if error == EAGAIN || error == EINTR { return }
      return end(.failed(NetworkError(errno: error, "receive from \(peerDescription)")))
    }
    // Whoever ends a TLS connection says so first, lest somebody else cut it short.
    if let tls, state == .open {
      sawEnd = true
      return fail(tls.unexpectedEnd)
    }
    peerEnded()
  }

  private func peerEnded() {
    sawEnd = true
    switch state {
    case .open:
      updateInterest()
      handler?.peerFinished()
    case .finishing: updateInterest()
    case .lingering: end(.local)
    case .idle, .closed: break
    }
  }

  // MARK: TLS

  func adopt(_ session: TLSSession, timeout: Duration) {
    precondition(state == .idle, "a connection is secured before it is started")
    session.connection = self
    handshakeTimeout = timeout
    tls = session
  }

  private func start(_ tls: TLSSession) {
    tls.begin(on: loop, timeout: handshakeTimeout)
    // A client's first words, or what a connection that has moved had not sent.
    guard state == .open else { return }
    settle(tls.send(to: descriptor, loop))
    if tls.sealedCount > 0 { loop.flushAtTickEnd(self) }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer, _ tls: TLSSession) {
    guard state != .lingering else { return }
    let wasEstablished = tls.isEstablished
    let (count, outcome) = tls.receive(bytes, loop.tls)
    settle(tls.send(to: descriptor, loop))
    if !wasEstablished, tls.isEstablished { established() }
    if tls.sealedCount > outboundLimit { end(.slowReceiver) }
    if count > 0, state == .open { handler?.received(UnsafeRawBufferPointer(rebasing: loop.tls.plain[0..<count])) }
    guard state != .closed else { return }
    switch outcome {
    case .more: break
    case .ended: if state != .lingering { peerEnded() }
    case .failed(let error): fail(error)
    }
  }

  /// What was written during the handshake goes out.
  private func established() {
    guard state == .open || state == .finishing else { return }
    let hasWaited = !output.isEmpty
    flush()
    if state == .open, hasWaited, output.isEmpty, !isBlocked { handler?.drained() }
  }

  /// TLS has failed. What it says about that (an alert) has been sent, and a server gives the peer the time to read it:
  /// a close with unread input would be a reset.
  func fail(_ error: NetworkError) {
    guard state != .closed, state != .lingering, let tls else { return }
    tls.leaveHandshake()
    guard tls.isServer, !sawEnd, tls.sealedCount == 0 else { return end(.failed(error)) }
    tls.failure = error
    output.clear(loop.buffers)
    state = .lingering
    shutdown(descriptor, Int32(SHUT_WR))
    isReading = true
    isBlocked = false
    updateInterest()
    let timer = lingerTimer ?? loop.timer { [unowned self] in end(.local) }
    timer.arm(after: .seconds(1))
    lingerTimer = timer
  }

  // MARK: Closing

  /// Sends what is queued, then ends the connection in good order. Nothing more is received.
  package func finish(linger: Duration = .seconds(1)) {
    guard state == .open else { return }
    state = .finishing
    if !isReading { resumeReading() }
    let timer = loop.timer { [unowned self] in end(.local) }
    timer.arm(after: Connection.patience)
    lingerTimer = timer
    self.linger = linger
    loop.flushAtTickEnd(self)
  }

  private var linger = Duration.zero

  /// How long a finishing connection waits for a peer that takes nothing.
  private static let patience = Duration.seconds(5)

  private func sendEnd() {
    if let tls, tls.isEstablished, !tls.hasSentEnd {
      tls.end(loop)
      // Which comes back here once it has gone out.
      return settle(tls.send(to: descriptor, loop))
    }
    state = .lingering
    shutdown(descriptor, Int32(SHUT_WR))
    if sawEnd { return end(.peer) }
    lingerTimer?.cancel()
    lingerTimer?.arm(after: linger)
  }

  /// Ends the connection now; what is queued is lost.
  package func close() { end(.local) }

  private func end(_ reason: CloseReason) {
    guard state != .closed else { return }
    var reason = reason
    if let tls { reason = leave(tls, reason) }
    let wasStarted = state != .idle
    state = .closed
    lingerTimer?.cancel()
    lingerTimer = nil
    output.clear(loop.buffers)
    if wasStarted { loop.remove(self) }
    Glibc.close(descriptor)
    guard let handler else { return }
    // Not from within the handler's own call, and not before what this tick still has to say.
    loop.atTickEnd { [self] in
      self.handler = nil
      handler.closed(reason)
    }
  }

  /// A handler and its connection hold each other; `closed` will not come to part them.
  package override func abandoned() {
    state = .closed
    handler = nil
    tls?.leaveHandshake()
    tls = nil
    lingerTimer = nil
    output.clear(loop.buffers)
    Glibc.close(descriptor)
  }

  /// Ends TLS, with a close_notify only where nothing is lost that the peer should have had. The reason to be told.
  private func leave(_ tls: TLSSession, _ reason: CloseReason) -> CloseReason {
    if reason == .local, state == .open, output.isEmpty, tls.sealedCount == 0 {
      tls.end(loop)
      _ = tls.send(to: descriptor, loop)
    }
    tls.leaveHandshake()
    tls.clear(loop)
    self.tls = nil
    return tls.failure.map { .failed($0) } ?? reason
  }

  private var peerDescription: String { peer?.description ?? "peer" }
}
