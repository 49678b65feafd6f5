/// Watches a descriptor for an owner outside of this module: a pidfd, a library's socket. The owner closes the
/// descriptor, after `loop.remove(watch)`.
package final class DescriptorWatch: Channel, @unchecked Sendable {
  private let isReady: (Interest) -> Void
  private let isFlushing: (() -> Void)?

  /// - Parameters:
  ///   - flush: called at the end of a tick in which `loop.flushAtTickEnd(watch)` was.
  ///   - ready: called on the loop for as long as the descriptor is ready (level-triggered).
  package init(
    descriptor: Int32, loop: EventLoop, flush: (() -> Void)? = nil, ready: @escaping (Interest) -> Void
  ) {
    isReady = ready
    isFlushing = flush
    super.init(descriptor: descriptor, loop: loop)
  }

  package override func ready(_ events: Interest) { isReady(events) }

  package override func flush() { isFlushing?() }
}
