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
  }

  /// Hands the connection to another owner, as an HTTP server does when a request upgrades to WebSocket.
  package func replaceHandler(_ handler: any ConnectionHandler) {
    if state != .closed { self.handler = handler }
  }

  /// Moves the socket to another loop: this connection is over, silently, and the one that is returned has yet to be
  /// started there. `unsent` is what had been written and not taken; write it first. Nil when the connection is not open.
  package func move(to target: EventLoop) -> (connection: Connection, unsent: [UInt8])? {
    loop.assertCurrent()
    guard state == .open else { return nil }
    let unsent = output.copy()
    output.clear(loop.buffers)
    loop.remove(self)
    state = .closed
    handler = nil
    let moved = Connection(descriptor: descriptor, peer: peer, loop: target)
    moved.outboundLimit = outboundLimit
    return (moved, unsent)
  }

  package var isOpen: Bool { state == .open }
  /// Bytes not yet taken by the socket.
  package var outboundCount: Int { output.count }

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
    let waiting = output.count
    let outcome = output.flush(to: descriptor, loop.buffers)
    // What a finishing connection still has to say may take as long as the peer goes on taking it.
    if state == .finishing, output.count < waiting { lingerTimer?.arm(after: Connection.patience) }
    switch outcome {
    case .done:
      if isBlocked {
        isBlocked = false
        updateInterest()
        if state == .open { handler?.drained() }
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
      if state == .open { handler?.received(UnsafeRawBufferPointer(rebasing: loop.scratch[0..<count])) }
      return
    }
    if count < 0 {
      let error = clinux_errno()
      if error == EAGAIN || error == EINTR { return }
      return end(.failed(NetworkError(errno: error, "receive from \(peerDescription)")))
    }
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
    lingerTimer = nil
    output.clear(loop.buffers)
    Glibc.close(descriptor)
  }

  private var peerDescription: String { peer?.description ?? "peer" }
}
