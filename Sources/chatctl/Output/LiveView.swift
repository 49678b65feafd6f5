import Commands

/// A screen that is drawn again and again, as long as somebody watches: on a terminal in its alternate screen, which leaves
/// no trace; elsewhere one frame after the other.
final class LiveView {
  private let output: Output
  private let interruption: Interruption
  private let isScreen: Bool

  init(_ session: Session) {
    output = session.output
    interruption = session.interruption
    isScreen = session.output.data.isTerminal
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
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    try output.data.write("\u{1b}[H" + lines.joined(separator: "\u{1b}[K\n") + "\u{1b}[J")
    try output.data.flush()
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
