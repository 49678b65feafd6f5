/// An error that says how the program ends.
package protocol CommandError: Error {
  var exitCode: ExitCode { get }
  /// What went wrong, in one line without a full stop.
  var message: String { get }
  /// What to do next, as a sentence; nil when the message says it all.
  var hint: String? { get }
}
