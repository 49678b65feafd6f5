import Glibc

/// What a text is laid out for.
package struct Terminal: Sendable {
  /// Columns of a line.
  package let width: Int
  /// Whether headings are bold.
  package let isStyled: Bool

  package init(width: Int, isStyled: Bool) {
    self.width = width
    self.isStyled = isStyled
  }

  /// For files and pipes.
  package static let plain = Terminal(width: 80, isStyled: false)

  /// COLUMNS says how wide, else the terminal; help lines are never longer than 120 columns and hardly shorter than 40.
  /// NO_COLOR (no-color.org) and TERM=dumb leave the style out.
  package static func of(descriptor: Int32?, environment: (String) -> String?) -> Terminal {
    let isTerminal = descriptor.map { isatty($0) == 1 } ?? false
    var width = environment("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    if width == nil, isTerminal, let descriptor {
      var size = winsize()
      if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { width = Int(size.ws_col) }
    }
    let isStyled = isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    return Terminal(width: min(max(width ?? 80, 40), 120), isStyled: isStyled)
  }
}
