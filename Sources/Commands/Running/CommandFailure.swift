/// A command could not do what it was asked to.
package struct CommandFailure: CommandError, Equatable {
  package let exitCode: ExitCode
  package let message: String
  package let hint: String?

  package init(_ exitCode: ExitCode, _ message: String, hint: String? = nil) {
    self.exitCode = exitCode
    self.message = message
    self.hint = hint
  }
}

extension CommandFailure: CustomStringConvertible {
  package var description: String { message }
}
