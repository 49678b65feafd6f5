/// How a program ends, for whoever called it.
package struct ExitCode: RawRepresentable, Hashable, Sendable {
  /// A code, and what it means for a command.
  package struct Meaning: Sendable {
    package let code: ExitCode
    package let meaning: String

    package init(_ code: ExitCode, _ meaning: String? = nil) {
      self.code = code
      self.meaning = meaning ?? code.description
    }
  }

  package let rawValue: Int32

  package init(rawValue: Int32) { self.rawValue = rawValue }

  /// Done; a list may be empty.
  package static let done = ExitCode(rawValue: 0)
  /// The answer is no: a difference was found, something is pending, a verification failed.
  package static let no = ExitCode(rawValue: 1)
  package static let partlyDone = ExitCode(rawValue: 4)
  package static let usage = ExitCode(rawValue: 64)
  package static let invalidInput = ExitCode(rawValue: 65)
  /// A service that is needed is down.
  package static let unavailable = ExitCode(rawValue: 69)
  /// A mistake in the program itself.
  package static let internalError = ExitCode(rawValue: 70)
  /// A file, folder or port cannot be had.
  package static let cannotCreate = ExitCode(rawValue: 73)
  package static let busy = ExitCode(rawValue: 75)
  package static let notPermitted = ExitCode(rawValue: 77)
  package static let thresholdCrossed = ExitCode(rawValue: 99)
  package static let interrupted = ExitCode(rawValue: 130)
  /// Whoever read standard output has gone: as if SIGPIPE had ended the program, so that a pipeline sees what it sees
  /// of every other program.
  package static let brokenPipe = ExitCode(rawValue: 141)
}

extension ExitCode: CustomStringConvertible {
  package var description: String {
    switch self {
    case .done: "done"
    case .no: "the answer is no"
    case .partlyDone: "partly done"
    case .usage: "wrong usage"
    case .invalidInput: "invalid input"
    case .unavailable: "a service is down"
    case .internalError: "a mistake in the program"
    case .cannotCreate: "a file, folder or port cannot be had"
    case .busy: "busy, try again"
    case .notPermitted: "not permitted"
    case .thresholdCrossed: "a threshold was crossed"
    case .interrupted: "interrupted"
    case .brokenPipe: "nobody reads the output"
    default: "\(rawValue)"
    }
  }
}
