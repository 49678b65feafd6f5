/// A word by its place among the arguments.
package struct Argument<Value: Sendable>: ParameterKey {
  package let parameter: Parameter
  private let read: @Sendable ([String]?) -> Value?

  package func value(of texts: [String]?) -> Value? { read(texts) }

  /// An argument that must be given.
  package init(_ name: String, _ type: ValueType<Value>, help: String) {
    parameter = Self.parameter(name, type.schema, .required, nil, help)
    read = { texts in (texts?.last).flatMap(type.parse) }
  }

  /// An argument with a default.
  package init(_ name: String, _ type: ValueType<Value>, default value: Value, help: String) {
    parameter = Self.parameter(name, type.schema, .optional, type.render(value), help)
    read = { texts in texts.map { type.parse($0.last ?? "") } ?? value }
  }

  /// An argument that may be left out: nil then.
  package init<Wrapped>(optional name: String, _ type: ValueType<Wrapped>, help: String) where Value == Wrapped? {
    parameter = Self.parameter(name, type.schema, .optional, nil, help)
    read = { texts in
      guard let texts else { return .some(nil) }
      return type.parse(texts.last ?? "").map { .some($0) }
    }
  }

  /// All arguments that are left. It must be a command's last.
  package init<Element>(
    repeated name: String, _ type: ValueType<Element>, times: ClosedRange<Int> = 0...10_000, help: String
  ) where Value == [Element] {
    parameter = Self.parameter(name, type.schema, .repeated(times), nil, help)
    read = { texts in type.parseAll(texts ?? []) }
  }

  /// An argument's name stands where an option has what its value is called.
  private static func parameter(
    _ name: String, _ schema: ValueSchema, _ arity: Parameter.Arity, _ defaultText: String?, _ help: String
  ) -> Parameter {
    Parameter(
      name: name, short: nil, shape: .argument, arity: arity, schema: schema.named(name.uppercased()), help: help,
      group: nil, environment: nil, defaultText: defaultText, deprecatedNames: [], isHidden: false)
  }
}
