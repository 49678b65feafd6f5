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
    if count + part.count > capacity {
      capacity = max(count + part.count, 2 * capacity, 64)
      base = realloc(base, capacity)
    }
    memcpy(base! + count, start, part.count)
    count += part.count
  }

  mutating func release() {
    free(base)
    base = nil
    capacity = 0
    count = 0
  }
}
