import Glibc

/// What a text is laid out for.
package struct Terminal: Sendable {
  /// Columns of a line of text that is comfortable to read.
  package let width: Int
  /// Whether headings are bold.
  package let isStyled: Bool
  /// All columns that there are, for tables.
  package let columns: Int
  /// Lines of a terminal; nil for what is none.
  package let rows: Int?

  package init(width: Int, isStyled: Bool, columns: Int? = nil, rows: Int? = nil) {
    self.width = width
    self.isStyled = isStyled
    self.columns = columns ?? width
    self.rows = rows
  }

  /// For files and pipes.
  package static let plain = Terminal(width: 80, isStyled: false)

  /// COLUMNS says how wide, else the terminal; lines of text are never longer than 120 columns and hardly shorter than 40.
  /// NO_COLOR (no-color.org) and TERM=dumb leave the style out.
  package static func of(descriptor: Int32?, environment: (String) -> String?) -> Terminal {
    let isTerminal = descriptor.map { isatty($0) == 1 } ?? false
    var columns = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    var rows: Int?
    if isTerminal, let descriptor {
      var size = winsize()
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 {
        if columns == nil, size.ws_col > 0 { columns = Int(size.ws_col) }
        if size.ws_row > 0 { rows = Int(size.ws_row) }
      }
    }
    let isStyled = isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    let all = columns ?? 80
    return Terminal(width: min(max(all, 40), 120), isStyled: isStyled, columns: all, rows: rows)
  }
}
