/// A command line that cannot be followed: what is wrong with it, and what to do.
package struct UsageError: CommandError, Equatable {
  package enum Code: String, Sendable {
    case unknownCommand, missingCommand
    case unknownOption, repeatedOption
    case missingValue, unexpectedValue, invalidValue
    case tooManyArguments, missingArgument, missingOption
    /// Things that exclude each other.
    case conflict
    /// A rule of the command's own.
    case other
  }

  package let code: Code
  /// A line for each thing that is wrong; several values can be.
  package let message: String
  /// The words of the command that was addressed, the program's name first.
  package internal(set) var path: [String] = []

  package init(_ code: Code = .other, _ message: String) {
    self.code = code
    self.message = message
  }

  /// All of some, a line each; nil for none.
  init?(all errors: [UsageError]) {
    guard let first = errors.first else { return nil }
    self.init(first.code, errors.map(\.message).joined(separator: "\n"))
  }

  package var exitCode: ExitCode { .usage }
  package var hint: String? {
    path.isEmpty ? nil : "'\(path.joined(separator: " ")) --help' shows what can be said."
  }
}

extension UsageError: CustomStringConvertible {
  package var description: String { message }
}
