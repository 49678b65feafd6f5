/// Where a receiver stands in the log of a room, whose entries are 1, 2, 3 … without gaps.
package struct Reception: Sendable, Equatable {
  package enum Outcome: Equatable, Sendable {
    /// The one that was due.
    case inOrder
    /// Later than the one that was due: what lies between has not come.
    case early
    /// One that should have come earlier.
    case late
    /// One that had come already.
    case repeated
  }

  /// The seq that is due.
  package private(set) var next: Int64
  /// What was passed over, ascending.
  private var holes: [Range<Int64>] = []

  /// - Parameter last: the newest entry that the receiver need not get.
  package init(after last: Int64) { next = last + 1 }

  package mutating func receive(_ seq: Int64) -> Outcome {
    if seq == next {
      next += 1
      return .inOrder
    }
    if seq > next {
      holes.append(next..<seq)
      next = seq + 1
      return .early
    }
    guard let index = holes.firstIndex(where: { $0.contains(seq) }) else { return .repeated }
    let hole = holes[index]
    holes.replaceSubrange(
      index...index, with: [hole.lowerBound..<seq, (seq + 1)..<hole.upperBound].filter { !$0.isEmpty })
    return .late
  }

  /// Whether an entry has not come.
  package func lacks(_ seq: Int64) -> Bool { seq >= next || holes.contains { $0.contains(seq) } }
}
