import Glibc
import Synchronization

/// A buffered descriptor, or a buffer that keeps everything.
package final class OutputStream: Sendable {
  private static let capacity = 64 << 10

  /// Nil for a capturing one.
  package let descriptor: Int32?
  package let isTerminal: Bool
  private let buffer = Mutex<[UInt8]>([])

  /// Writes to a descriptor, which stays the caller's.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
  }

  /// Keeps what is written.
  package init() {
    descriptor = nil
    isTerminal = false
  }

  /// What was written to a capturing stream.
  package var captured: String { buffer.withLock { String(decoding: $0, as: UTF8.self) } }

  package func write(_ text: String) throws(OutputError) {
    let isFull = buffer.withLock { buffer in
      buffer.append(contentsOf: text.utf8)
      return buffer.count >= Self.capacity
    }
    if isFull || isTerminal { try flush() }
  }

  /// Writes what is buffered. What cannot be written is dropped.
  package func flush() throws(OutputError) {
    guard let descriptor else { return }
    let failure = buffer.withLock { buffer in
      defer { buffer.removeAll(keepingCapacity: true) }
      return buffer.withUnsafeBytes { Self.write($0, to: descriptor) }
    }
    if let failure { throw failure }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> OutputError? {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      let count = Glibc.write(descriptor, base, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      } else if errno == EAGAIN {
        // A terminal or pipe that somebody else has made nonblocking.
        var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&descriptors, 1, -1)
      } else if errno != EINTR {
        return errno == EPIPE ? .closed : .failed(errno)
      }
    }
    return nil
  }
}
