/// A command with the values it was given, all of them valid.
package struct Invocation: Sendable {
  /// The words of the command, the program's name first.
  package let path: [String]
  package let command: Command
  /// What the user should know, such as the new name of an option.
  package let warnings: [String]
  /// Where the command writes.
  package internal(set) var output = Output.standard
  let values: [String: ResolvedValue]

  /// The value of a parameter of this command or its parents.
  package subscript<Key: ParameterKey>(key: Key) -> Key.Value {
    guard let resolved = values[key.parameter.name] else {
      preconditionFailure("'\(path.joined(separator: " "))' does not declare \(key.parameter.title)")
    }
    guard let value = key.value(of: resolved.texts) else {
      preconditionFailure("\(key.parameter.title) is another parameter of the same name")
    }
    return value
  }

  /// Where the value comes from.
  package func source(of key: some ParameterKey) -> ValueSource { source(of: key.parameter) }

  /// Whether anybody said anything: the command line, the environment, or the configuration.
  package func isGiven(_ key: some ParameterKey) -> Bool { isGiven(key.parameter) }

  func isGiven(_ parameter: Parameter) -> Bool { source(of: parameter) != .default }

  package func source(of parameter: Parameter) -> ValueSource { values[parameter.name]?.source ?? .default }

  /// What was said for a parameter, as it was written; nil when nobody said anything.
  package func texts(of parameter: Parameter) -> [String]? { values[parameter.name]?.texts }

  /// What a message calls it, with its origin unless that is the command line.
  func title(of parameter: Parameter) -> String {
    switch source(of: parameter) {
    case .environment(let name): "\(parameter.title) (\(name))"
    case .context(let origin): "\(parameter.title) (\(origin))"
    case .commandLine, .default: parameter.title
    }
  }
}
