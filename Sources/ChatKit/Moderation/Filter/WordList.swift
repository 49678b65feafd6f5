/// Words and phrases that are not wanted, with what is done about each: an immutable value that loops share.
///
/// As text it has an entry a line: one to eight words, then perhaps `= mask` or `= refuse`. Empty lines, and those that begin
/// with `#`, are passed over. An entry is met where its words stand one after the other as whole words, whatever the case, and
/// whatever is between them: `red herring` is met in `RED-herring!`, and not in `red herrings`.
package struct WordList: Sendable {
  package enum Action: String, Sendable, CaseIterable {
    case refuse, mask
  }

  package struct Limits: Sendable {
    package var entries: Int
    /// Bytes of its text.
    package var bytes: Int

    /// Of the server's list.
    package static let server = Limits(entries: 50_000, bytes: 1 << 20)
    /// Of the list of one workspace.
    package static let workspace = Limits(entries: 1000, bytes: 64 << 10)
  }

  /// A line that is no entry.
  package struct Problem: Error, Equatable, CustomStringConvertible {
    /// From 1 on; 0 where it is about all of it.
    package var line: Int
    package var reason: String

    package var description: String { line > 0 ? "line \(line): \(reason)" : reason }
  }

  package enum Verdict: Equatable, Sendable {
    case allowed
    case refused
    /// The text with stars in place of the letters.
    case masked(String)
  }

  private struct Entry {
    /// After the first word.
    let rest: [String]
    let action: Action
  }

  private static let longest = 8
  private static let characters = 100

  /// By their first word.
  private var entries: [String: [Entry]] = [:]
  package private(set) var count = 0

  package static let empty = WordList()

  private init() {}

  package var isEmpty: Bool { count == 0 }

  /// - Parameter action: of entries that do not say.
  package init(parsing text: String, action: Action = .refuse, limits: Limits = .server) throws(Problem) {
    guard text.utf8.count <= limits.bytes else {
      throw Problem(line: 0, reason: "more than \(limits.bytes) bytes")
    }
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      if line.first == "#" || line.allSatisfy(\.isWhitespace) { continue }
      try add(line, action, number)
      guard count <= limits.entries else {
        throw Problem(line: number, reason: "more than \(limits.entries) entries")
      }
    }
  }

  private mutating func add(_ line: Substring, _ standard: Action, _ number: Int) throws(Problem) {
    var words = line
    var action = standard
    if let equals = line.lastIndex(of: "=") {
      words = line[..<equals]
      let name = line[equals...].dropFirst().split(whereSeparator: \.isWhitespace).joined(separator: " ")
      guard let said = Action(rawValue: name) else {
        throw Problem(line: number, reason: "after '=' stands 'mask' or 'refuse'")
      }
      action = said
    }
    guard words.count <= Self.characters else {
      throw Problem(line: number, reason: "an entry has at most \(Self.characters) characters")
    }
    let scanner = WordScanner(String(words))
    guard !scanner.hasSymbols else {
      throw Problem(line: number, reason: "an entry has letters, digits, spaces, hyphens, dots and apostrophes")
    }
    let found = scanner.words.map(\.folded)
    guard let first = found.first, found.count <= Self.longest else {
      throw Problem(line: number, reason: "an entry has 1 to \(Self.longest) words")
    }
    entries[first, default: []].append(Entry(rest: Array(found.dropFirst()), action: action))
    count += 1
  }

  /// What is to become of a text: refused where one of its words says so, else masked.
  package func verdict(on text: String) -> Verdict {
    guard !isEmpty else { return .allowed }
    let words = WordScanner(text).words
    var masked: [Range<String.Index>] = []
    for (index, word) in words.enumerated() {
      guard let candidates = entries[word.folded] else { continue }
      for entry in candidates where matches(entry, words, after: index) {
        guard entry.action == .mask else { return .refused }
        for hit in words[index...(index + entry.rest.count)] {
          // Entries may overlap.
          if let end = masked.last?.upperBound, end > hit.range.lowerBound { continue }
          masked.append(hit.range)
        }
      }
    }
    return masked.isEmpty ? .allowed : .masked(Self.mask(text, masked))
  }

  private func matches(_ entry: Entry, _ words: [WordScanner.Word], after index: Int) -> Bool {
    guard index + entry.rest.count < words.count else { return false }
    for (offset, word) in entry.rest.enumerated() where words[index + 1 + offset].folded != word { return false }
    return true
  }

  /// A star for each character; so it is no longer than it was. `ranges` rise and do not overlap.
  private static func mask(_ text: String, _ ranges: [Range<String.Index>]) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    var at = text.startIndex
    for range in ranges {
      result += text[at..<range.lowerBound]
      result += String(repeating: "*", count: text[range].count)
      at = range.upperBound
    }
    return result + text[at...]
  }
}
