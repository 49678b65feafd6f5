package import Networking

/// Receives published messages, on a connection of its own. On its loop only.
///
/// What is subscribed to is a wish that outlives connections: after a loss everything is subscribed to again, and then
/// `onResubscribed` says that messages may have been missed in between.
package final class RedisSubscriber: RedisLinkOwner, @unchecked Sendable {
  package let loop: EventLoop
  package let configuration: RedisConfiguration

  /// A message of a channel; the bytes are valid during the call only. A message that was under way when its channel
  /// was unsubscribed from still comes.
  package var onMessage: (_ channel: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) -> Void {
    get { sink.message }
    set { sink.message = newValue }
  }
  /// A message of a channel that a pattern matches.
  package var onPatternMessage:
    (_ pattern: UnsafeRawBufferPointer, _ channel: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) -> Void
  {
    get { sink.patternMessage }
    set { sink.patternMessage = newValue }
  }
  /// A lost connection has been replaced and the server has confirmed every subscription again.
  package var onResubscribed: ((_ server: RedisServer) -> Void)?
  /// The connection is lost: from now until `onResubscribed` messages are missed.
  package var onLost: ((RedisError) -> Void)?

  private let link: RedisLink
  private let sink = PushSink()
  private var reader: ReplyReader
  private let encoder = CommandEncoder()
  private var table = SubscriptionTable()
  private var generation = 0
  private var isClosed = false
  private var lastFailure: RedisError?
  private var lastReceived: UInt64 = 0
  private var server: RedisServer?
  private lazy var waitTimer = loop.timer { [unowned self] in expireWaits() }
  private lazy var keepAliveTimer = loop.timer { [unowned self] in checkLife() }

  private static let resubscribedMark = "r"

  package init(_ configuration: RedisConfiguration, loop: EventLoop) {
    self.loop = loop
    self.configuration = configuration
    reader = ReplyReader(sink: sink, limit: configuration.replyLimit)
    link = RedisLink(configuration, loop)
    link.owner = self
    sink.changed = { [unowned self] in changed($0, $1) }
    sink.pong = { [unowned self] in answered($0) }
    sink.refused = { [unowned self] in refused($0) }
  }

  /// Begins to connect; a subscription does so too.
  package func start() { link.start() }

  package var isConnected: Bool { link.isReady }

  /// How many channels and patterns are wanted.
  package var count: Int { table.wantedCount }

  package func close() {
    loop.assertCurrent()
    guard !isClosed else { return }
    isClosed = true
    link.close()
    waitTimer.cancel()
    keepAliveTimer.cancel()
    sink.message = { _, _ in }
    sink.patternMessage = { _, _, _ in }
    table.failWaits(RedisError(.closed, .unknown, "the subscriber was closed"))
  }

  // MARK: Subscribing

  /// Subscribes, and returns when the server has confirmed: what is published from then on is received.
  /// Throws when that takes longer than `commandTimeout`; the wish stays all the same, until `unsubscribe`.
  package nonisolated(nonsending) func subscribe(_ channels: [String]) async throws(RedisError) {
    try await want(channels, isPattern: false)
  }

  package nonisolated(nonsending) func subscribe(_ channel: String) async throws(RedisError) {
    try await want([channel], isPattern: false)
  }

  /// Subscribes to all channels that match a glob-style pattern.
  package nonisolated(nonsending) func psubscribe(_ pattern: String) async throws(RedisError) {
    try await want([pattern], isPattern: true)
  }

  /// Wishes for channels without waiting for the confirmation.
  package func request(_ channels: [String]) {
    guard !isClosed else { return }
    want(channels.map { .init(text: $0, isPattern: false) }, nil)
  }

  package func unsubscribe(_ channels: [String]) { drop(channels, isPattern: false) }

  package func unsubscribe(_ channel: String) { drop([channel], isPattern: false) }

  package func punsubscribe(_ pattern: String) { drop([pattern], isPattern: true) }

  private nonisolated(nonsending) func want(_ texts: [String], isPattern: Bool) async throws(RedisError) {
    loop.assertCurrent()
    guard !isClosed else { throw RedisError(.closed, .notSent, "the subscriber is closed") }
    guard table.wantedCount + texts.count <= configuration.queueLimit else {
      throw RedisError(.overloaded, .notSent, "\(table.wantedCount) subscriptions are the limit")
    }
    // Each name once, or the wait would count it twice.
    let names = Set(texts).map { SubscriptionTable.Name(text: $0, isPattern: isPattern) }
    guard !names.isEmpty else { return }
    let result = await withUnsafeContinuation { continuation in
      let deadline = loop.now &+ configuration.commandTimeout.nanoseconds
      want(names, SubscriptionWait(count: names.count, deadline: deadline, continuation))
      if !waitTimer.isArmed { waitTimer.arm(at: deadline) }
    }
    try result.get()
  }

  private func want(_ names: [SubscriptionTable.Name], _ wait: SubscriptionWait?) {
    link.start()
    send(names.filter { table.want($0, wait, isConnected: link.isReady) }, "SUBSCRIBE", "PSUBSCRIBE")
  }

  private func drop(_ texts: [String], isPattern: Bool) {
    loop.assertCurrent()
    let names = texts.map { SubscriptionTable.Name(text: $0, isPattern: isPattern) }
    send(names.filter { table.drop($0, isConnected: link.isReady) }, "UNSUBSCRIBE", "PUNSUBSCRIBE")
  }

  private func send(_ names: [SubscriptionTable.Name], _ command: StaticString, _ patternCommand: StaticString) {
    for (isPattern, command) in [(false, command), (true, patternCommand)] {
      let texts = names.filter { $0.isPattern == isPattern }.map(\.text)
      // In portions, so that no single command keeps the server busy for long.
      for start in stride(from: 0, to: texts.count, by: 1024) {
        encoder.command(command, RedisArguments(Array(texts[start..<min(start + 1024, texts.count)])))
      }
    }
    flush()
  }

  private func flush() {
    if encoder.count > 0 { link.connection?.write(encoder.bytes) }
    encoder.clear()
  }

  // MARK: What the server says

  private func changed(_ kind: PushSink.Kind, _ name: UnsafeRawBufferPointer) {
    let isPattern = kind == .patternSubscribed || kind == .patternUnsubscribed
    table.answered(SubscriptionTable.Name(text: String(decoding: name, as: UTF8.self), isPattern: isPattern))
  }

  private func answered(_ mark: UnsafeRawBufferPointer) {
    if mark.elementsEqual(Self.resubscribedMark.utf8), let server { onResubscribed?(server) }
  }

  private func refused(_ error: RedisError) {
    table.failWaits(error)
    link.drop(error)
  }

  private func expireWaits() {
    let why = lastFailure?.message ?? "\(configuration.address) did not confirm the subscription in time"
    let error = RedisError(link.isReady ? .timedOut : .notConnected, .unknown, why)
    if let next = table.expireWaits(loop.now, error) { waitTimer.arm(at: next) }
  }

  private func checkLife() {
    guard link.isReady else { return }
    let silence = loop.now &- lastReceived
    if silence > 2 &* configuration.keepAlive.nanoseconds {
      return link.drop(RedisError(.connectionLost, .unknown, "\(configuration.address) does not answer any more"))
    }
    encoder.command("PING", "")
    flush()
    keepAliveTimer.arm(after: configuration.keepAlive)
  }

  // MARK: RedisLinkOwner

  func linkIsReady(_ server: RedisServer) {
    sink.reset()
    reader = ReplyReader(sink: sink, limit: configuration.replyLimit)
    self.server = server
    lastFailure = nil
    lastReceived = loop.now
    keepAliveTimer.arm(after: configuration.keepAlive)
    generation += 1
    table.resubscribing()
    send(table.wanted, "SUBSCRIBE", "PSUBSCRIBE")
    if generation > 1 {
      // Its answer comes after those of the subscriptions.
      encoder.command("PING", Self.resubscribedMark)
      flush()
    }
  }

  func linkReceived(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
    lastReceived = loop.now
    try reader.feed(bytes)
  }

  func linkIsLost(_ error: RedisError) {
    table.connectionLost()
    onLost?(error)
  }

  func linkFailed(_ error: RedisError) {
    lastFailure = error
    if [.notAuthenticated, .notPermitted, .untrusted].contains(error.code) { table.failWaits(error) }
  }
}
