/// A first-in-first-out queue without copy-on-write checks. Its capacity is a power of two and only grows.
struct RingBuffer<Element>: ~Copyable {
  private var storage: UnsafeMutablePointer<Element>
  private var mask: Int
  private var head = 0
  private(set) var count = 0

  init() {
    storage = .allocate(capacity: 16)
    mask = 15
  }

  deinit {
    for index in 0..<count { (storage + ((head + index) & mask)).deinitialize(count: 1) }
    storage.deallocate()
  }

  var isEmpty: Bool { count == 0 }

  mutating func append(_ element: consuming Element) {
    if count > mask { grow() }
    (storage + ((head + count) & mask)).initialize(to: element)
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = (storage + head).move()
    head = (head + 1) & mask
    count -= 1
    return element
  }

  /// The element `index` places behind the first.
  subscript(_ index: Int) -> Element {
    get { storage[(head + index) & mask] }
    set { storage[(head + index) & mask] = newValue }
  }

  private mutating func grow() {
    let bigger = UnsafeMutablePointer<Element>.allocate(capacity: (mask + 1) * 2)
    for index in 0..<count { (bigger + index).moveInitialize(from: storage + ((head + index) & mask), count: 1) }
    storage.deallocate()
    storage = bigger
    mask = mask * 2 + 1
    head = 0
  }
}
