import Networking

/// The deadlines of a server's connections, with one timer for all.
///
/// Each phase has its own constant timeout, so a list a phase is in order of deadline when a connection that enters the
/// phase goes to its end: a request costs a few pointers instead of a heap's sift, and an upgraded connection, which is
/// in no list, costs nothing.
final class ConnectionWatch {
  enum Phase: Int {
    /// Nothing of a next request is there.
    case idle
    case head, body
    /// An answer waits for the client to take it.
    case sending
    /// A request is being handled; that has no deadline here.
    case busy
  }

  private struct List {
    var timeout: UInt64
    unowned(unsafe) var first: HTTPServerConnection?
    unowned(unsafe) var last: HTTPServerConnection?
  }

  private let loop: EventLoop
  private let lists: UnsafeMutablePointer<List>
  private static let phases = 5
  private var timer: LoopTimer?
  /// The earliest time at which the timer is known to fire.
  private var armed = UInt64.max
  private(set) var count = 0

  init(loop: EventLoop, configuration: HTTPServerConfiguration) {
    self.loop = loop
    lists = .allocate(capacity: Self.phases)
    let timeouts = [
      configuration.idleTimeout, configuration.headTimeout, configuration.bodyTimeout, configuration.sendTimeout,
    ]
    for phase in 0..<Self.phases {
      let timeout = phase < timeouts.count ? timeouts[phase].nanoseconds : UInt64.max
      (lists + phase).initialize(to: List(timeout: timeout, first: nil, last: nil))
    }
  }

  deinit {
    timer?.cancel()
    lists.deinitialize(count: Self.phases)
    lists.deallocate()
  }

  var isEmpty: Bool { count == 0 }

  func add(_ connection: HTTPServerConnection, _ phase: Phase) {
    count += 1
    append(connection, phase)
  }

  /// Starts the phase's time anew.
  @inline(__always)
  func move(_ connection: HTTPServerConnection, to phase: Phase) {
    unlink(connection)
    append(connection, phase)
  }

  func remove(_ connection: HTTPServerConnection) {
    count -= 1
    unlink(connection)
  }

  /// Calls `body` with each connection; `body` may remove it.
  func forEach(_ body: (HTTPServerConnection) -> Void) {
    var all: [HTTPServerConnection] = []
    for phase in 0..<Self.phases {
      var next = lists[phase].first
      while let connection = next {
        all.append(connection)
        next = connection.watchNext
      }
    }
    for connection in all { body(connection) }
  }

  private func append(_ connection: HTTPServerConnection, _ phase: Phase) {
    let list = lists + phase.rawValue
    connection.watchPhase = phase
    connection.watchPrevious = list.pointee.last
    connection.watchNext = nil
    if let last = list.pointee.last { last.watchNext = connection } else { list.pointee.first = connection }
    list.pointee.last = connection
    guard phase != .busy else { return }
    connection.deadline = loop.now &+ list.pointee.timeout
    if connection.deadline < armed { arm(connection.deadline) }
  }

  private func unlink(_ connection: HTTPServerConnection) {
    let list = lists + connection.watchPhase.rawValue
    let previous = connection.watchPrevious
    let next = connection.watchNext
    if let previous { previous.watchNext = next } else { list.pointee.first = next }
    if let next { next.watchPrevious = previous } else { list.pointee.last = previous }
    connection.watchPrevious = nil
    connection.watchNext = nil
  }

  private func arm(_ time: UInt64) {
    armed = time
    if timer == nil { timer = loop.timer { [unowned self] in fire() } }
    timer?.arm(at: time)
  }

  private func fire() {
    armed = UInt64.max
    let now = loop.now
    for phase in 0..<Self.phases - 1 {
      while let connection = lists[phase].first, connection.deadline <= now { connection.deadlinePassed() }
    }
    var next = UInt64.max
    for phase in 0..<Self.phases - 1 {
      if let first = lists[phase].first { next = min(next, first.deadline) }
    }
    if next < armed { arm(next) }
  }
}
