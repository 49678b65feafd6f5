import Synchronization

/// Where a command writes: data for programs on one stream, talk for people on the other.
package final class Output: Sendable {
  /// Standard output: what was asked for and nothing else.
  package let data: OutputStream
  /// Standard error: progress, warnings, failures.
  private let errors: OutputStream
  /// Whether a line of progress is on the screen.
  private let isDrawn = Atomic(false)

  package init(data: OutputStream, errors: OutputStream) {
    self.data = data
    self.errors = errors
  }

  /// Those of this process.
  package static let standard = Output(data: OutputStream(descriptor: 1), errors: OutputStream(descriptor: 2))

  /// Keeps what is written, for tests.
  package static func capturing() -> Output { Output(data: OutputStream(), errors: OutputStream()) }

  /// Writes a line of data.
  package func line(_ text: String) throws(OutputError) { try data.write(text + "\n") }

  /// Says a line. That nobody listens is no reason to stop.
  package func talk(_ text: String) {
    let erased = isDrawn.exchange(false, ordering: .relaxed) ? Self.erasure : ""
    say(erased + text + "\n")
  }

  /// Whether people watch: standard error is a terminal, one that can draw a line anew.
  package var isInteractive: Bool { errors.isTerminal && Program.environment("TERM") != "dumb" }

  /// Writes a question, which the answer follows on the same line.
  package func ask(_ question: String) { say(question) }

  /// Draws a line of progress over the last one, as much of it as the terminal has room for; an empty one takes it away.
  /// Does nothing where nobody watches.
  package func redraw(_ line: String) {
    guard isInteractive else { return }
    isDrawn.store(!line.isEmpty, ordering: .relaxed)
    let columns = Terminal.of(descriptor: errors.descriptor, environment: Program.environment).columns
    say(Self.erasure + line.prefix(max(1, columns - 1)))
  }

  /// To the line's first column, and all of it away (ECMA-48).
  private static let erasure = "\r\u{1b}[2K"

  private func say(_ text: String) {
    // Data first, so that a terminal shows both in their order.
    try? data.flush()
    try? errors.write(text)
    try? errors.flush()
  }

  /// What was said so far, of a capturing output.
  package var talked: String { errors.captured }
}
