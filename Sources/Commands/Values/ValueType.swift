/// A type of values on the command line: how they are read and written, and what to expect of them.
package struct ValueType<Value: Sendable>: Sendable {
  package let schema: ValueSchema
  package let parse: @Sendable (String) -> Value?
  package let render: @Sendable (Value) -> String

  private init(
    schema: ValueSchema, parse: @escaping @Sendable (String) -> Value?,
    render: @escaping @Sendable (Value) -> String
  ) {
    self.schema = schema
    self.parse = parse
    self.render = render
  }

  /// - Parameters:
  ///   - metavariable: what the value is called in usage lines, in capitals.
  ///   - expectation: completes "'x' is not …".
  ///   - complaint: what to say of an invalid value instead of quoting it; see `ValueSchema.complaint`.
  ///   - parse: nil for what is not valid. It is called more than once and must do no I/O.
  package init(
    _ kind: ValueSchema.Kind = .string, metavariable: String, expectation: String, minimum: String? = nil,
    maximum: String? = nil, unit: String? = nil, complaint: (@Sendable (String) -> String?)? = nil,
    parse: @escaping @Sendable (String) -> Value?,
    render: @escaping @Sendable (Value) -> String = { "\($0)" }
  ) {
    schema = ValueSchema(
      kind, metavariable, expectation: expectation, minimum: minimum, maximum: maximum, unit: unit, complaint: complaint
    ) { text in parse(text).map { $0 as any Sendable } }
    self.parse = parse
    self.render = render
  }

  /// The same type under another name in usage lines.
  package func named(_ metavariable: String) -> ValueType {
    ValueType(schema: schema.named(metavariable), parse: parse, render: render)
  }

  /// The same type with values that are looked up for completion.
  package func completed(by completer: @escaping Completer) -> ValueType {
    ValueType(schema: schema.named(schema.metavariable, completer: completer), parse: parse, render: render)
  }

  /// Nil when one of the texts is not valid.
  package func parseAll(_ texts: [String]) -> [Value]? {
    var values: [Value] = []
    for text in texts {
      guard let value = parse(text) else { return nil }
      values.append(value)
    }
    return values
  }
}
