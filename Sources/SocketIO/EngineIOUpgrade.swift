import HTTP
import Networking

/// A WebSocket that offers itself as the new transport of a polling session, until it is that or has failed.
/// On the session's loop.
final class EngineIOUpgrade: WebSocketHandler, @unchecked Sendable {
  private let session: EngineIOSession
  private var webSocket: WebSocketConnection?
  private var timeout: LoopTimer?
  private var release: LoopTimer?

  init(_ session: EngineIOSession) { self.session = session }

  /// The WebSocket is there: closed at once if the session does not want it, or no longer.
  func start(_ webSocket: WebSocketConnection) {
    guard session.upgrade === self else { return webSocket.close() }
    self.webSocket = webSocket
    let loop = session.engine.loop
    timeout = loop.schedule(after: session.engine.configuration.upgradeTimeout) { [self] in fail() }
  }

  func received(text: UnsafeRawBufferPointer) {
    guard webSocket != nil else { return }
    guard let first = text.first, let type = EngineIOPacketType(rawValue: first) else { return fail() }
    let isProbe = text.dropFirst().elementsEqual("probe".utf8)
    switch session.machine.receiveOnCandidate(type, isProbe: isProbe) {
    case .answerProbe:
      webSocket?.send(text: "3probe")
      releasePolls()
    case .complete, .completeAndClose: complete()
    case .abandon: fail()
    }
  }

  func received(binary: UnsafeRawBufferPointer) { fail() }

  func closed(code: UInt16, reason: String) {
    webSocket = nil
    fail()
  }

  func drained() {}

  /// A client upgrades when its poll has come back: release the one that waits, and those that follow.
  private func releasePolls() {
    if session.machine.releasesPoll() { session.answerPoll(then: .noop) }
    release?.cancel()
    release = session.engine.loop.schedule(after: .milliseconds(100)) { [self] in releasePolls() }
  }

  private func complete() {
    guard let webSocket else { return }
    stopTimers()
    self.webSocket = nil
    session.adopt(webSocket)
  }

  /// The handshake did not come about.
  func failed() { fail() }

  private func fail() {
    abandon()
    guard session.upgrade === self else { return }
    session.upgrade = nil
    session.machine.upgradeFailed()
  }

  /// The session is over, or goes on without this.
  func abandon() {
    stopTimers()
    webSocket?.close(code: 1000, reason: "")
    webSocket = nil
  }

  private func stopTimers() {
    timeout?.cancel()
    release?.cancel()
    timeout = nil
    release = nil
  }
}

extension EngineIOSession {
  /// The candidate is the transport now. What waited for a poll follows it in order.
  final func adopt(_ candidate: WebSocketConnection) {
    upgrade = nil
    webSocket = candidate
    candidate.replaceHandler(self)
    if let poll {
      self.poll = nil
      machine.pollAnswered()
      poll.respond(payload: [EngineIOPacketType.noop.rawValue])
    }
    for packet in takeBuffer() { candidate.send(packet) }
    if !machine.isOpen { endAfterUpgrade() }
  }
}

extension EngineIOPayload.Writer {
  mutating func append(_ packet: Outbound) {
    switch packet {
    case .text(let bytes): bytes.withUnsafeBytes { append(encoded: $0) }
    case .binary(let bytes): bytes.withUnsafeBytes { append(binary: $0) }
    case .prepared(let packet):
      packet.frame.withPayload { append(encoded: $0) }
      for attachment in packet.attachments { attachment.withPayload { append(binary: $0) } }
    }
  }
}
