import CLinux
import Load
import Networking

/// One room of 1,000 sockets. A message is said to the room, and the next one when all have it; with 8 outstanding,
/// eight are on their way at any time.
///
/// Twice: said by a program that is not ours through Redis, which is the fan-out alone; and sent by one of the sockets
/// as `message:send`, which is stored, passes the bus and is fanned out.
final class FanoutScenario: @unchecked Sendable {
  private let context: ScenarioContext
  private let size = 1000
  /// What is on its way, by the message's number modulo the size of these.
  private var sentAt = [UInt64](repeating: 0, count: 64)
  private var missing = [Int](repeating: 0, count: 64)
  private var latencies = LatencyHistogram()
  private var wanted = 0
  private var next = 0
  private var completed = 0
  private var publish: (Int) -> Void = { _ in }
  private var finished: Completion

  init(_ context: ScenarioContext) {
    self.context = context
    finished = Completion("deliveries", context.loop)
  }

  func run() async throws {
    let loop = context.loop
    let population = try await People.make(rooms: 1, of: size, in: context.daemon, loop)
    let room = population.rooms[0].id
    let crowd = try await Crowd.gather(population.rooms, context.daemon.address, loop)
    for socket in crowd.sockets {
      socket.onFailure = { [self] in finished.finish($0) }
      socket.onEvent = { [self] socket, event in received(socket, event) }
    }
    let emitter = try await RedisPublisher.open(context.daemon.redis, room: room, loop)
    emitter.onFailure = { [self] in finished.finish($0) }
    let sender = crowd.sockets[0]

    publish = { emitter.publish($0) }
    _ = try await say(300, outstanding: 8)
    try await context.beginMeasuring("fanout")
    try await measure("fanout", "said through Redis", outstanding: 1, 1000, aim: 4.5)
    try await measure("fanout", "said through Redis", outstanding: 8, 6000, aim: 0.7)

    publish = { number in
      sender.send(
        event: "[\"message:send\",{\"conversationId\":\"\(room)\",\"body\":\"\(MessageNumber.body(number))\"}]")
    }
    _ = try await say(300, outstanding: 8)
    try await measure("fanout of message:send", "stored first", outstanding: 1, 500)
    try await measure("fanout of message:send", "stored first", outstanding: 8, 3000)
    emitter.close()
    crowd.close()
  }

  private func measure(
    _ scenario: String, _ how: String, outstanding: Int, _ messages: Int, aim: Double? = nil
  ) async throws {
    for _ in 0..<context.options.runs {
      let (usage, seconds) = try await say(messages, outstanding: outstanding)
      let deliveries = Double(messages * size)
      let name = "\(how), \(outstanding) outstanding"
      context.report.add(
        scenario, "\(name): CPU of chatd per delivery", Double(usage.daemon) / 1e3 / deliveries, .microseconds, aim: aim
      )
      context.report.add(scenario, "\(name): deliveries", deliveries / seconds, .perSecond)
      context.report.add(scenario, "\(name): latency", latencies)
    }
  }

  private func say(_ count: Int, outstanding: Int) async throws -> (usage: ProcessUsage, seconds: Double) {
    latencies.clear()
    wanted = next + count
    finished = Completion("\(count) messages to \(size) sockets", context.loop)
    return try await context.measure {
      for _ in 0..<outstanding { sayNext() }
      try await finished.wait(within: .seconds(120))
    }
  }

  private func sayNext() {
    guard next < wanted else { return }
    missing[next & 63] = size
    sentAt[next & 63] = clinux_monotonic_ns()
    publish(next)
    next += 1
  }

  private func received(_ socket: LoadSocket, _ event: UnsafeRawBufferPointer) {
    guard let number = MessageNumber.find(in: event), number == socket.expected else {
      return finished.finish(
        LoadFailure("expected message \(socket.expected), got \(String(decoding: event, as: UTF8.self))"))
    }
    socket.expected += 1
    latencies.record(clinux_monotonic_ns() - sentAt[number & 63])
    missing[number & 63] -= 1
    guard missing[number & 63] == 0 else { return }
    completed += 1
    if completed == wanted { finished.finish() } else { sayNext() }
  }
}
