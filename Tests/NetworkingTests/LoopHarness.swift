import Networking
import Synchronization
import Testing

/// Runs `body` with a loop of its own, which is stopped afterwards.
func withLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
  let loop = EventLoop.spawn(name: "test")
  defer { loop.stop() }
  return try await body(loop)
}

/// Runs `body` on a loop of its own, so that it may touch what is confined to it.
func onLoop<Result: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> Result) async throws -> Result {
  try await withLoop { loop in try await loop.submit { try await body(loop) } }
}

struct Overdue: Error {
  var waitingFor: String
}

/// Something that can be awaited, with a deadline. Confined to a loop.
final class Condition: @unchecked Sendable {
  private let loop: EventLoop
  private var waiters: [(isMet: () -> Bool, continuation: UnsafeContinuation<Bool, Never>, timer: LoopTimer)] = []

  init(_ loop: EventLoop) { self.loop = loop }

  /// Something has happened: those whose condition is met go on.
  func signal() {
    while let index = waiters.firstIndex(where: { $0.isMet() }) {
      let waiter = waiters.remove(at: index)
      waiter.timer.cancel()
      waiter.continuation.resume(returning: true)
    }
  }

  func wait(_ what: String, until isMet: @escaping () -> Bool) async throws {
    if isMet() { return }
    let isInTime = await withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
      var timer: LoopTimer?
      timer = loop.schedule(after: .seconds(20)) { [self] in
        waiters.removeAll { $0.timer === timer }
        continuation.resume(returning: false)
      }
      if let timer { waiters.append((isMet, continuation, timer)) }
    }
    if !isInTime { throw Overdue(waitingFor: what) }
  }
}

/// One end of a connection that remembers what it was told.
final class Peer: ConnectionHandler, @unchecked Sendable {
  let connection: Connection
  let condition: Condition
  private(set) var bytes: [UInt8] = []
  private(set) var receptions = 0
  private(set) var hasPeerFinished = false
  private(set) var drains = 0
  private(set) var reasons: [CloseReason] = []
  var isInCall = false
  var wasClosedWithinCall = false
  var whenReceived: ((Peer) -> Void)?
  var whenDrained: ((Peer) -> Void)?

  init(_ connection: Connection) {
    self.connection = connection
    condition = Condition(connection.loop)
  }

  func received(_ bytes: UnsafeRawBufferPointer) {
    isInCall = true
    self.bytes.append(contentsOf: bytes)
    receptions += 1
    whenReceived?(self)
    isInCall = false
    condition.signal()
  }

  func peerFinished() {
    hasPeerFinished = true
    condition.signal()
  }

  func drained() {
    drains += 1
    whenDrained?(self)
    condition.signal()
  }

  func closed(_ reason: CloseReason) {
    if isInCall { wasClosedWithinCall = true }
    reasons.append(reason)
    condition.signal()
  }

  func waitForBytes(_ count: Int) async throws {
    try await condition.wait("\(count) bytes") { [self] in bytes.count >= count }
  }

  func waitForEnd() async throws { try await condition.wait("the peer's end") { [self] in hasPeerFinished } }

  func waitForClose() async throws -> CloseReason {
    try await condition.wait("close") { [self] in !reasons.isEmpty }
    return reasons[0]
  }
}

/// Both ends of one connection, on one loop.
struct Pair {
  let client: Peer
  let server: Peer

  /// Over a Unix socket at `path`, or else over TCP.
  static func make(_ loop: EventLoop, path: String? = nil) async throws -> Pair {
    let condition = Condition(loop)
    var accepted: Peer?
    let address = path.map { SocketAddress(.unix($0)) } ?? .loopback(port: 0)
    let listener = try Listener(address, loop: loop) { connection in
      let peer = Peer(connection)
      connection.start(peer)
      accepted = peer
      condition.signal()
    }
    let client = Peer(try await Connection.connect(to: listener.address, loop: loop))
    client.connection.start(client)
    try await condition.wait("accept") { accepted != nil }
    listener.close()
    return Pair(client: client, server: try #require(accepted))
  }
}

/// `count` bytes that show a loss, a repetition or a change of order.
func pattern(_ count: Int) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count + 8) { out, initialized in
    let raw = UnsafeMutableRawBufferPointer(out)
    var offset = 0
    while offset < count {
      raw.storeBytes(of: UInt64(offset) &* 0x9e37_79b9_7f4a_7c15, toByteOffset: offset, as: UInt64.self)
      offset += 8
    }
    initialized = count
  }
}

/// A number that threads share.
final class Counter: Sendable {
  private let value = Atomic(0)
  func add() { value.add(1, ordering: .relaxed) }
  var count: Int { value.load(ordering: .relaxed) }
}
