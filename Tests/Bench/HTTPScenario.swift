import CLinux
import Load
import Networking

/// Keep-alive requests on 64 connections, one outstanding on each: a route without I/O, then one that checks a token
/// and reads a row; then what the same loop pays for a constant answer.
final class HTTPScenario: @unchecked Sendable {
  private let context: ScenarioContext
  private let window = Duration.seconds(3)
  private var latencies = LatencyHistogram()
  private var isRunning = false
  private var underWay = 0
  private var idle: Completion

  init(_ context: ScenarioContext) {
    self.context = context
    idle = Completion("the last answers", context.loop)
  }

  func run() async throws {
    let loop = context.loop
    let population = try await People.make(rooms: 1, of: 2, in: context.daemon, loop)
    let token = population.rooms[0].members[0].token
    var connections: [HTTPLoad] = []
    for _ in 0..<64 { connections.append(try await HTTPLoad.open(context.daemon.address, loop)) }
    let bare = Self.request("/livez")
    let read = Self.request("/api/users/me", "Authorization: Bearer \(token)\r\n")
    _ = try await load(connections, bare, for: .seconds(1))
    _ = try await load(connections, read, for: .seconds(1))
    try await context.beginMeasuring("http")
    for _ in 0..<context.options.runs {
      let (usage, rate) = try await load(connections, bare, for: window)
      context.report.add("http", "GET /livez, CPU of chatd", usage.daemon, .microseconds, aim: 6)
      context.report.add("http", "GET /livez, rate", rate, .perSecond)
      context.report.add("http", "GET /livez", latencies)
    }
    for _ in 0..<context.options.runs {
      let (usage, rate) = try await load(connections, read, for: window)
      context.report.add("http read", "GET /api/users/me, CPU of chatd", usage.daemon, .microseconds)
      context.report.add("http read", "GET /api/users/me, CPU of PostgreSQL", usage.postgres, .microseconds)
      context.report.add("http read", "GET /api/users/me, rate", rate, .perSecond)
      context.report.add("http read", "GET /api/users/me", latencies)
    }
    for connection in connections { connection.close() }
    try await measureFloor(bare)
  }

  private func measureFloor(_ request: [UInt8]) async throws {
    let floor = try await Daemon.start(context.options, context.loop, isFloor: true)
    do {
      var connections: [HTTPLoad] = []
      for _ in 0..<64 { connections.append(try await HTTPLoad.open(floor.address, context.loop)) }
      _ = try await load(connections, request, for: .seconds(1), on: floor)
      for _ in 0..<context.options.runs {
        let (usage, rate) = try await load(connections, request, for: window, on: floor)
        context.report.add("floor", "a constant answer, CPU", usage.daemon, .microseconds)
        context.report.add("floor", "a constant answer, rate", rate, .perSecond)
      }
      for connection in connections { connection.close() }
    } catch {
      await floor.stop()
      throw error
    }
    await floor.stop()
  }

  private static func request(_ path: String, _ fields: String = "") -> [UInt8] {
    Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\(fields)\r\n".utf8)
  }

  /// Microseconds of CPU a request, and requests a second.
  private func load(
    _ connections: [HTTPLoad], _ request: [UInt8], for duration: Duration, on daemon: Daemon? = nil
  ) async throws -> (usage: (daemon: Double, postgres: Double), rate: Double) {
    latencies.clear()
    isRunning = true
    underWay = connections.count
    idle = Completion("the last answers", context.loop)
    for connection in connections {
      connection.onFailure = { [self] in idle.finish($0) }
      connection.onAnswer = { [self] connection, status, nanoseconds in
        guard status == 200 else { return idle.finish(LoadFailure("an answer with status \(status)")) }
        latencies.record(nanoseconds)
        if isRunning { return connection.send(request) }
        underWay -= 1
        if underWay == 0 { idle.finish() }
      }
    }
    let (usage, seconds) = try await context.measure(daemon) {
      for connection in connections { connection.send(request) }
      context.loop.schedule(after: duration) { [self] in isRunning = false }
      try await idle.wait(within: duration + .seconds(10))
    }
    let count = Double(latencies.count)
    return ((Double(usage.daemon) / 1e3 / count, Double(usage.postgres) / 1e3 / count), count / seconds)
  }
}
