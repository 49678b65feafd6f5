// A server for conformance suites: `ConformanceServer MODE --port N [options]`. Each mode is a file. It listens on
// 127.0.0.1, prints one line when it listens, and exits 0 on SIGTERM or SIGINT.
import Glibc
import Networking

/// Unbuffered: who waits for the line must get it.
@Sendable
func say(_ line: String, _ descriptor: Int32) {
  let bytes = Array("\(line)\n".utf8)
  _ = write(descriptor, bytes, bytes.count)
}

let options: ConformanceOptions
do {
  options = try ConformanceOptions(arguments: Array(CommandLine.arguments.dropFirst()))
} catch {
  say("\(error)\n\(ConformanceOptions.usage)", STDERR_FILENO)
  exit(64)
}

run(options)

/// Serves until a signal ends the process.
func run(_ options: ConformanceOptions) -> Never {
  let signals = SignalSource([SIGTERM, SIGINT])
  let loop = EventLoop.spawn()
  signals.deliver(on: loop) { _ in exit(0) }
  loop.execute {
    do {
      let address =
        switch options.mode {
        case .http: try serveHTTP(options, loop)
        case .websocket: try serveWebSocket(options, loop)
        case .engineio: try serveEngineIO(options, loop)
        case .socketio: try serveSocketIO(options, loop)
        }
      say("listening on \(address)", STDOUT_FILENO)
    } catch {
      say("\(error)", STDERR_FILENO)
      exit(69)
    }
  }
  while true { pause() }
}
