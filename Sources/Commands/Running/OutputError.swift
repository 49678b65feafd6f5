import Glibc

/// What was to be written cannot be.
package enum OutputError: CommandError, Equatable {
  /// Whoever read it has gone. Nobody is left to tell, so this ends a program quietly.
  case closed
  /// Another reason, such as a full disk: errno.
  case failed(Int32)

  package var exitCode: ExitCode {
    switch self {
    case .closed: .brokenPipe
    case .failed: .cannotCreate
    }
  }

  package var message: String {
    switch self {
    case .closed: "nobody reads the output"
    case .failed(let code): "cannot write the output: \(String(cString: strerror(code)))"
    }
  }

  package var hint: String? { nil }
}
