import Commands

/// A screen that is drawn again and again, as long as somebody watches: on a terminal in its alternate screen, which leaves
/// no trace; elsewhere one frame after the other.
final class LiveView {
  private let session: Session
  private let output: Output
  private let interruption: Interruption
  private let isScreen: Bool

  init(_ session: Session) {
    self.session = session
    output = session.output
    interruption = session.interruption
    isScreen = session.output.data.isTerminal && Program.environment("TERM") != "dumb"
    guard isScreen else { return }
    // The alternate screen, and no cursor.
    try? output.data.write("\u{1b}[?1049h\u{1b}[?25l")
    interruption.restore = { [output] in Self.leave(output) }
  }

  /// Draws a frame over the last one.
  func draw(_ text: String) throws {
    guard isScreen else {
      try output.data.write(text)
      return try output.data.flush()
    }
    // From the top, each line to its end, and what is left of the last frame away.
    let lines = Self.fitted(text, session.terminal)
    try output.data.write("\u{1b}[H" + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[K\u{1b}[J")
    try output.data.flush()
  }

  /// What of a text a terminal has room for: a line too long would be two, a line too many would move all of them.
  static func fitted(_ text: String, _ terminal: Terminal) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    if lines.last?.isEmpty == true { lines.removeLast() }
    if let rows = terminal.rows, lines.count > rows {
      let rest = lines.count - max(0, rows - 1)
      lines = lines.prefix(max(0, rows - 1)) + ["… and \(rest) more lines"]
    }
    return lines.map { line in
      // Sequences of style take no room; a line that has some is a heading, which its table has fitted.
      line.count > terminal.columns && !line.contains("\u{1b}") ? String(line.prefix(terminal.columns)) : String(line)
    }
  }

  /// Leaves the screen as it was.
  func end() {
    guard isScreen else { return }
    interruption.restore = nil
    Self.leave(output)
  }

  private static func leave(_ output: Output) {
    try? output.data.write("\u{1b}[?25h\u{1b}[?1049l")
    try? output.data.flush()
  }
}
