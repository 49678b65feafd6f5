import Testing

/// `#expect(a == b)` for calls that mutate a value, which the macro does not take.
func check<Value: Equatable>(
  _ value: Value, _ expected: Value, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(value == expected, sourceLocation: sourceLocation)
}
