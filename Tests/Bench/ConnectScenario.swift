import CLinux
import Load
import Networking

/// Sockets that connect over WebSocket, with a token, and join one conversation; people of their own, rooms of 10, 64
/// at once. Then all go.
final class ConnectScenario: @unchecked Sendable {
  private let context: ScenarioContext

  init(_ context: ScenarioContext) { self.context = context }

  func run() async throws {
    let loop = context.loop
    let address = context.daemon.address
    let count = context.options.sockets / 10 * 10
    let population = try await People.make(rooms: count / 10, of: 10, in: context.daemon, loop)
    let first = try await Crowd.gather(Array(population.rooms.prefix(50)), address, loop)
    try await leave(first)
    try await context.beginMeasuring("connect")
    for _ in 0..<context.options.runs {
      var crowd = Crowd()
      let (usage, seconds) = try await context.measure {
        crowd = try await Crowd.gather(population.rooms, address, loop)
      }
      let before = context.daemon.family.usage()
      try await leave(crowd)
      let leaving = context.daemon.family.usage() - before
      let report = context.report
      let sockets = Double(count)
      report.add("connect", "CPU of chatd per connect", Double(usage.daemon) / 1e3 / sockets, .microseconds, aim: 100)
      report.add("connect", "CPU of PostgreSQL per connect", Double(usage.postgres) / 1e3 / sockets, .microseconds)
      report.add("connect", "CPU of Redis per connect", Double(usage.redis) / 1e3 / sockets, .microseconds)
      report.add("connect", "CPU of chatd per disconnect", Double(leaving.daemon) / 1e3 / sockets, .microseconds)
      report.add("connect", "connects", sockets / seconds, .perSecond)
      report.add("connect", "until joined", crowd.latencies)
    }
  }

  private func leave(_ crowd: Crowd) async throws {
    crowd.close()
    try await context.untilQuiet()
  }
}
