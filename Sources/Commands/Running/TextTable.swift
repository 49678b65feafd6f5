/// Columns of text under headings, for people. Columns are counted in characters.
package struct TextTable: Sendable {
  package let headings: [String]
  package private(set) var rows: [[String]] = []

  package init(_ headings: [String]) { self.headings = headings }

  /// - Parameter cells: as many as there are headings.
  package mutating func add(_ cells: [String]) { rows.append(cells) }

  /// - Parameters:
  ///   - width: columns of the terminal, which the table fits into by shortening its widest cells; nil for a file, in
  ///     which nothing is shortened.
  ///   - isStyled: whether the headings are bold.
  package func text(width: Int?, isStyled: Bool = false) -> String {
    var widths = headings.indices.map { column in
      ([headings[column]] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    if let width {
      let gaps = 2 * (widths.count - 1)
      // The widest gives first, down to what can still be recognised.
      while widths.reduce(gaps, +) > width, let widest = widths.max(), widest > 12,
        let column = widths.lastIndex(of: widest)
      {
        widths[column] -= 1
      }
    }
    var text = ""
    for (index, cells) in ([headings] + rows).enumerated() {
      var line = ""
      for (column, cell) in cells.enumerated() {
        if column > 0 { line += "  " }
        let isCut = cell.count > widths[column]
        let shown = isCut ? cell.prefix(widths[column] - 1) + "…" : cell[...]
        line += shown
        if column < cells.count - 1 { line += String(repeating: " ", count: max(0, widths[column] - shown.count)) }
      }
      while line.last == " " { line.removeLast() }
      text += index == 0 && isStyled ? "\u{1b}[1m\(line)\u{1b}[0m\n" : "\(line)\n"
    }
    return text
  }
}
