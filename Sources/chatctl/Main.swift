import ChatKit
import Commands
import Glibc
import Networking

/// chatctl: the commands that people run a chat system with.
@main
enum Main {
  static func main() {
    // Before any other thread starts: threads inherit the mask.
    let signals = SignalSource([SIGINT, SIGTERM, SIGHUP])
    // Commands run on a loop of their own; the main thread waits for their exit code.
    let loop = EventLoop()
    signals.deliver(on: loop) { _ in Interruption.of(loop).request() }
    nonisolated(unsafe) var code = ExitCode.internalError
    loop.execute {
      loop.start {
        code = await Root.program.run(context: ConnectionOptions.values, failure: Failures.meaning)
        loop.stop()
      }
    }
    loop.run()
    exit(code.rawValue)
  }
}
