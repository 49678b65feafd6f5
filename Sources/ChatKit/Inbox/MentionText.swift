/// Finds who is mentioned in a body: `@name` outside of code spans and blocks.
///
/// A name has the characters of usernames; dots and hyphens at its end are taken for punctuation. What stands before the @
/// must not be a letter or digit, so an e-mail address mentions nobody.
package enum MentionText {
  /// The most that are found in one body.
  package static let limit = 50

  /// The names in lower case, each once, in the order of their first appearance.
  package static func names(in body: String) -> [String] {
    let text = Array(body.utf8)
    var names: [String] = []
    var seen = Set<String>()
    var index = 0
    while index < text.count, names.count < limit {
      switch text[index] {
      case UInt8(ascii: "`"): index = skipCode(text, index)
      case UInt8(ascii: "@"):
        let start = index + 1
        var end = start
        while end < text.count, isName(text[end]) { end += 1 }
        let mayBegin = index == 0 || !(isLetterOrDigit(text[index - 1]) || text[index - 1] >= 0x80)
        index = max(end, start)
        while end > start, text[end - 1] == UInt8(ascii: ".") || text[end - 1] == UInt8(ascii: "-") { end -= 1 }
        guard mayBegin, (3...32).contains(end - start) else { continue }
        let name = String(decoding: text[start..<end], as: UTF8.self).lowercased()
        if seen.insert(name).inserted { names.append(name) }
      default: index += 1
      }
    }
    return names
  }

  /// Behind the code that begins with the backticks at `start`: it ends at as many. Where it does not end, the
  /// backticks are text (CommonMark, 6.1), but for three and more, which take the rest (4.5).
  private static func skipCode(_ text: [UInt8], _ start: Int) -> Int {
    var open = start
    while open < text.count, text[open] == UInt8(ascii: "`") { open += 1 }
    let ticks = open - start
    var index = open
    while index < text.count {
      guard text[index] == UInt8(ascii: "`") else {
        index += 1
        continue
      }
      let run = index
      while index < text.count, text[index] == UInt8(ascii: "`") { index += 1 }
      if index - run == ticks { return index }
    }
    return ticks >= 3 ? text.count : open
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
  }
}
