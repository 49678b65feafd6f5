package import Commands
package import YAML

/// A configuration that cannot be used: what is wrong with it, all of it, and what to do.
package struct ConfigurationError: CommandError, Equatable {
  package let exitCode: ExitCode
  package let message: String
  package let hint: String?
  /// Those of a file, in its order.
  package let problems: [YAMLError]

  package init(_ exitCode: ExitCode, _ message: String, hint: String? = nil) {
    self.exitCode = exitCode
    self.message = message
    self.hint = hint
    problems = []
  }

  /// - Parameter problems: at least one.
  package init(file: String, problems: [YAMLError]) {
    let problems = problems.sorted { ($0.mark.line, $0.mark.column) < ($1.mark.line, $1.mark.column) }
    self.problems = problems
    exitCode = .invalidInput
    // Each on a line of its own, as editors and CI find them.
    let lines = problems.map(\.description).joined(separator: "\n")
    message = problems.count == 1 ? lines : "\(problems.count) problems in \(file)\n\(lines)"
    let isOfSettings = problems.contains { [.unknownKey, .typeMismatch, .invalidValue].contains($0.code) }
    hint = isOfSettings ? "docs/CONFIGURATION.md and 'chatd config --explain' have every setting." : nil
  }
}

extension ConfigurationError: CustomStringConvertible {
  package var description: String { message }
}
