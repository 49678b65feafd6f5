/// Breaks text into lines of a width. Columns are counted in characters.
package struct TextLayout {
  let width: Int

  package init(width: Int) { self.width = width }

  /// Paragraphs separated by blank lines, each line behind `indentation`. Lines that begin with a blank stay as they are.
  package func paragraphs(_ text: String, indentation: Int = 0) -> [String] {
    var lines: [String] = []
    var words: [String] = []
    let margin = String(repeating: " ", count: indentation)
    func flush() {
      lines += wrap(words, firstIndent: indentation, indentation: indentation)
      words = []
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        flush()
        lines.append("")
      } else if line.hasPrefix(" ") {
        flush()
        lines.append(margin + line)
      } else {
        words += Self.words(line)
      }
    }
    flush()
    return lines
  }

  /// Two columns: the right one, which comes in words, is wrapped, and begins on the next line where the left one is too
  /// long.
  func columns(_ rows: [(left: String, right: [String])], indentation: Int = 2) -> [String] {
    let limit = max(16, min(34, width * 2 / 5))
    let left = rows.map(\.left.count).filter { $0 <= limit }.max() ?? limit
    let column = indentation + left + 2
    return rows.flatMap { row -> [String] in
      let start = String(repeating: " ", count: indentation) + row.left
      guard !row.right.isEmpty else { return [start] }
      let lines = wrap(row.right, firstIndent: column, indentation: column)
      guard row.left.count <= left, let first = lines.first else { return [start] + lines }
      return [start + first.dropFirst(start.count)] + lines.dropFirst()
    }
  }

  /// A line that goes on behind `indentation`.
  func hanging(_ words: [String], indentation: Int) -> [String] {
    wrap(words, firstIndent: 0, indentation: indentation)
  }

  /// What blanks separate.
  static func words(_ text: some StringProtocol) -> [String] { text.split(separator: " ").map { String($0) } }

  private func wrap(_ words: [String], firstIndent: Int, indentation: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var length = 0
    for word in words {
      let count = word.count
      if line.isEmpty || length + 1 + count > width {
        if !line.isEmpty { lines.append(line) }
        let indent = lines.isEmpty ? firstIndent : indentation
        line = String(repeating: " ", count: indent) + word
        length = indent + count
      } else {
        line += " " + word
        length += 1 + count
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}
