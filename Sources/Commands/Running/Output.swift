/// Where a command writes: data for programs on one stream, talk for people on the other.
package final class Output: Sendable {
  /// Standard output: what was asked for and nothing else.
  package let data: OutputStream
  /// Standard error: progress, warnings, failures.
  private let errors: OutputStream

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
    // Data first, so that a terminal shows both in their order.
    try? data.flush()
    try? errors.write(text + "\n")
    try? errors.flush()
  }

  /// What was said so far, of a capturing output.
  package var talked: String { errors.captured }
}
