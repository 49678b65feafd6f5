extension ValueType where Value == String {
  /// Any text but an empty one.
  package static var string: ValueType { string("TEXT") }

  /// Any text but an empty one.
  /// - Parameter example: shown where the text is empty.
  package static func string(_ metavariable: String, example: String? = nil) -> ValueType {
    ValueType(
      metavariable: metavariable, expectation: ValueSchema.anyText + (example.map { ", for example \($0)" } ?? ""),
      parse: { $0.isEmpty ? nil : $0 })
  }

  /// The path of a file; whether it is there is for the command to find out.
  package static var file: ValueType {
    ValueType(.file, metavariable: "FILE", expectation: "a file", parse: { $0.isEmpty ? nil : $0 })
  }

  /// The path of a folder.
  package static var directory: ValueType {
    ValueType(.directory, metavariable: "DIR", expectation: "a folder", parse: { $0.isEmpty ? nil : $0 })
  }

  /// One of some words.
  package static func choice(_ metavariable: String, _ choices: [Choice]) -> ValueType {
    let values = choices.map(\.value)
    return ValueType(
      .choice(choices), metavariable: metavariable, expectation: "one of \(values.joined(separator: ", "))",
      parse: { values.contains($0) ? $0 : nil })
  }
}

extension ValueType where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of an enum's cases, by its raw value.
  /// - Parameter summary: a few words on a case, for help and completions.
  package static func choice(
    _ metavariable: String, summary: (Value) -> String = { _ in "" }
  ) -> ValueType {
    let choices = Value.allCases.map { Choice($0.rawValue, summary($0)) }
    return ValueType(
      .choice(choices), metavariable: metavariable,
      expectation: "one of \(choices.map(\.value).joined(separator: ", "))", parse: { Value(rawValue: $0) },
      render: { $0.rawValue })
  }
}
