import CLinux
import Glibc

/// Signals as events of a loop, through a signalfd. Create it before any other thread starts: threads inherit the mask
/// that keeps the signals from interrupting them.
package struct SignalSource: ~Copyable {
  private let descriptor: Int32

  /// Blocks `signals` in this thread and those it starts.
  package init(_ signals: [Int32]) {
    descriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    precondition(descriptor >= 0, "cannot create a signalfd")
  }

  /// Calls `handler` on `loop` with each signal's number, for as long as the loop runs.
  package consuming func deliver(on loop: EventLoop, _ handler: @escaping @Sendable (Int32) -> Void) {
    let descriptor = descriptor
    loop.execute { loop.add(SignalChannel(descriptor: descriptor, loop: loop, handler: handler), .read) }
  }
}

private final class SignalChannel: Channel, @unchecked Sendable {
  private let handler: @Sendable (Int32) -> Void

  init(descriptor: Int32, loop: EventLoop, handler: @escaping @Sendable (Int32) -> Void) {
    self.handler = handler
    super.init(descriptor: descriptor, loop: loop)
  }

  override func ready(_ events: Interest) {
    var info = signalfd_siginfo()
    while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
      handler(Int32(info.ssi_signo))
    }
  }
}
