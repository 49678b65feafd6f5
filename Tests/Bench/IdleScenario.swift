import CLinux
import Load
import Networking

/// What a socket costs that does nothing: authenticated, joined, pinged every 25 s.
final class IdleScenario: @unchecked Sendable {
  private let context: ScenarioContext

  init(_ context: ScenarioContext) { self.context = context }

  /// One run, on a daemon that has done nothing before: what memory was given back to the allocator is not measured.
  func run() async throws {
    let loop = context.loop
    let family = context.daemon.family
    let count = context.options.sockets / 10 * 10
    let population = try await People.make(rooms: count / 10, of: 10, in: context.daemon, loop)
    // Code and tables that the first sockets bring in are not theirs.
    let first = try await Crowd.gather(Array(population.rooms.prefix(1)), context.daemon.address, loop)
    first.close()
    try await context.untilQuiet()
    let before = family.residentMemory()
    let crowd = try await Crowd.gather(population.rooms, context.daemon.address, loop)
    try await context.untilQuiet()
    let joined = family.residentMemory()
    // A round of pings: every socket has been written to and read from.
    let (usage, seconds) = try await context.measure { try await loop.sleep(for: .seconds(30)) }
    let after = family.residentMemory()
    let sockets = Double(count)
    let report = context.report
    report.add("idle", "resident memory per socket", Double(after.all - before.all) / sockets, .bytes, aim: 6 * 1024)
    report.add("idle", "of it heap", Double(after.anonymous - before.anonymous) / sockets, .bytes)
    report.add("idle", "right after the joins", Double(joined.all - before.all) / sockets, .bytes)
    report.add("idle", "resident memory of chatd before", Double(before.all), .bytes)
    report.add(
      "idle", "CPU of chatd per socket and minute", Double(usage.daemon) / 1e3 / sockets / seconds * 60, .microseconds)
    crowd.close()
  }
}
