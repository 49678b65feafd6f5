import Glibc

/// Bytes that arrive in parts. Grows by doubling; holds no memory when it is empty.
struct GatheredBytes: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private(set) var count = 0

  init() {}

  deinit { free(base) }

  /// Valid until the next change.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  mutating func append(_ part: UnsafeRawBufferPointer) {
    guard let start = part.baseAddress, part.count > 0 else { return }
    memcpy(reserve(part.count), start, part.count)
    count += part.count
  }

  /// Makes room for `size` more bytes and says where they go; `advance` counts those that came.
  mutating func reserve(_ size: Int) -> UnsafeMutableRawPointer {
    if count + size > capacity || base == nil {
      capacity = max(count + size, 2 * capacity, 64)
      base = realloc(base, capacity)
    }
    return base! + count
  }

  mutating func advance(_ size: Int) { count += size }

  mutating func removeLast(_ size: Int) { count -= size }

  /// Empties it, and keeps the memory where there is not much of it.
  mutating func removeAll(keepingUpTo limit: Int) {
    if capacity > limit { release() } else { count = 0 }
  }

  mutating func release() {
    free(base)
    base = nil
    capacity = 0
    count = 0
  }
}
