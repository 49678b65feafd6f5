/// Columns of text under headings, for people. Columns are counted in characters.
package struct TextTable: Sendable {
  package let headings: [String]
  package private(set) var rows: [[String]] = []

  package init(_ headings: [String]) { self.headings = headings }

  /// - Parameter cells: as many as there are headings.
  package mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The table as one text.
  /// - Parameters:
  ///   - width: columns of the terminal, which the table fits into by shortening its widest cells; nil for a file, in
  ///     which nothing is shortened.
  ///   - isStyled: whether the headings are bold.
  package func text(width: Int?, isStyled: Bool = false) -> String {
    let widths = widths(within: width)
    return headingLine(widths, isStyled: isStyled) + lines(widths)
  }

  /// The columns' widths that the rows so far ask for; 0 for those that there is no room for.
  package func widths(within width: Int?) -> [Int] {
    var widths = headings.indices.map { column in
      ([headings[column]] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    guard let width else { return widths }
    let gaps = 2 * (widths.count - 1)
    // The widest gives first, down to what can still be recognised.
    while widths.reduce(gaps, +) > width, let widest = widths.max(), widest > 12,
      let column = widths.lastIndex(of: widest)
    {
      widths[column] -= 1
    }
    // What is still too much goes from the right: what names a row stands on the left.
    for column in widths.indices.reversed() {
      let visible = widths[...column]
      let excess = visible.reduce(2 * column, +) - width
      if excess <= 0 { break }
      let left = widths[column] - excess
      widths[column] = left >= Self.least || column == 0 ? max(1, left) : 0
    }
    return widths
  }

  /// Less of a column says nothing.
  private static let least = 4

  /// The line of the headings.
  package func headingLine(_ widths: [Int], isStyled: Bool = false) -> String {
    let line = Self.line(headings, widths, isCut: true)
    return isStyled ? "\u{1b}[1m\(line)\u{1b}[0m\n" : "\(line)\n"
  }

  /// The lines of the rows so far.
  /// - Parameter isCut: whether a cell that is wider than its column is shortened.
  package func lines(_ widths: [Int], isCut: Bool = true) -> String {
    rows.map { Self.line($0, widths, isCut: isCut) + "\n" }.joined()
  }

  /// Forgets the rows, which have been written.
  package mutating func removeRows() { rows = [] }

  private static func line(_ cells: [String], _ widths: [Int], isCut: Bool) -> String {
    var line = ""
    for (column, cell) in cells.enumerated() where widths[column] > 0 {
      if column > 0 { line += "  " }
      let shown = isCut && cell.count > widths[column] ? cell.prefix(widths[column] - 1) + "…" : cell[...]
      line += shown
      if column < cells.count - 1 { line += String(repeating: " ", count: max(0, widths[column] - shown.count)) }
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
