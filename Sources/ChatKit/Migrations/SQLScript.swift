/// SQL taken apart into its statements and their words, without understanding them: enough to say which statement of a
/// script failed, and to look for what a migration should not do.
///
/// Quotes, dollar quotes, comments (which nest) and SQL-standard function bodies (`BEGIN ATOMIC … END`) are known, so a
/// semicolon in one of them ends nothing (PostgreSQL documentation, 4.1).
package struct SQLScript: Sendable {
  package struct Statement: Sendable, Equatable {
    /// Without the semicolon, and without blanks and comments before it.
    package let text: String
    /// The line of its first word, from 1.
    package let line: Int
    /// Keywords and names in capitals; names in quotes as they are, with the quotes; other literals as `'…'`; punctuation
    /// character by character.
    package let words: [String]
    /// What the comments within it and just before it say.
    package let comments: [String]
  }

  package let statements: [Statement]

  package init(_ sql: String) {
    var scanner = Scanner(Array(sql.utf8))
    statements = scanner.statements()
  }

  /// The line of a statement's character, as PostgreSQL counts them (from 1), within the script.
  package static func line(of position: Int, in statement: Statement) -> Int {
    statement.line + statement.text.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" }
  }
}

private struct Scanner {
  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var words: [String] = []
  private var comments: [String] = []
  /// Where the present statement's first word begins; nil before it.
  private var start: (index: Int, line: Int)?
  /// How many ENDs are missing within `BEGIN ATOMIC`.
  private var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private func byte(_ offset: Int = 0) -> UInt8? { index + offset < bytes.count ? bytes[index + offset] : nil }
  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  mutating func statements() -> [SQLScript.Statement] {
    var statements: [SQLScript.Statement] = []
    func finish(_ scanner: inout Scanner) {
      if let start = scanner.start {
        var end = scanner.index
        while end > start.index, scanner.bytes[end - 1] <= 0x20 { end -= 1 }
        statements.append(
          .init(
            text: scanner.text(start.index..<end), line: start.line, words: scanner.words, comments: scanner.comments))
        scanner.comments = []
      }
      scanner.start = nil
      scanner.words = []
      scanner.depth = 0
    }
    while let next = byte() {
      if next == UInt8(ascii: ";"), depth == 0 {
        finish(&self)
        index += 1
      } else {
        step(next)
      }
    }
    finish(&self)
    return statements
  }

  private mutating func step(_ next: UInt8) {
    switch next {
    case UInt8(ascii: "\n"):
      line += 1
      index += 1
    case 0...0x20: index += 1
    case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): lineComment()
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): blockComment()
    default:
      if start == nil { start = (index, line) }
      word(next)
    }
  }

  private mutating func word(_ next: UInt8) {
    switch next {
    case UInt8(ascii: "'"):
      quoted(next, escapes: words.last == "E" && index > 0 && bytes[index - 1] | 0x20 == UInt8(ascii: "e"))
      words.append("'…'")
    case UInt8(ascii: "\""):
      let first = index
      quoted(next, escapes: false)
      words.append(text(first..<index))
    case UInt8(ascii: "$") where dollarTag() != nil:
      let tag = dollarTag() ?? []
      dollarQuoted(tag)
      words.append("'…'")
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"), 0x80...:
      let first = index
      while let part = byte(), Self.isName(part) { index += 1 }
      name(text(first..<index).uppercased())
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      let first = index
      while let part = byte(), Self.isName(part) || part == UInt8(ascii: ".") { index += 1 }
      words.append(text(first..<index))
    default:
      words.append(text(index..<index + 1))
      index += 1
    }
  }

  private mutating func name(_ name: String) {
    if name == "ATOMIC", words.last == "BEGIN" {
      depth = 1
    } else if depth > 0 {
      if name == "CASE" || name == "BEGIN" { depth += 1 }
      if name == "END" { depth -= 1 }
    }
    words.append(name)
  }

  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"), 0x80...:
      true
    default: false
    }
  }

  /// Moves on by one byte, and counts lines.
  private mutating func advance() {
    if bytes[index] == UInt8(ascii: "\n") { line += 1 }
    index += 1
  }

  private mutating func quoted(_ quote: UInt8, escapes: Bool) {
    index += 1
    while let next = byte() {
      if escapes, next == UInt8(ascii: "\\"), byte(1) != nil {
        advance()
      } else if next == quote {
        guard byte(1) == quote else {
          index += 1
          return
        }
        index += 1
      }
      advance()
    }
  }

  /// `$$` or `$name$` at this place; nil where it is something else, as `$1` is.
  private func dollarTag() -> [UInt8]? {
    var end = index + 1
    while end < bytes.count, bytes[end] != UInt8(ascii: "$") {
      guard Self.isName(bytes[end]), end > index + 1 || !(0x30...0x39).contains(bytes[end]) else { return nil }
      end += 1
    }
    return end < bytes.count ? Array(bytes[index...end]) : nil
  }

  private mutating func dollarQuoted(_ tag: [UInt8]) {
    for _ in tag { advance() }
    while byte() != nil {
      if bytes[index...].starts(with: tag) {
        index += tag.count
        return
      }
      advance()
    }
  }

  private mutating func lineComment() {
    let first = index + 2
    while let next = byte(), next != UInt8(ascii: "\n") { index += 1 }
    comments.append(text(first..<index))
  }

  private mutating func blockComment() {
    let first = index + 2
    var depth = 0
    repeat {
      if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        depth += 1
        index += 2
      } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        index += 2
      } else if byte() != nil {
        advance()
      }
    } while depth > 0 && byte() != nil
    comments.append(text(first..<max(first, min(index - 2, bytes.count))))
  }
}
