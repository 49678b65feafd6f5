import CLinux
import Networking
import Primitives

/// 64 senders over HTTP, each with an idempotency key and one message outstanding, in 64 rooms of 10 members who are
/// all connected. What is counted is what was answered 201: each must reach each member once and in order, and be in
/// the store.
final class DurableScenario: @unchecked Sendable {
  private final class Sender: @unchecked Sendable {
    let room: Population.Room
    let head: String
    var connection: HTTPLoad?
    var next = 0
    var sentAt = [UInt64](repeating: 0, count: 1024)

    init(_ room: Population.Room) {
      self.room = room
      head =
        "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        + "Content-Type: application/json\r\nAuthorization: Bearer \(room.members[0].token)\r\n"
    }

    func send() {
      let body = "{\"conversationId\":\"\(room.id)\",\"body\":\"\(MessageNumber.body(next))\"}"
      sentAt[next & 1023] = clinux_monotonic_ns()
      next += 1
      connection?.send(
        Array("\(head)Idempotency-Key: \(UUID.v7())\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8))
    }
  }

  private let context: ScenarioContext
  private let rooms = 64
  private let size = 10
  private let window = Duration.seconds(4)
  private var answers = Histogram()
  private var deliveries = Histogram()
  private var isRunning = false
  private var underWay = 0
  private var answered = 0
  private var delivered = 0
  private var lastAnswer: UInt64 = 0
  private var finished: Completion

  init(_ context: ScenarioContext) {
    self.context = context
    finished = Completion("deliveries", context.loop)
  }

  func run() async throws {
    let loop = context.loop
    let population = try await Population.make(rooms: rooms, of: size, in: context.daemon, loop)
    let crowd = try await Crowd.gather(population.rooms, context.daemon.address, loop)
    let senders = population.rooms.map { Sender($0) }
    let byRoom = Dictionary(uniqueKeysWithValues: senders.map { ($0.room.id, $0) })
    for socket in crowd.sockets {
      guard let sender = byRoom[socket.conversation] else { continue }
      socket.onFailure = { [self] in finished.finish($0) }
      socket.onEvent = { [self] socket, event in received(socket, event, from: sender) }
    }
    for sender in senders {
      let connection = try await HTTPLoad.open(context.daemon.address, loop)
      connection.onFailure = { [self] in finished.finish($0) }
      connection.onAnswer = { [self] _, status, nanoseconds in answered(sender, status, nanoseconds) }
      sender.connection = connection
    }
    _ = try await load(senders, for: .seconds(2))
    try await context.beginMeasuring("durable")
    for _ in 0..<context.options.runs { try await measure(senders) }
    try await verify(crowd, senders)
    for sender in senders { sender.connection?.close() }
    crowd.close()
  }

  private func measure(_ senders: [Sender]) async throws {
    let (usage, messages, rate) = try await load(senders, for: window)
    let report = context.report
    report.add("durable", "CPU of chatd per message", Double(usage.daemon) / 1e3 / messages, .microseconds, aim: 25)
    report.add("durable", "CPU of PostgreSQL per message", Double(usage.postgres) / 1e3 / messages, .microseconds)
    report.add("durable", "CPU of Redis per message", Double(usage.redis) / 1e3 / messages, .microseconds)
    report.add("durable", "messages", rate, .perSecond)
    report.add("durable", "until 201", answers)
    report.add("durable", "until delivered", deliveries)
  }

  private func load(
    _ senders: [Sender], for duration: Duration
  ) async throws -> (usage: ProcessUsage, messages: Double, rate: Double) {
    answers.clear()
    deliveries.clear()
    answered = 0
    delivered = 0
    isRunning = true
    underWay = senders.count
    finished = Completion("every member has every message", context.loop)
    let start = clinux_monotonic_ns()
    let (usage, _) = try await context.measure {
      for sender in senders { sender.send() }
      context.loop.schedule(after: duration) { [self] in isRunning = false }
      try await finished.wait(within: duration + .seconds(20))
    }
    return (usage, Double(answered), Double(answered) / (Double(lastAnswer - start) / 1e9))
  }

  private func answered(_ sender: Sender, _ status: Int, _ nanoseconds: UInt64) {
    guard status == 201 else { return finished.finish(BenchFailure("a message was answered with \(status)")) }
    answers.record(nanoseconds)
    answered += 1
    if isRunning { return sender.send() }
    underWay -= 1
    if underWay == 0 { lastAnswer = clinux_monotonic_ns() }
    finishIfAllIsThere()
  }

  private func received(_ socket: LoadSocket, _ event: UnsafeRawBufferPointer, from sender: Sender) {
    guard let number = MessageNumber.find(in: event), number == socket.expected else {
      return finished.finish(
        BenchFailure("expected message \(socket.expected), got \(String(decoding: event, as: UTF8.self))"))
    }
    socket.expected += 1
    deliveries.record(clinux_monotonic_ns() - sender.sentAt[number & 1023])
    delivered += 1
    finishIfAllIsThere()
  }

  private func finishIfAllIsThere() {
    if underWay == 0, delivered == answered * size { finished.finish() }
  }

  /// Order and repetition were checked as they came; this is what is missing, and what nobody was answered for.
  private func verify(_ crowd: Crowd, _ senders: [Sender]) async throws {
    let sent = Dictionary(uniqueKeysWithValues: senders.map { ($0.room.id, $0.next) })
    for socket in crowd.sockets where socket.expected != sent[socket.conversation] {
      throw BenchFailure("a member has \(socket.expected) of \(sent[socket.conversation] ?? 0) messages")
    }
    let total = Int64(senders.reduce(0) { $0 + $1.next })
    let stored = try await Population.storedMessages(in: context.daemon, context.loop)
    guard stored.rows == total, stored.counted == total else {
      throw BenchFailure("\(total) messages were answered 201, \(stored.rows) are stored, \(stored.counted) counted")
    }
    Report.note(
      "Bench: durable: \(total) messages were sent; each is stored once and reached 10 members once, in order")
  }
}
