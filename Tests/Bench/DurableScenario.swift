import CLinux
import Load
import Networking
import Primitives

/// 64 senders over HTTP, each with an idempotency key and one message outstanding, in rooms of 10 members who are all
/// connected.
///
/// Three times. `nobody connected` is the message alone: the exchange, the store, the bus and back, and no delivery. In
/// `busy rooms` the 64 are all but six members of seven rooms: a batch has several messages for a room, and a socket gets
/// them with one system call. In `quiet rooms` every sender has a room of its own: each message costs ten system calls.
///
/// What is answered 201 must reach each member who is connected once and in the order of its seq, the same message under
/// a seq for all, and be in the store.
final class DurableScenario: @unchecked Sendable {
  private final class Room: @unchecked Sendable {
    let people: People.Room
    /// The messages' numbers by seq, from seq 1 on, as the first member gets them.
    var numbers: [Int] = []
    var sent = 0

    init(_ people: People.Room) { self.people = people }
  }

  private final class Sender: @unchecked Sendable {
    let room: Room
    let head: String
    var connection: HTTPLoad?

    init(_ person: Population.Person, in room: Room) {
      self.room = room
      head =
        "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n"
        + "Content-Type: application/json\r\nAuthorization: Bearer \(person.token)\r\n"
    }

    func send(_ number: Int) {
      let body = "{\"conversationId\":\"\(room.people.id)\",\"body\":\"\(MessageNumber.body(number))\"}"
      room.sent += 1
      connection?.send(
        Array("\(head)Idempotency-Key: \(UUID.v7())\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8))
    }
  }

  private let context: ScenarioContext
  private let size = 10
  /// Members of a room who are connected.
  private var receivers = 0
  private let window = Duration.seconds(4)
  private var answers = LatencyHistogram()
  private var deliveries = LatencyHistogram()
  /// When a message was sent, and whether a member has had it, by its number.
  private var sentAt: [UInt64] = []
  private var isKnown: [Bool] = []
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
    try await run("durable, nobody connected", rooms: 7, talkers: size, isConnected: false)
    try await run("durable, busy rooms", rooms: 7, talkers: size)
    try await run("durable, quiet rooms", rooms: 64, talkers: 1)
  }

  private func run(_ name: String, rooms: Int, talkers: Int, isConnected: Bool = true) async throws {
    let loop = context.loop
    receivers = isConnected ? size : 0
    let population = try await People.make(rooms: rooms, of: size, in: context.daemon, loop)
    let crowd = try await Crowd.gather(isConnected ? population.rooms : [], context.daemon.address, loop)
    let rooms = population.rooms.map { Room($0) }
    let byId = Dictionary(uniqueKeysWithValues: rooms.map { ($0.people.id, $0) })
    for socket in crowd.sockets {
      guard let room = byId[socket.conversation] else { continue }
      socket.expected = 1
      socket.onFailure = { [self] in finished.finish($0) }
      socket.onEvent = { [self] socket, event in received(socket, event, in: room) }
    }
    let senders = rooms.flatMap { room in room.people.members.prefix(talkers).map { Sender($0, in: room) } }.prefix(64)
    for sender in senders {
      let connection = try await HTTPLoad.open(context.daemon.address, loop)
      connection.onFailure = { [self] in finished.finish($0) }
      connection.onAnswer = { [self] _, status, nanoseconds in answered(sender, status, nanoseconds) }
      sender.connection = connection
    }
    let storedBefore = try await People.storedMessages(in: context.daemon, loop).rows
    let sentBefore = sentAt.count
    _ = try await load(senders, for: .seconds(2))
    try await context.beginMeasuring(name)
    for _ in 0..<context.options.runs { try await measure(name, senders) }
    try verify(crowd, byId)
    let stored = try await People.storedMessages(in: context.daemon, loop)
    let sent = sentAt.count - sentBefore
    guard stored.rows - storedBefore == Int64(sent), stored.counted == stored.rows else {
      throw LoadFailure("\(sent) messages were answered 201, \(stored.rows - storedBefore) are stored")
    }
    let delivery = isConnected ? " and delivered once, in order, to \(size) members" : ""
    Report.note("Bench: \(name): \(sent) messages, each stored once\(delivery)")
    for sender in senders { sender.connection?.close() }
    crowd.close()
    try await context.untilQuiet()
  }

