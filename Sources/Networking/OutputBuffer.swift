import CLinux
import Glibc

/// Chunks for output that is under way; an idle connection holds none. Keeps enough for a fan-out to a thousand sockets
/// in one tick, at most 8 MiB a loop. Loop-confined.
final class BufferPool {
  static let chunk = 4096
  private var free: [UnsafeMutableRawPointer] = []

  func take() -> UnsafeMutableRawPointer { free.popLast() ?? malloc(Self.chunk)! }

  func give(_ chunk: UnsafeMutableRawPointer) {
    if free.count < 2048 { free.append(chunk) } else { Glibc.free(chunk) }
  }

  deinit { for chunk in free { Glibc.free(chunk) } }
}

/// What a connection has yet to send. Grows by doubling; gives its memory back when it is empty.
struct OutputBuffer: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0
  private var tail = 0

  init() {}

  deinit { Glibc.free(base) }

  var count: Int { tail - head }
  var isEmpty: Bool { tail == head }

  @inline(__always)
  mutating func append(_ bytes: UnsafeRawPointer, _ count: Int, _ pool: BufferPool) {
    if capacity - tail < count { grow(by: count, pool) }
    memcpy(base! + tail, bytes, count)
    tail += count
  }

  @inline(never)
  private mutating func grow(by count: Int, _ pool: BufferPool) {
    if base == nil, count <= BufferPool.chunk {
      base = pool.take()
      capacity = BufferPool.chunk
      return
    }
    // Moving is worth it only when at least as much has been sent, or a slow peer would have its backlog moved for every
    // small write.
    if head > tail - head {
      memmove(base!, base! + head, tail - head)
      tail -= head
      head = 0
      if capacity - tail >= count { return }
    }
    var wanted = max(capacity, BufferPool.chunk)
    while wanted - tail < count { wanted *= 2 }
    // realloc of a pooled chunk is fine: it is malloc's.
    base = realloc(base, wanted)!
    capacity = wanted
  }

  /// What is yet to be sent.
  func copy() -> [UInt8] {
    guard let base, !isEmpty else { return [] }
    return Array(UnsafeRawBufferPointer(start: base + head, count: count))
  }

  enum Flush {
    case done
    case blocked
    case failed(Int32)
  }

  /// Sends what the socket takes.
  mutating func flush(to descriptor: Int32, _ pool: BufferPool) -> Flush {
    while head < tail {
      let sent = clinux_send(descriptor, base! + head, tail - head)
      if sent < 0 {
        let error = clinux_errno()
        if error == EINTR { continue }
        return error == EAGAIN ? .blocked : .failed(error)
      }
      head += sent
    }
    clear(pool)
    return .done
  }

  /// What is yet to be sent, where it lies.
  var unsent: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base.map { $0 + head }, count: count) }

  /// Forgets the first `count` bytes of it.
  mutating func consume(_ count: Int, _ pool: BufferPool) {
    head += count
    if head == tail { clear(pool) }
  }

  /// Sends bytes that come after what is here, and keeps what the socket does not take.
  mutating func send(_ bytes: UnsafeRawPointer, _ count: Int, to descriptor: Int32, _ pool: BufferPool) -> Flush {
    var sent = 0
    while isEmpty, sent < count {
      let taken = clinux_send(descriptor, bytes + sent, count - sent)
      if taken < 0 {
        let error = clinux_errno()
        if error == EINTR { continue }
        guard error == EAGAIN else { return .failed(error) }
        break
      }
      sent += taken
    }
    if sent == count { return isEmpty ? .done : .blocked }
    append(bytes + sent, count - sent, pool)
    return .blocked
  }

  mutating func clear(_ pool: BufferPool) {
    if let chunk = base {
      if capacity == BufferPool.chunk { pool.give(chunk) } else { Glibc.free(chunk) }
    }
    base = nil
    capacity = 0
    head = 0
    tail = 0
  }
}
