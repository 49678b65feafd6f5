import ChatKit
import Commands
import Glibc
import Networking

/// chatctl: the commands that people run a chat system with. The rest of the tree follows; what is here is whole.
@main
enum Main {
  static func main() {
    // Commands run on a loop of their own; the main thread waits for their exit code.
    let loop = EventLoop()
    nonisolated(unsafe) var code = ExitCode.internalError
    loop.execute {
      loop.start {
        code = await Root.program(loop).run(failure: Failures.meaning)
        loop.stop()
      }
    }
    loop.run()
    exit(code.rawValue)
  }
}
