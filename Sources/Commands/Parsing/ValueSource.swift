/// Where a value comes from.
package enum ValueSource: Hashable, Sendable {
  case commandLine
  /// The name of the variable.
  case environment(String)
  /// Where the program's configuration has it, such as a file and a line.
  case context(String)
  /// Nobody said anything.
  case `default`
}
