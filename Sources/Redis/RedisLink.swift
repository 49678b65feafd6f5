import Networking

/// Who uses a link: told of its life, always on the loop.
protocol RedisLinkOwner: AnyObject {
  /// A connection has been made and greeted. What is written from here goes out first.
  func linkIsReady(_ server: RedisServer)
  /// Bytes of a ready connection. An error ends the connection.
  func linkReceived(_ bytes: UnsafeRawBufferPointer) throws(RedisError)
  /// The ready connection is lost; another is being made.
  func linkIsLost(_ error: RedisError)
  /// An attempt to connect has failed; the next will follow.
  func linkFailed(_ error: RedisError)
}

/// Keeps one connection to a server: connects, greets, notices the loss, waits a little longer each time and connects
/// again, until it is closed. On its loop only.
final class RedisLink: ConnectionHandler, @unchecked Sendable {
  private enum State {
    case idle, connecting, greeting, ready, waiting, closed
  }

  let configuration: RedisConfiguration
  let loop: EventLoop
  /// Kept until `close()`.
  var owner: (any RedisLinkOwner)?
  @exclusivity(unchecked) private(set) var connection: Connection?
  @exclusivity(unchecked) private var state = State.idle
  private var attempts = 0
  private var handshake: RedisHandshake
  private let greeter = ReplyBuilder()
  private var reader: ReplyReader?
  private var timer: LoopTimer?
  /// Why we ended a connection ourselves.
  private var endedBecause: RedisError?

  init(_ configuration: RedisConfiguration, _ loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    handshake = RedisHandshake(configuration)
  }

  var isReady: Bool { state == .ready }

  /// Begins to connect, once.
  func start() {
    guard state == .idle else { return }
    connect()
  }

  func close() {
    state = .closed
    timer?.cancel()
    timer = nil
    connection?.close()
    connection = nil
    owner = nil
  }

  /// Ends a connection that is of no use; another is made.
  func drop(_ error: RedisError) {
    guard let connection, state == .ready || state == .greeting else { return }
    endedBecause = error
    connection.close()
  }

  // MARK: Connecting

  private func connect() {
    state = .connecting
    loop.start { [self] in
      do {
        let made = try await Connection.connect(to: configuration, loop: loop)
        guard state == .connecting else { return }
        greet(made)
      } catch {
        failed(RedisError(error is TLSError ? .untrusted : .notConnected, .notSent, "\(error)"))
      }
    }
  }

  private func greet(_ made: Connection) {
    connection = made
    // Our own limit counts before this one can.
    made.outboundLimit = .max
    state = .greeting
    endedBecause = nil
    handshake = RedisHandshake(configuration)
    greeter.reset()
    reader = ReplyReader(sink: greeter, limit: 1 << 20)
    greeter.completed = { [unowned self] in answered($0) }
    made.start(self)
    let encoder = CommandEncoder()
    handshake.encode(into: encoder)
    made.write(encoder.bytes)
    timer = loop.schedule(after: configuration.connectTimeout) { [unowned self] in
      drop(RedisError(.notConnected, .notSent, "\(configuration.address) does not answer"))
    }
  }

  private func answered(_ reply: RedisValue) {
    guard state == .greeting else { return }
    switch handshake.receive(reply) {
    case .waiting: break
    case .failed(let error): drop(RedisError(error.code, .notSent, error.message))
    case .ready(let server):
      state = .ready
      attempts = 0
      timer?.cancel()
      timer = nil
      owner?.linkIsReady(server)
    }
  }

  private func failed(_ error: RedisError) {
    guard state != .closed else { return }
    state = .waiting
    attempts += 1
    let longest = configuration.longestBackoff.nanoseconds
    let full = min(configuration.firstBackoff.nanoseconds << UInt64(min(attempts - 1, 20)), longest)
    timer = loop.timer { [unowned self] in
      timer = nil
      connect()
    }
    timer?.arm(after: .nanoseconds(Int64(full / 2 + UInt64.random(in: 0...max(1, full / 2)))))
    owner?.linkFailed(error)
  }

  private func lost(_ reason: CloseReason) -> RedisError {
    if case .failed(let error) = reason, error.code == .untrusted {
      return RedisError(.untrusted, .notSent, "\(error)")
    }
    return RedisError(.connectionLost, .unknown, "the connection to \(configuration.address) was lost: \(reason)")
  }

  // MARK: ConnectionHandler

  func received(_ bytes: UnsafeRawBufferPointer) {
    do throws(RedisError) {
      if state == .ready {
        try owner?.linkReceived(bytes)
        return
      }
      // The greeting is answered before anything else is asked, so that nothing follows its last reply.
      try reader?.feed(bytes)
    } catch {
      drop(error)
    }
  }

  func peerFinished() { connection?.close() }

  func closed(_ reason: CloseReason) {
    timer?.cancel()
    timer = nil
    connection = nil
    let wasReady = state == .ready
    guard state != .closed else { return }
    state = .waiting
    let error = endedBecause ?? lost(reason)
    endedBecause = nil
    if wasReady { owner?.linkIsLost(error) }
    failed(RedisError(error.code, .notSent, error.message))
  }
}
