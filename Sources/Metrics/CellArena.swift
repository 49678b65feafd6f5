import Synchronization

/// The cells of one owner, in slabs of their own: two loops never write to one cache line. The slabs live until the
/// registry goes.
final class CellArena: @unchecked Sendable {
  private static let slab = 512

  private var slabs: [UnsafeMutablePointer<Atomic<UInt64>>] = []
  private var left = 0
  private var next: UnsafeMutablePointer<Atomic<UInt64>>?

  init() {}

  deinit { for slab in slabs { UnsafeMutableRawPointer(slab).deallocate() } }

  /// Zeroed cells, one behind the other. Under the registry's lock.
  func take(_ count: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    if count <= left, let cells = next {
      left -= count
      next = cells + count
      return cells
    }
    let size = max(count, Self.slab)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size * MemoryLayout<UInt64>.stride, alignment: 64)
    let cells = memory.bindMemory(to: Atomic<UInt64>.self, capacity: size)
    for index in 0..<size { (cells + index).initialize(to: Atomic(0)) }
    slabs.append(cells)
    next = cells + count
    left = size - count
    return cells
  }
}