  private func measure(_ name: String, _ senders: some Sequence<Sender>) async throws {
    let (usage, messages, rate) = try await load(senders, for: window)
    let report = context.report
    report.add(name, "CPU of chatd per message", Double(usage.daemon) / 1e3 / messages, .microseconds, aim: 25)
    report.add(name, "CPU of PostgreSQL per message", Double(usage.postgres) / 1e3 / messages, .microseconds)
    report.add(name, "CPU of Redis per message", Double(usage.redis) / 1e3 / messages, .microseconds)
    report.add(name, "messages", rate, .perSecond)
    report.add(name, "until 201", answers)
    if receivers > 0 { report.add(name, "until delivered", deliveries) }
  }

  private func load(
    _ senders: some Sequence<Sender>, for duration: Duration
  ) async throws -> (usage: ProcessUsage, messages: Double, rate: Double) {
    answers.clear()
    deliveries.clear()
    answered = 0
    delivered = 0
    isRunning = true
    underWay = 0
    finished = Completion("every member has every message", context.loop)
    let start = clinux_monotonic_ns()
    let (usage, _) = try await context.measure {
      for sender in senders {
        underWay += 1
        send(sender)
      }
      context.loop.schedule(after: duration) { [self] in isRunning = false }
      try await finished.wait(within: duration + .seconds(20))
    }
    return (usage, Double(answered), Double(answered) / (Double(lastAnswer - start) / 1e9))
  }

  private static let presence = Array("[\"presence\"".utf8)

  private func send(_ sender: Sender) {
    sentAt.append(clinux_monotonic_ns())
    isKnown.append(false)
    sender.send(sentAt.count - 1)
  }

  private func answered(_ sender: Sender, _ status: Int, _ nanoseconds: UInt64) {
    guard status == 201 else { return finished.finish(LoadFailure("a message was answered with \(status)")) }
    answers.record(nanoseconds)
    answered += 1
    if isRunning { return send(sender) }
    underWay -= 1
    if underWay == 0 { lastAnswer = clinux_monotonic_ns() }
    finishIfAllIsThere()
  }

  private func received(_ socket: LoadSocket, _ event: UnsafeRawBufferPointer, in room: Room) {
    // Who came and went is told in rooms as well.
    if event.starts(with: Self.presence) { return }
    guard let number = MessageNumber.find(in: event), MessageNumber.seq(in: event) == socket.expected,
      isRight(number, socket.expected, room)
    else {
      return finished.finish(
        LoadFailure("expected seq \(socket.expected), got \(String(decoding: event, as: UTF8.self))"))
    }
    socket.expected += 1
    deliveries.record(clinux_monotonic_ns() - sentAt[number])
    delivered += 1
    finishIfAllIsThere()
  }

  /// The first member to get a seq says which message it is; no message has two.
  private func isRight(_ number: Int, _ seq: Int, _ room: Room) -> Bool {
    if seq <= room.numbers.count { return room.numbers[seq - 1] == number }
    guard number < isKnown.count, !isKnown[number] else { return false }
    isKnown[number] = true
    room.numbers.append(number)
    return true
  }

  private func finishIfAllIsThere() {
    if underWay == 0, delivered == answered * receivers { finished.finish() }
  }

  /// Order and repetition were checked as they came; this is what is missing.
  private func verify(_ crowd: Crowd, _ rooms: [UUID: Room]) throws {
    for socket in crowd.sockets {
      let sent = rooms[socket.conversation]?.sent ?? 0
      guard socket.expected == sent + 1 else {
        throw LoadFailure("a member has \(socket.expected - 1) of \(sent) messages")
      }
    }
  }
}
