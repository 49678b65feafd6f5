import Networking

/// A client's connection: one request at a time.
final class HTTPClientConnection: ConnectionHandler, @unchecked Sendable {
  private let connection: Connection
  private var parser: HTTPResponseParser
  private var waiting: UnsafeContinuation<HTTPResponse, any Error>?
  private var timer: LoopTimer?
  private var onIdleEnd: (() -> Void)?
  private var isOver = false
  private var mayReuse = true
  /// A request that is larger than may be queued at once, from an offset on.
  private var unsent: ([UInt8], Int)?
  private(set) var hasBegunAnswer = false
  var isIdle = false {
    didSet { if !isIdle { onIdleEnd = nil } }
  }

  private static let part = 256 << 10

  init(_ connection: Connection, limits: HTTPLimits) {
    self.connection = connection
    parser = HTTPResponseParser(limits: limits)
    connection.start(self)
  }

  /// What the server has shown; nil without TLS, and before the first answer.
  var certificate: TLSCertificate? { connection.tls?.peerCertificate }

  var isReusable: Bool { mayReuse && !isOver && connection.isOpen }

  func send(_ bytes: [UInt8], answerToHead: Bool, deadline: UInt64) async throws -> HTTPResponse {
    parser.expect(answerToHead: answerToHead)
    hasBegunAnswer = false
    arm(at: deadline)
    unsent = (bytes, 0)
    sendPart()
    return try await withUnsafeThrowingContinuation { continuation in
      if isOver {
        continuation.resume(throwing: HTTPError(.closed, "the connection is closed"))
      } else {
        waiting = continuation
      }
    }
  }

  private func sendPart() {
    while let (bytes, offset) = unsent {
      let end = min(offset + Self.part, bytes.count)
      unsent = end < bytes.count ? (bytes, end) : nil
      bytes.withUnsafeBytes { connection.write(UnsafeRawBufferPointer(rebasing: $0[offset..<end])) }
      guard unsent != nil else { return }
      connection.flush()
      guard connection.isOpen, connection.outboundCount == 0 else { return }
    }
  }

  private func arm(at deadline: UInt64) {
    let timer =
      timer
      ?? connection.loop.timer { [unowned self] in
        if waiting != nil { fail(HTTPError(.timedOut, "the server did not answer in time")) }
        close()
      }
    self.timer = timer
    timer.arm(at: deadline)
  }

  /// Keeps the connection for `duration` more; `ended` is called if it ends meanwhile.
  func becameIdle(for duration: Duration, ended: @escaping () -> Void) {
    onIdleEnd = ended
    arm(at: connection.loop.now &+ duration.nanoseconds)
  }

  func close() {
    timer?.cancel()
    mayReuse = false
    endIdle()
    connection.close()
  }

  private func endIdle() {
    let ended = onIdleEnd
    onIdleEnd = nil
    ended?()
  }

  // MARK: ConnectionHandler

  func received(_ bytes: UnsafeRawBufferPointer) {
    guard waiting != nil else {
      // An answer to nothing.
      return close()
    }
    hasBegunAnswer = true
    var input = bytes
    handle(parser.next(&input))
    if input.count > 0 { mayReuse = false }
  }

  private func handle(_ event: HTTPResponseParser.Event) {
    switch event {
    case .needMore: break
    case .response(let response, let keepAlive):
      if !keepAlive || unsent != nil { mayReuse = false }
      timer?.cancel()
      let continuation = waiting
      waiting = nil
      continuation?.resume(returning: response)
    case .failure(let error):
      fail(error)
      close()
    }
  }

  private func fail(_ error: any Error) {
    timer?.cancel()
    mayReuse = false
    let continuation = waiting
    waiting = nil
    continuation?.resume(throwing: error)
  }

  func drained() { sendPart() }

  func peerFinished() {
    mayReuse = false
    if waiting != nil { handle(parser.end()) }
    endIdle()
    connection.close()
  }

  func closed(_ reason: CloseReason) {
    isOver = true
    if case .failed(let error) = reason, error.code == .untrusted { fail(error) }
    fail(HTTPError(.closed, "the server closed the connection before its answer was complete"))
    endIdle()
  }
}
