import CLinux
import Glibc

extension EventLoop {
  /// Starts a loop on a thread of its own.
  package static func spawn(name: String = "loop") -> EventLoop {
    let loop = EventLoop()
    startThread(named: name) { loop.run() }
    return loop
  }

  /// Starts a detached thread. Its name shows in `top -H`, cut to 15 bytes.
  package static func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    final class Box {
      let name: String
      let body: @Sendable () -> Void
      init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
      }
    }
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    let box = Unmanaged.passRetained(Box(name, body)).toOpaque()
    let code = pthread_create(
      &thread, &attributes,
      { argument in
        let box = Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
        clinux_name_thread(String(decoding: box.name.utf8.prefix(15), as: UTF8.self))
        box.body()
        return nil
      }, box)
    precondition(code == 0, "cannot start a thread: \(String(cString: strerror(code)))")
  }
}

/// The loops of a process, one a core by default.
package struct EventLoopGroup: Sendable {
  package let loops: [EventLoop]

  /// Starts `count` loops. Block signals (`SignalSource`) before, for threads inherit the mask.
  package init(count: Int) {
    loops = (0..<max(1, count)).map { EventLoop.spawn(name: "loop-\($0)") }
  }

  package func stop() { for loop in loops { loop.stop() } }
}
