import Glibc

extension Program {
  /// Does what the arguments ask for and returns the exit code; the caller exits with it.
  ///
  /// Failures are told on standard error as `name: message` and a line with what to do. A closed standard output ends
  /// the program quietly (`ExitCode.brokenPipe`), a cancelled task with `.interrupted`.
  /// - Parameter failure: what an error that is no `CommandError` means; nil leaves it an `.internalError`.
  package func run(
    _ arguments: [String] = Array(CommandLine.arguments.dropFirst()),
    environment: @Sendable (String) -> String? = Program.environment, output: Output = .standard,
    context: (@Sendable (Invocation) throws -> [String: ContextValue])? = nil,
    failure: @Sendable (any Error) -> CommandFailure? = { _ in nil }
  ) async -> ExitCode {
    // A reader that goes away is an error of write, and not the end of this process in the middle of something.
    signal(SIGPIPE, SIG_IGN)
    do {
      let code = try await perform(arguments, environment, output, context)
      try output.data.flush()
      return code
    } catch OutputError.closed {
      return .brokenPipe
    } catch is CancellationError {
      return .interrupted
    } catch {
      // What was written before the failure is still due.
      try? output.data.flush()
      return report(error, failure, output)
    }
  }

  private func perform(
    _ arguments: [String], _ environment: @Sendable (String) -> String?, _ output: Output,
    _ context: (@Sendable (Invocation) throws -> [String: ContextValue])?
  ) async throws -> ExitCode {
    assert(problems.isEmpty, "\(problems)")
    let terminal = Terminal.of(descriptor: output.data.descriptor, environment: environment)
    switch try parse(arguments, environment: environment, terminal: terminal, context: context) {
    case .answer(let text):
      try output.data.write(text)
      return .done
    case .complete(let request):
      for candidate in await candidates(request) { try output.data.write("\(candidate.line)\n") }
      return .done
    case .run(var invocation):
      invocation.output = output
      for warning in invocation.warnings { output.talk("\(name): warning: \(warning)") }
      guard let action = invocation.command.action else {
        throw CommandFailure(.internalError, "'\(invocation.path.joined(separator: " "))' does nothing")
      }
      return try await action(invocation)
    }
  }

  private func report(_ error: any Error, _ failure: (any Error) -> CommandFailure?, _ output: Output) -> ExitCode {
    let reason: any CommandError =
      error as? any CommandError ?? failure(error) ?? CommandFailure(.internalError, "\(error)")
    if reason is UsageError {
      for line in reason.message.split(separator: "\n") { output.talk("\(name): \(line)") }
    } else {
      output.talk("\(name): \(reason.message)")
    }
    if let hint = reason.hint { output.talk(hint) }
    return reason.exitCode
  }

  /// A variable of this process.
  package static let environment: @Sendable (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
}
