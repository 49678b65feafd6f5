/// `--name`: yes or no.
package struct Flag: ParameterKey {
  package let parameter: Parameter
  private let value: Bool

  /// - Parameters:
  ///   - isInvertible: `--no-name` is understood as well, as a default of true or a variable may want it.
  ///   - environment: a variable with 1, true, yes or on, or with 0, false, no or off.
  package init(
    _ name: String, short: Character? = nil, default value: Bool = false, isInvertible: Bool = false, help: String,
    group: String? = nil, environment: String? = nil, deprecatedNames: [String] = [], isHidden: Bool = false
  ) {
    parameter = Parameter(
      name: name, short: short, shape: .flag(isInvertible: isInvertible || value), arity: .optional, schema: .bool,
      help: help, group: group, environment: environment, defaultText: value ? "yes" : nil,
      deprecatedNames: deprecatedNames, isHidden: isHidden)
    self.value = value
  }

  package func value(of texts: [String]?) -> Bool? {
    guard let texts else { return value }
    return texts.last.flatMap(ValueSchema.bool(from:))
  }
}
