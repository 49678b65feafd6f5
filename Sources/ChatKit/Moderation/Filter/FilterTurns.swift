package import Primitives

/// Lets what one sender has said go on in the order in which it came, though it was looked at side by side. On one loop.
package final class FilterTurns: @unchecked Sendable {
  package final class Turn: @unchecked Sendable {
    fileprivate let sender: UUID
    fileprivate var before: Turn?
    fileprivate var isOver = false
    fileprivate var waiting: UnsafeContinuation<Void, Never>?

    fileprivate init(_ sender: UUID, after before: Turn?) {
      self.sender = sender
      self.before = before
    }
  }

  private var last: [UUID: Turn] = [:]

  package init() {}

  /// Comes after all of this sender who came before.
  package func enter(_ sender: UUID) -> Turn {
    let turn = Turn(sender, after: last[sender])
    last[sender] = turn
    return turn
  }

  /// Waits until those before have left. Whoever was waited for goes on first: what is resumed runs in a later job.
  package func wait(_ turn: Turn) async {
    guard let before = turn.before, !before.isOver else { return }
    await withUnsafeContinuation { before.waiting = $0 }
  }

  /// Once, after `wait`.
  package func leave(_ turn: Turn) {
    turn.before = nil
    turn.isOver = true
    if last[turn.sender] === turn { last[turn.sender] = nil }
    turn.waiting.take()?.resume()
  }
}
