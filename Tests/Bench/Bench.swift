// Bench: what chatd costs. A load generator of its own, on the same loop as the server but with nothing else of it.
//
// What is measured is CPU time of the server's process per operation (its process clock, not wall time): that repeats on
// a shared machine, and rates do not. Rates and latencies stand beside it.
//
// Where things run. The generator is one loop on core 1. chatd has one loop and is put on core 0 with all its threads.
// Its private PostgreSQL and Redis are left to the scheduler, as in life; their CPU time is counted separately.
//
// The model is closed: a fixed number of operations is outstanding, and the next one starts when one has been
// answered. So a slow answer delays the operations behind it, and the percentiles are those of answers, not of what
// arrivals at a fixed rate would see ("coordinated omission" is not corrected).
//
// Everything is verified: an answer with another status, a delivery out of order, missing or twice, or a socket that
// closes fails the run.
//
// Lifecycle. The main thread is the loop. Each scenario starts a daemon in a temporary folder, fills it, warms up,
// repeats its window `--runs` times, and stops it; `idle` takes a new daemon for each run.

import CLinux
import Glibc
import Networking

@main
enum Bench {
  static func main() {
    if CommandLine.arguments.dropFirst().first == FloorServer.argument { FloorServer.run() }
    let options: BenchOptions
    do {
      options = try BenchOptions.parse(Array(CommandLine.arguments.dropFirst()))
    } catch {
      Report.note("Bench: \(error)\n\(BenchOptions.help)")
      exit(64)
    }
    if options.wantsHelp {
      print(BenchOptions.help)
      return
    }
    _ = clinux_raise_file_limit()
    if options.isPinned { Affinity.pin(getpid(), to: options.generatorCore) }
    let loop = EventLoop()
    let outcome = Outcome()
    loop.execute {
      loop.start {
        outcome.code = await run(options, loop)
        loop.stop()
      }
    }
    loop.run()
    exit(outcome.code)
  }

  private final class Outcome: @unchecked Sendable { var code: Int32 = 0 }

  private static func run(_ options: BenchOptions, _ loop: EventLoop) async -> Int32 {
    let report = Report(options: options)
    for scenario in options.scenarios {
      do {
        for _ in 0..<(scenario.needsFreshDaemon ? options.runs : 1) { try await run(scenario, options, loop, report) }
      } catch {
        report.finish()
        Report.note("Bench: \(scenario.rawValue): \(error)")
        return 1
      }
    }
    report.finish()
    return 0
  }

  private static func run(
    _ scenario: Scenario, _ options: BenchOptions, _ loop: EventLoop, _ report: Report
  ) async throws {
    let daemon = try await Daemon.start(options, loop)
    do {
      try await scenario.run(ScenarioContext(options: options, loop: loop, daemon: daemon, report: report))
    } catch {
      await daemon.stop()
      throw error
    }
    await daemon.stop()
  }
}
