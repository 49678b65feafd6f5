package import Networking

/// A WebSocket (RFC 6455) on a loop, of a server or a client. On its loop's thread only.
///
/// States: open -> closing (our close frame is sent, the peer's is awaited for `closeTimeout`) -> over. The handler hears
/// `closed` once, when the closing handshake is complete or the connection is lost. While nothing is under way neither
/// this nor its `Connection` holds a buffer.
package final class WebSocketConnection: ConnectionHandler, @unchecked Sendable {
  private enum State: UInt8 {
    case open, closing, over
  }

  private let connection: Connection
  private var handler: (any WebSocketHandler)?
  private let server: HTTPServer?
  /// Masks what a client sends; nil on a server.
  private let masker: WebSocketMasker?
  private var decoder: WebSocketDecoder
  /// Nil where no compression was agreed upon: such a connection pays a comparison for it and no memory.
  private let deflate: PerMessageDeflate?
  private var state = State.open
  private var isDecoding = false
  private let closeTimeout: Duration
  private var closeTimer: LoopTimer?
  /// What `closed` is told when the connection ends.
  private var closeCode: UInt16 = 1006
  private var closeReason = ""

  init(
    connection: Connection, options: WebSocketOptions, handler: any WebSocketHandler, server: HTTPServer?,
    masker: WebSocketMasker? = nil, agreed: PerMessageDeflateParameters? = nil
  ) {
    self.connection = connection
    self.handler = handler
    self.server = server
    self.masker = masker
    let role = masker == nil ? WebSocketDecoder.Role.server : .client
    deflate =
      if let agreed, let own = options.compression {
        PerMessageDeflate(agreed, role: role, own, loop: connection.loop)
      } else { nil }
    decoder = WebSocketDecoder(role: role, maxMessageSize: options.maxMessageSize, deflate: deflate)
    closeTimeout = options.closeTimeout
    connection.outboundLimit = options.outboundLimit
  }

  package var loop: EventLoop { connection.loop }
  package var peer: SocketAddress? { connection.peer }
  /// Whether messages may be compressed (RFC 7692).
  package var usesCompression: Bool { deflate != nil }
  package var isOpen: Bool { state == .open && connection.isOpen }
  /// Bytes not yet taken by the socket.
  package var outboundCount: Int { connection.outboundCount }
  /// Beyond this many the connection is closed as a slow receiver.
  package var outboundLimit: Int {
    get { connection.outboundLimit }
    set { connection.outboundLimit = newValue }
  }

  /// Gives what is received to another owner from now on.
  package func replaceHandler(_ handler: any WebSocketHandler) {
    if state != .over { self.handler = handler }
  }

  // MARK: Sending

  /// Sends a frame that is encoded already; the same may be sent to any number of receivers. For servers.
  @inline(__always)
  package func send(_ frame: WebSocketFrame) {
    guard state == .open else { return }
    assert(masker == nil, "a client's frames are masked each with its own key")
    if let deflate { return deflate.bytes(of: frame).withUnsafeBytes { connection.write($0) } }
    frame.bytes.withUnsafeBytes { connection.write($0) }
  }

  package func send(text: UnsafeRawBufferPointer) { send(.text, text) }
  package func send(text: [UInt8]) { text.withUnsafeBytes { send(.text, $0) } }
  package func send(text: StaticString) {
    send(.text, UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
  package func send(binary: UnsafeRawBufferPointer) { send(.binary, binary) }
  package func send(binary: [UInt8]) { binary.withUnsafeBytes { send(.binary, $0) } }

  /// Sends a ping; `payload` has at most 125 bytes. The pong is not reported.
  package func ping(_ payload: [UInt8] = []) {
    payload.withUnsafeBytes { send(.ping, UnsafeRawBufferPointer(rebasing: $0.prefix(125))) }
  }

  private func send(_ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer) {
    guard state == .open else { return }
    if let deflate, payload.count >= deflate.threshold, !opcode.isControl,
      deflate.compress(payload, { write(opcode, $0, isCompressed: true) }) != nil
    {
      return
    }
    write(opcode, payload)
  }

  private func write(_ opcode: WebSocketOpcode, _ payload: UnsafeRawBufferPointer, isCompressed: Bool = false) {
    if let masker { return masker.write(opcode, payload, isCompressed: isCompressed, to: connection) }
    let header = WebSocketFrameHeader(opcode: opcode, length: payload.count, isCompressed: isCompressed)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: WebSocketFrameHeader.maxCount) { buffer in
      header.write(into: buffer.baseAddress!)
      connection.write(UnsafeRawBufferPointer(start: buffer.baseAddress!, count: header.count))
    }
    connection.write(payload)
  }

  // MARK: Closing

  /// Begins the closing handshake. A code that may not be sent becomes 1000; a reason is cut to 123 bytes.
  package func close(code: UInt16 = 1000, reason: String = "") {
    guard state == .open else { return }
    let code = WebSocketCloseCode.maySend(code) ? code : 1000
    sendClose(code, reason)
    closeCode = code
    closeReason = reason
    state = .closing
    closeTimer = connection.loop.schedule(after: closeTimeout) { [weak self] in self?.connection.close() }
  }

  /// Ends the connection without a handshake; the peer sees 1006.
  package func abort() {
    guard state != .over else { return }
    connection.close()
  }

  /// `code` 1005: a close frame without a payload.
  private func sendClose(_ code: UInt16, _ reason: String) {
    guard code != 1005 else { return write(.close, UnsafeRawBufferPointer(start: nil, count: 0)) }
    var payload = [UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)]
    var text = reason[...]
    while text.utf8.count > 123 { text.removeLast() }
    payload.append(contentsOf: text.utf8)
    payload.withUnsafeBytes { write(.close, $0) }
  }

  /// The handshake is complete, or has failed in a way that the peer was told of.
  private func finish(_ code: UInt16, _ reason: String) {
    guard state != .over else { return }
    connection.finish()
    over(code, reason)
  }

  private func over(_ code: UInt16, _ reason: String) {
    guard state != .over else { return }
    state = .over
    closeTimer?.cancel()
    closeTimer = nil
    let handler = handler
    self.handler = nil
    handler?.closed(code: code, reason: reason)
  }

  // MARK: Receiving

  package func received(_ bytes: UnsafeRawBufferPointer) {
    // The loop's receive buffer, or an array that nobody else has: both may be written to.
    var input = UnsafeMutableRawBufferPointer(mutating: bytes)
    while state != .over {
      switch decoder.next(&input) {
      case .needMore: return
      case .text(let payload): if state == .open { handler?.received(text: payload) }
      case .binary(let payload): if state == .open { handler?.received(binary: payload) }
      case .ping(let payload): if state == .open { write(.pong, payload) }
      case .pong: break
      case .close(let code, let reason): peerClosed(code, String(decoding: reason, as: UTF8.self))
      case .failure(let code, let reason):
        if state == .open { sendClose(code, reason.description) }
        finish(code, reason.description)
      }
      guard connection.isOpen else { return }
    }
  }

  private func peerClosed(_ code: UInt16, _ reason: String) {
    if state == .open {
      sendClose(code, "")
      finish(code, reason)
    } else {
      // The answer to ours.
      finish(closeCode, closeReason)
    }
  }

  package func peerFinished() { connection.finish() }

  /// Stops receiving: the peer feels it as back-pressure. What has been received already is still handed over.
  package func pauseReading() { connection.pauseReading() }
  package func resumeReading() { connection.resumeReading() }

  package func drained() { if state == .open { handler?.drained() } }

  /// The server counts its connections, on its own loop, which is another one when this was moved.
  private func leaveServer() {
    guard let server else { return }
    if server.loop === loop { return server.connectionClosed(isHTTP: false) }
    server.loop.execute { server.connectionClosed(isHTTP: false) }
  }

  package func closed(_ reason: CloseReason) {
    leaveServer()
    if case .slowReceiver = reason { return over(1006, "slow receiver") }
    if state == .closing { return over(closeCode, closeReason) }
    over(1006, reason.description)
  }
}
