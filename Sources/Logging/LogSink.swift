import Glibc
import Networking
import Primitives
import Synchronization

/// Where lines go: a descriptor that a thread of the sink's own writes to, behind a bounded buffer.
package final class LogSink: Sendable {
  private struct State {
    var buffer: [UInt8] = []
    /// Lines that did not fit since the last that did.
    var dropped = 0
    var droppedEver = 0
    var lines = [Int](repeating: 0, count: Log.Level.allCases.count)
    var isWriting = false
  }

  package let style: LogStyle
  private let encoder: LogEncoder
  private let descriptor: Int32
  private let capacity: Int
  private let state = Mutex(State())
  /// Posted when the buffer is no longer empty.
  private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

  /// Starts the thread, which lives as long as the process.
  /// - Parameter capacity: bytes that may wait to be taken.
  package init(descriptor: Int32 = 2, style: LogStyle, capacity: Int = 1 << 20) {
    self.descriptor = descriptor
    self.style = style
    self.capacity = capacity
    encoder = LogEncoder(style: style)
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    EventLoop.startThread(named: "log") { [self] in work() }
  }

  func write(_ level: Log.Level, _ message: String, _ context: [LogField], _ fields: Log.Fields) {
    let line = encoder.line(level, message, at: .now(), context, fields)
    let mustWake = state.withLock { state in
      guard state.buffer.count + line.count <= capacity else {
        state.dropped += 1
        state.droppedEver += 1
        return false
      }
      state.lines[level.rank] += 1
      defer { state.buffer.append(contentsOf: line) }
      return state.buffer.isEmpty
    }
    if mustWake { sem_post(semaphore) }
  }

  /// Lines that were written or wait for it, by level, and those that did not fit.
  package var counts: (lines: [(level: Log.Level, count: Int)], dropped: Int) {
    state.withLock { state in
      (Log.Level.allCases.map { ($0, state.lines[$0.rank]) }, state.droppedEver)
    }
  }

  /// Waits until everything said so far is written; false when that takes longer than `limit`. Blocks: for the end of
  /// the process.
  @discardableResult
  package func flush(within limit: Duration = .seconds(1)) -> Bool {
    var waits = limit.milliseconds
    while state.withLock({ !$0.buffer.isEmpty || $0.isWriting }) {
      guard waits > 0 else { return false }
      waits -= 1
      usleep(1000)
    }
    return true
  }

  private func work() {
    while true {
      while sem_wait(semaphore) != 0 {}
      while true {
        let (bytes, dropped) = state.withLock { state in
          let taken = (state.buffer, state.dropped)
          state.buffer = []
          state.dropped = 0
          state.isWriting = !taken.0.isEmpty
          return taken
        }
        if bytes.isEmpty { break }
        put(bytes)
        if dropped > 0 {
          put(
            encoder.line(
              .warning, "lines were dropped, for standard error did not take them", at: .now(), [],
              ["dropped": .count(dropped)]))
        }
      }
    }
  }

  private func put(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        if count > 0 {
          offset += count
        } else if errno == EAGAIN {
          // Somebody has made the descriptor nonblocking.
          var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&wait, 1, 1000)
        } else if errno != EINTR {
          // Nobody will ever read it.
          return
        }
      }
    }
  }
}
