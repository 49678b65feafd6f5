/// Finds what somebody may have meant by a misspelt word, for "did you mean".
package enum NearestMatch {
  /// The candidate that differs least from `text`, if that is little: at most one change in words of up to four
  /// letters, and a third of the letters in longer ones. Ties go to the earlier candidate; letter case counts for less
  /// than a change.
  package static func of(_ text: String, in candidates: some Sequence<String>) -> String? {
    let word = letters(text)
    guard !word.isEmpty else { return nil }
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
      let other = letters(candidate)
      let allowed = max(1, max(word.count, other.count) / 3)
      guard abs(word.count - other.count) <= allowed else { continue }
      let distance = distance(word, other)
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
  }

  /// How many insertions, deletions, replacements and swaps of neighbours turn one into the other, where nothing is
  /// edited twice (optimal string alignment).
  static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var twoAbove = [Int](repeating: 0, count: b.count + 1)
    var above = Array(0...b.count)
    var row = above
    for i in a.indices {
      row[0] = i + 1
      for j in b.indices {
        let cost = a[i] == b[j] ? 0 : 1
        var least = min(above[j + 1] + 1, row[j] + 1, above[j] + cost)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, twoAbove[j - 1] + 1) }
        row[j + 1] = least
      }
      (twoAbove, above, row) = (above, row, twoAbove)
    }
    return above[b.count]
  }

  /// Names are short; what is not is cut, for the table grows with the product of the lengths.
  private static func letters(_ text: String) -> [UInt8] {
    text.utf8.prefix(64).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
  }
}
