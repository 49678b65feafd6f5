/// What a command line asks for.
package enum ProgramRequest: Sendable {
  /// A command with its values.
  case run(Invocation)
  /// A text for standard output: help, a version, a script of completions.
  case answer(String)
  /// Candidates for the last word of a command line that is being typed.
  case complete(CompletionRequest)
}
