/// `--name VALUE`, `--name=VALUE`, `-n VALUE` or `-nVALUE`.
package struct Option<Value: Sendable>: ParameterKey {
  package let parameter: Parameter
  private let read: @Sendable ([String]?) -> Value?

  package func value(of texts: [String]?) -> Value? { read(texts) }

  /// An option with a default.
  package init(
    _ name: String, _ type: ValueType<Value>, default value: Value, short: Character? = nil, help: String,
    group: String? = nil, environment: String? = nil, deprecatedNames: [String] = [], isHidden: Bool = false
  ) {
    parameter = Parameter(
      name: name, short: short, shape: .option, arity: .optional, schema: type.schema, help: help, group: group,
      environment: environment, defaultText: type.render(value), deprecatedNames: deprecatedNames, isHidden: isHidden)
    read = { texts in texts.map { type.parse($0.last ?? "") } ?? value }
  }

  /// An option that may be left out: nil then.
  /// - Parameter defaultText: what that means, for help.
  package init<Wrapped>(
    _ name: String, _ type: ValueType<Wrapped>, defaultText: String? = nil, short: Character? = nil, help: String,
    group: String? = nil, environment: String? = nil, deprecatedNames: [String] = [], isHidden: Bool = false
  ) where Value == Wrapped? {
    parameter = Parameter(
      name: name, short: short, shape: .option, arity: .optional, schema: type.schema, help: help, group: group,
      environment: environment, defaultText: defaultText, deprecatedNames: deprecatedNames, isHidden: isHidden)
    read = { texts in
      guard let texts else { return .some(nil) }
      return type.parse(texts.last ?? "").map { .some($0) }
    }
  }

  /// An option that must be given, on the command line or otherwise.
  package init(
    required name: String, _ type: ValueType<Value>, short: Character? = nil, help: String, group: String? = nil,
    environment: String? = nil, deprecatedNames: [String] = [], isHidden: Bool = false
  ) {
    parameter = Parameter(
      name: name, short: short, shape: .option, arity: .required, schema: type.schema, help: help, group: group,
      environment: environment, defaultText: nil, deprecatedNames: deprecatedNames, isHidden: isHidden)
    read = { texts in (texts?.last).flatMap(type.parse) }
  }

  /// An option that may be given again and again. In its variable the values are separated by commas.
  package init<Element>(
    repeated name: String, _ type: ValueType<Element>, times: ClosedRange<Int> = 0...1000, short: Character? = nil,
    help: String, group: String? = nil, environment: String? = nil, deprecatedNames: [String] = [],
    isHidden: Bool = false
  ) where Value == [Element] {
    parameter = Parameter(
      name: name, short: short, shape: .option, arity: .repeated(times), schema: type.schema, help: help,
      group: group, environment: environment, defaultText: nil, deprecatedNames: deprecatedNames, isHidden: isHidden)
    read = { texts in type.parseAll(texts ?? []) }
  }
}
