import Networking

/// Between a gateway and its Redis. While it `holds`, what the gateway says on certain connections does not get through.
/// On the test's loop.
final class RedisProxy: @unchecked Sendable {
  private let loop: EventLoop
  private let redis: SocketAddress
  private let isHeld: (String) -> Bool
  private var listener: Listener?
  private var pairs: [Pair] = []
  var holds = false {
    didSet { if !holds { for pair in pairs { pair.release() } } }
  }
  /// Bytes that have been held back.
  var heldCount: Int { pairs.reduce(0) { $0 + $1.held.count } }

  /// - Parameter isHeld: whether a connection on which this was said is one to hold, from there on.
  init(to redis: SocketAddress, loop: EventLoop, isHeld: @escaping (String) -> Bool) throws {
    self.redis = redis
    self.loop = loop
    self.isHeld = isHeld
    listener = try Listener(.loopback(port: 0), loop: loop) { [unowned self] in accept($0) }
  }

  var port: UInt16 { listener?.address.port ?? 0 }

  private func accept(_ connection: Connection) {
    let pair = Pair(connection, self)
    pairs.append(pair)
    connection.start(pair)
    loop.start { [self] in
      guard let server = try? await Connection.connect(to: redis, loop: loop) else { return connection.close() }
      pair.connect(server)
    }
  }

  func close() {
    listener?.close()
    for pair in pairs { pair.end() }
  }

  /// One connection of a gateway.
  private final class Pair: ConnectionHandler, @unchecked Sendable {
    private final class Answers: ConnectionHandler, @unchecked Sendable {
      unowned let pair: Pair
      init(_ pair: Pair) { self.pair = pair }
      func received(_ bytes: UnsafeRawBufferPointer) { pair.client.write(Array(bytes)) }
      func peerFinished() { pair.end() }
      func closed(_ reason: CloseReason) { pair.end() }
    }

    let client: Connection
    private var server: Connection?
    private unowned let proxy: RedisProxy
    private var isConcerned = false
    private(set) var held: [UInt8] = []
    private var answers: Answers?

    init(_ client: Connection, _ proxy: RedisProxy) {
      self.client = client
      self.proxy = proxy
    }

    func connect(_ server: Connection) {
      self.server = server
      let answers = Answers(self)
      self.answers = answers
      server.start(answers)
      release()
    }

    func release() {
      guard let server, !held.isEmpty else { return }
      server.write(held)
      held = []
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
      let chunk = Array(bytes)
      if proxy.isHeld(String(decoding: chunk, as: UTF8.self)) { isConcerned = true }
      if server == nil || (proxy.holds && isConcerned) || !held.isEmpty { held += chunk } else { server?.write(chunk) }
    }

    func peerFinished() { end() }
    func closed(_ reason: CloseReason) { end() }

    func end() {
      client.close()
      server?.close()
    }
  }
}
