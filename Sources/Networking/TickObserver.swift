/// Hears how a loop fares, once a tick: it must be quick.
package protocol TickObserver: AnyObject {
  /// - Parameters:
  ///   - busy: from the loop's waking up to its next wait (ns); for that long nothing else was served
  ///   - lateness: by how much the latest of the timers due was late (ns); 0 without one. Up to a millisecond is epoll's
  ///     resolution.
  func ticked(busy: UInt64, lateness: UInt64)
}
