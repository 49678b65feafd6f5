import CLinux
import Glibc
package import Networking

/// A timer that fires within microseconds of its time; a `LoopTimer` may be a millisecond late, which would be in every
/// latency. On its loop's thread only; `close()` it.
package final class PreciseTimer: @unchecked Sendable {
  private let descriptor: Int32
  private let loop: EventLoop
  private var watch: DescriptorWatch?

  /// Throws `NetworkError` where the process is out of descriptors.
  package init(_ loop: EventLoop, fire: @escaping () -> Void) throws {
    descriptor = clinux_timer()
    guard descriptor >= 0 else {
      throw NetworkError(.system, "make a timer", reason: String(cString: strerror(-descriptor)))
    }
    self.loop = loop
    let descriptor = descriptor
    let watch = DescriptorWatch(descriptor: descriptor, loop: loop) { _ in
      var expirations: UInt64 = 0
      // It may have been armed anew since it became readable.
      guard read(descriptor, &expirations, 8) == 8 else { return }
      fire()
    }
    self.watch = watch
    loop.add(watch, .read)
  }

  /// Fires once, at a monotonic time in nanoseconds, or at once where that is past.
  package func arm(at time: UInt64) { clinux_timer_arm(descriptor, max(time, 1)) }

  package func close() {
    guard let watch else { return }
    loop.remove(watch)
    self.watch = nil
    Glibc.close(descriptor)
  }
}
