import CLinux

/// What epoll is asked for and answers.
package struct Interest: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let read = Interest(rawValue: EPOLLIN.rawValue)
  package static let write = Interest(rawValue: EPOLLOUT.rawValue)
  /// Reported whether asked for or not: the socket has failed, or both sides are closed.
  package static let failure = Interest(rawValue: EPOLLERR.rawValue)
  package static let hangUp = Interest(rawValue: EPOLLHUP.rawValue)
}

/// A descriptor that one loop watches. Confined to that loop's thread; subclasses are `@unchecked Sendable`.
package class Channel: @unchecked Sendable {
  package final let loop: EventLoop
  package final private(set) var descriptor: Int32
  final var generation: UInt32 = 0
  final var isDirty = false

  package init(descriptor: Int32, loop: EventLoop) {
    self.descriptor = descriptor
    self.loop = loop
  }

  final var tag: UInt64 { UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

  /// The descriptor can be read, written, or has failed. Level-triggered: it comes again while that is so.
  package func ready(_ events: Interest) {}

  /// The loop has ended: nothing more will be heard. Called once, last, in place of `loop.remove`.
  package func abandoned() {}

  /// Runs once at the end of a tick after `loop.flushAtTickEnd(self)`.
  package func flush() {}
}
