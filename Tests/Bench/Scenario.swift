import CLinux
import Glibc
import Load
import Networking

/// What is measured.
enum Scenario: String, CaseIterable, Sendable {
  case http, fanout, durable, connect, idle

  /// Every run has a daemon of its own.
  var needsFreshDaemon: Bool { self == .idle }

  func run(_ context: ScenarioContext) async throws {
    switch self {
    case .http: try await HTTPScenario(context).run()
    case .fanout: try await FanoutScenario(context).run()
    case .durable: try await DurableScenario(context).run()
    case .connect: try await ConnectScenario(context).run()
    case .idle: try await IdleScenario(context).run()
    }
  }
}

/// What scenarios have in common.
struct ScenarioContext: Sendable {
  let options: BenchOptions
  let loop: EventLoop
  let daemon: Daemon
  let report: Report

  /// Says that the set-up is done, and gives a profiler time to attach.
  func beginMeasuring(_ scenario: String) async throws {
    Report.note("Bench: \(scenario): \(options.runs) runs, chatd is pid \(daemon.pid)")
    if options.pause > 0 { try await loop.sleep(for: .seconds(options.pause)) }
  }

  /// Waits until the daemon has done what it had to do: less than 1 ms of CPU time in 200 ms.
  func untilQuiet() async throws {
    var last = daemon.family.usage().daemon
    for _ in 0..<100 {
      try await loop.sleep(for: .milliseconds(200))
      let now = daemon.family.usage().daemon
      if now - last < 1_000_000 { return }
      last = now
    }
    throw LoadFailure("the daemon does not come to rest")
  }

  /// Runs `body` and says what was used meanwhile by the daemon or another one, and how long it took in seconds.
  func measure(
    _ other: Daemon? = nil, _ body: () async throws -> Void
  ) async rethrows -> (usage: ProcessUsage, seconds: Double) {
    let daemon = other ?? daemon
    let before = daemon.family.usage()
    let start = clinux_monotonic_ns()
    try await body()
    let seconds = Double(clinux_monotonic_ns() - start) / 1e9
    return (daemon.family.usage() - before, seconds)
  }
}
