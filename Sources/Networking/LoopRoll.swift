/// Asks loops for a sign of life, and what else they are to do at once. On its home loop only.
package final class LoopRoll: @unchecked Sendable {
  private let home: EventLoop
  private let loops: [EventLoop]
  /// Loops that still owe an answer: they are not asked again, so that a stuck loop gathers no calls.
  private var owing: Set<Int> = []

  package init(home: EventLoop, loops: [EventLoop]) {
    self.home = home
    self.loops = loops
  }

  /// Calls `body` on each loop; returns when all have done it, or `limit` has passed, with those that have not.
  package func call(within limit: Duration, _ body: @escaping @Sendable (Int) -> Void = { _ in }) async -> Set<Int> {
    home.assertCurrent()
    let gathering = Gathering(Set(loops.indices))
    for index in loops.indices where !owing.contains(index) {
      owing.insert(index)
      loops[index].execute { [self] in
        body(index)
        home.execute { [self] in
          owing.remove(index)
          gathering.answered(index)
        }
      }
    }
    let timer = home.schedule(after: limit) { gathering.finish() }
    defer { timer.cancel() }
    await gathering.wait()
    return gathering.missing
  }

  private final class Gathering: @unchecked Sendable {
    private(set) var missing: Set<Int>
    private var isOver = false
    private var continuation: UnsafeContinuation<Void, Never>?

    init(_ all: Set<Int>) { missing = all }

    func answered(_ index: Int) {
      guard !isOver else { return }
      missing.remove(index)
      if missing.isEmpty { finish() }
    }

    func finish() {
      isOver = true
      continuation?.resume()
      continuation = nil
    }

    func wait() async {
      guard !isOver, !missing.isEmpty else { return }
      await withUnsafeContinuation { continuation = $0 }
    }
  }
}
