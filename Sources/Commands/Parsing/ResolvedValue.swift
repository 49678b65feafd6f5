/// What was said for a parameter, and by whom.
struct ResolvedValue: Sendable {
  /// Nil when nobody said anything.
  let texts: [String]?
  let source: ValueSource

  static let absent = ResolvedValue(texts: nil, source: .default)
}
