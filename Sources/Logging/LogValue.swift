/// A field's value. In JSON numbers are numbers; in logfmt text is quoted where it must be.
package enum LogValue: Sendable {
  case string(String)
  case integer(Int64)
  case boolean(Bool)
  /// Written in seconds.
  case duration(nanoseconds: UInt64)

  package static func count(_ number: some BinaryInteger) -> LogValue { .integer(Int64(clamping: number)) }
  package static func describing(_ value: some Any) -> LogValue { .string(String(describing: value)) }
  /// With what only those who run the program may see.
  package static func reflecting(_ value: some Any) -> LogValue { .string(String(reflecting: value)) }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .boolean(value) }
}
