// Redis: one connection to a server, shared by everything on a loop.
//
// Pattern. Commands are encoded into the connection's output as they are called and go out with the tick's single
// write; replies come in the order of the commands, so a queue of who waits is all the state there is. Any number of
// commands is on its way at a time: nobody has to ask for pipelining. hiredis's reader parses, and tells what it reads
// to a sink (`ReplyReader`), so that no tree of C objects is built in between. `RedisSubscriber` has a connection of its
// own, for the server answers differently there; so should whoever blocks (XREADGROUP).
//
// Concurrency. Everything is confined to one loop. `send` suspends its caller and resumes it on that loop.
//
// Lifecycle. The first command (or `start`) connects; a lost connection is made again, with pauses that grow, until
// `close()`. Commands that were sent when it was lost fail with `connectionLost` and an unknown outcome: they are never
// sent twice. Commands called meanwhile wait for the next connection, at most `commandTimeout`.
//
// Invariants. `waiting` holds exactly the commands that the server owes a reply, in order. A command whose time is up
// keeps its place there, to swallow its reply. `held` is empty while the connection is ready.

package import Networking

/// A client of one Redis server, on one loop.
package final class RedisClient: RedisLinkOwner, @unchecked Sendable {
  /// Who waits for a reply.
  enum Receiver {
    case caller(UnsafeContinuation<Result<RedisValue, RedisError>, Never>)
    case batch(ReplyBatch)
    /// Nobody, or nobody any more.
    case none
  }

  private struct Waiting {
    var receiver: Receiver
    var deadline: UInt64
  }

  /// A command that waits for a connection.
  private struct Held {
    var bytes: [UInt8]
    var receivers: [Receiver]
    var deadline: UInt64
  }

  package let loop: EventLoop
  package let configuration: RedisConfiguration
  /// Called after each connect, before any command that has waited is sent: the server, and how often a connection has
  /// been made, from 1. A `runID` other than the last says that the server has been restarted, perhaps empty.
  package var onConnect: ((_ server: RedisServer, _ generation: Int) -> Void)?
  /// The server that is, or was last, connected to.
  package private(set) var server: RedisServer?
  /// How often a connection has been made.
  package private(set) var generation = 0

  private let link: RedisLink
  private let encoder = CommandEncoder()
  private let builder = ReplyBuilder()
  private var reader: ReplyReader
  @exclusivity(unchecked) private var waiting = RingBuffer<Waiting>()
  private var held: [Held] = []
  private var heldCount = 0
  private var heldBytes = 0
  private let commandTimeout: UInt64
  private var lastFailure: RedisError?
  private var isClosed = false
  private lazy var timer = loop.timer { [unowned self] in expire() }

  package init(_ configuration: RedisConfiguration, loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    commandTimeout = configuration.commandTimeout.nanoseconds
    reader = ReplyReader(sink: builder, limit: configuration.replyLimit)
    link = RedisLink(configuration, loop)
    link.owner = self
    builder.completed = { [unowned(unsafe) self] in answered($0) }
  }

  /// Begins to connect; a command does so too.
  package func start() { link.start() }

  package var isConnected: Bool { link.isReady }

  /// Commands that are on their way or wait for a connection.
  package var queueCount: Int { waiting.count + heldCount }

  /// Closes the connection. Commands on their way fail with `closed`.
  package func close() {
    loop.assertCurrent()
    guard !isClosed else { return }
    isClosed = true
    link.close()
    timer.cancel()
    failWaiting(RedisError(.closed, .unknown, "the client was closed"))
    failHeld(RedisError(.closed, .notSent, "the client was closed"))
  }

  // MARK: Commands

  // Only functions that do not suspend touch a parameter pack more than to pass it on: this compiler frees what it
  // allocates for packs in the wrong order around a suspension.

  /// Sends a command and waits for its reply. An error reply is thrown.
  package nonisolated(nonsending) func send<each Argument: RedisArgument>(
    _ name: StaticString, _ argument: repeat each Argument
  ) async throws(RedisError) -> RedisValue {
    try encode(name, repeat each argument)
    return try await submitted(.zero)
  }

  /// As `send`, for a command that blocks on the server: it may take `patience` longer than others.
  package nonisolated(nonsending) func send<each Argument: RedisArgument>(
    patience: Duration, _ name: StaticString, _ argument: repeat each Argument
  ) async throws(RedisError) -> RedisValue {
    try encode(name, repeat each argument)
    return try await submitted(patience)
  }

  private func encode<each Argument: RedisArgument>(
    _ name: StaticString, _ argument: repeat each Argument
  ) throws(RedisError) {
    try admit(1)
    encoder.command(name, repeat each argument)
  }

  /// Sends what the encoder holds and waits for the reply.
  private nonisolated(nonsending) func submitted(_ patience: Duration) async throws(RedisError) -> RedisValue {
    let result = await withUnsafeContinuation { continuation in submit(.caller(continuation), patience) }
    return try result.get().get()
  }

  /// Sends a command that is made already.
  package nonisolated(nonsending) func send(_ command: RedisCommand) async throws(RedisError) -> RedisValue {
    try admit(1)
    command.encoded.withUnsafeBytes { encoder.append($0) }
    return try await submitted(.zero)
  }

  /// Sends a command whose reply nobody waits for.
  /// - Returns: false when the queue is full, and it was not sent. An error reply is dropped.
  @discardableResult
  package func post<each Argument: RedisArgument>(_ name: StaticString, _ argument: repeat each Argument) -> Bool {
    guard (try? admit(1)) != nil else { return false }
    encoder.command(name, repeat each argument)
    submit(.none, .zero)
    return true
  }

  /// Sends commands in one go and waits for all replies; errors are among them.
  package nonisolated(nonsending) func pipeline(
    _ commands: [RedisCommand]
  ) async throws(RedisError) -> [RedisValue] {
    try await pipeline(count: commands.count) { encoder, index in
      commands[index].encoded.withUnsafeBytes { encoder.append($0) }
    }
  }

  /// Sends `count` commands in one go and waits for all replies; errors are among them. `encode` writes the command at
  /// an index, exactly one (`CommandEncoder.command`): nothing is made of it in between.
  package nonisolated(nonsending) func pipeline(
    count: Int, _ encode: (_ encoder: CommandEncoder, _ index: Int) -> Void
  ) async throws(RedisError) -> [RedisValue] {
    guard count > 0 else { return [] }
    try admit(count)
    for index in 0..<count { encode(encoder, index) }
    let result = await withUnsafeContinuation { continuation in
      let batch = ReplyBatch(count: count, continuation)
      submit(Array(repeating: .batch(batch), count: count), .zero)
    }
    return try result.get()
  }

  /// Sends commands as one transaction (MULTI, EXEC): all are executed, without another client's in between, or none.
  package nonisolated(nonsending) func transaction(
    _ commands: [RedisCommand]
  ) async throws(RedisError) -> [RedisValue] {
    let replies = try await pipeline([RedisCommand("MULTI")] + commands + [RedisCommand("EXEC")])
    guard let last = replies.last, let values = try last.get().array else { throw .unexpected("EXEC") }
    return values
  }

  /// Whether the server answers.
  package nonisolated(nonsending) func ping() async throws(RedisError) { _ = try await send("PING") }

  private func admit(_ count: Int) throws(RedisError) {
    loop.assertCurrent()
    guard !isClosed else { throw RedisError(.closed, .notSent, "the client is closed") }
    guard queueCount + count <= configuration.queueLimit,
      (link.connection?.outboundCount ?? 0) + heldBytes <= configuration.outboundLimit
    else {
      throw RedisError(
        .overloaded, .notSent, "\(queueCount) commands are waiting for \(configuration.address): the queue is full")
    }
  }

  /// Sends what the encoder holds, one command.
  private func submit(_ receiver: Receiver, _ patience: Duration) {
    guard link.isReady else { return submit([receiver], patience) }
    link.connection?.write(encoder.bytes)
    encoder.clear()
    expect(receiver, deadline(patience))
  }

  /// Sends what the encoder holds, as many commands as there are receivers.
  private func submit(_ receivers: [Receiver], _ patience: Duration) {
    let deadline = deadline(patience)
    if link.isReady {
      link.connection?.write(encoder.bytes)
      for receiver in receivers { expect(receiver, deadline) }
    } else {
      held.append(Held(bytes: Array(encoder.bytes), receivers: receivers, deadline: deadline))
      heldCount += receivers.count
      heldBytes += encoder.count
      if !timer.isArmed { timer.arm(at: deadline) }
      link.start()
    }
    encoder.clear()
  }

  private func deadline(_ patience: Duration) -> UInt64 {
    loop.now &+ commandTimeout &+ (patience == .zero ? 0 : patience.nanoseconds)
  }

  private func expect(_ receiver: Receiver, _ deadline: UInt64) {
    waiting.append(Waiting(receiver: receiver, deadline: deadline))
    if !timer.isArmed { timer.arm(at: deadline) }
  }

  // MARK: Replies

  private func answered(_ value: RedisValue) {
    guard let first = waiting.popFirst() else {
      return link.drop(RedisError(.malformedReply, .unknown, "a reply came that nobody had asked for"))
    }
    switch first.receiver {
    case .caller(let continuation): continuation.resume(returning: .success(value))
    case .batch(let batch): batch.add(value)
    case .none: break
    }
  }

  private func resume(_ receiver: Receiver, _ error: RedisError) {
    switch receiver {
    case .caller(let continuation): continuation.resume(returning: .failure(error))
    case .batch(let batch): batch.fail(error)
    case .none: break
    }
  }

  /// The deadlines of a queue are nearly in its order, so that one timer for the first is enough. A place whose reply is
  /// long overdue says that the connection is dead.
  private func expire() {
    let now = loop.now
    var index = 0
    var next = UInt64.max
    while index < waiting.count {
      let entry = waiting[index]
      if entry.deadline > now {
        next = entry.deadline
        break
      }
      if case .none = entry.receiver {
        if now &- entry.deadline >= 2 &* commandTimeout {
          return link.drop(RedisError(.connectionLost, .unknown, "\(configuration.address) does not answer any more"))
        }
        next = min(next, entry.deadline &+ 2 &* commandTimeout)
      } else {
        waiting[index].receiver = .none
        resume(entry.receiver, RedisError(.timedOut, .unknown, "\(configuration.address) did not answer in time"))
        next = min(next, entry.deadline &+ 2 &* commandTimeout)
      }
      index += 1
    }
    next = min(next, expireHeld(now))
    if next != .max { timer.arm(at: max(next, now + 1_000_000)) }
  }

  /// Fails those who have waited for a connection too long, and returns the next deadline.
  private func expireHeld(_ now: UInt64) -> UInt64 {
    let expired = held.prefix { $0.deadline <= now }
    guard !expired.isEmpty else { return held.first?.deadline ?? .max }
    let error = RedisError(
      .notConnected, .notSent, lastFailure?.message ?? "no connection to \(configuration.address)")
    held.removeFirst(expired.count)
    for entry in expired {
      heldCount -= entry.receivers.count
      heldBytes -= entry.bytes.count
      for receiver in entry.receivers { resume(receiver, error) }
    }
    return held.first?.deadline ?? .max
  }

  private func failWaiting(_ error: RedisError) {
    while let entry = waiting.popFirst() { resume(entry.receiver, error) }
  }

  private func failHeld(_ error: RedisError) {
    let all = held
    held = []
    heldCount = 0
    heldBytes = 0
    for entry in all { for receiver in entry.receivers { resume(receiver, error) } }
  }

  // MARK: RedisLinkOwner

  func linkIsReady(_ server: RedisServer) {
    builder.reset()
    reader = ReplyReader(sink: builder, limit: configuration.replyLimit)
    self.server = server
    lastFailure = nil
    generation += 1
    onConnect?(server, generation)
    let all = held
    held = []
    heldCount = 0
    heldBytes = 0
    for entry in all {
      link.connection?.write(entry.bytes)
      for receiver in entry.receivers { expect(receiver, entry.deadline) }
    }
  }

  func linkReceived(_ bytes: UnsafeRawBufferPointer) throws(RedisError) { try reader.feed(bytes) }

  func linkIsLost(_ error: RedisError) { failWaiting(error) }

  func linkFailed(_ error: RedisError) {
    lastFailure = error
    // Waiting will not help against a wrong password; nobody should wait for it.
    if [.notAuthenticated, .notPermitted, .untrusted].contains(error.code) { failHeld(error) }
  }
}
