import CLinux
import ChatKit
import Glibc
import Networking

/// chatd: reads what is asked, starts it, and stops it on SIGTERM or Ctrl-C.
@main
enum Main {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.contains("--help") || arguments.contains("-h") || arguments == ["help"] {
      print(Options.help)
      exit(0)
    }
    if arguments.contains("--version") {
      print("chatd \(Version.current)")
      exit(0)
    }
    let options: Options
    do {
      options = try Options.parse(arguments) { name in getenv(name).map { String(cString: $0) } }
      _ = try options.address(port: options.port)
    } catch {
      Console.fail(64, "\(error)", hint: "chatd --help shows what there is.")
    }
    _ = clinux_raise_file_limit()
    // Before any other thread starts, for they inherit the mask.
    let signals = SignalSource([SIGTERM, SIGINT, SIGHUP])
    let loop = EventLoop()
    let supervisor = Supervisor(options: options, loop: loop)
    signals.deliver(on: loop) { number in supervisor.received(number) }
    loop.execute { supervisor.start() }
    loop.run()
    exit(supervisor.exitCode)
  }
}
