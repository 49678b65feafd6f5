import CLinux
import ChatKit
import Commands
import Glibc
import Networking

/// chatd: reads what is asked, starts it, and stops it on SIGTERM or Ctrl-C.
@main
enum Main {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    let reading = FirstReading()
    guard case .run(let invocation) = try? ChatdCommand.parse(arguments, context: reading.context),
      let options = Options(invocation)
    else { answer(arguments, reading) }
    for warning in invocation.warnings + UnknownVariables.warnings() { Console.say("chatd: warning: \(warning)") }
    _ = clinux_raise_file_limit()
    // Before any other thread starts, for they inherit the mask.
    let signals = SignalSource([SIGTERM, SIGINT, SIGHUP])
    let loop = EventLoop()
    let configuration = LiveConfiguration(invocation) {
      guard case .run(let invocation) = try ChatdCommand.parse(arguments) else { return nil }
      return invocation
    }
    let supervisor = Supervisor(options: options, configuration: configuration, loop: loop)
    signals.deliver(on: loop) { number in supervisor.received(number) }
    loop.execute { supervisor.start() }
    loop.run()
    supervisor.flushLog()
    exit(supervisor.exitCode)
  }

  /// Everything but a role: help, completions, the configuration, and what is wrong with the arguments.
  private static func answer(_ arguments: [String], _ reading: FirstReading) -> Never {
    let loop = EventLoop()
    let ending = Ending()
    loop.execute {
      loop.start {
        ending.code = await ChatdCommand.program.run(arguments, context: reading.context)
        loop.stop()
      }
    }
    loop.run()
    exit(ending.code.rawValue)
  }

  /// The configuration's file as it was read first: what comes through a pipe can be read only once.
  private final class FirstReading: @unchecked Sendable {
    private var result: Result<[String: ContextValue], any Error>?

    /// One thread at a time.
    var context: @Sendable (Invocation) throws -> [String: ContextValue] {
      { [self] invocation in
        let result = result ?? Result { try ChatdCommand.context(invocation) }
        self.result = result
        return try result.get()
      }
    }
  }

  /// How an answer ended; of the loop.
  private final class Ending: @unchecked Sendable {
    var code = ExitCode.internalError
  }
}
