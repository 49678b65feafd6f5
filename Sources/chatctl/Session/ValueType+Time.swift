import Commands
import Primitives

extension ValueType where Value == Timestamp {
  /// A moment: RFC 3339 (in UTC where it has no zone), a day (its beginning in UTC), or how long ago it was: `7d`.
  static var time: ValueType {
    ValueType(
      .string, metavariable: "TIME", expectation: "a time: 2026-11-21T20:00:00Z, 2026-11-21, or 7d for as long ago",
      parse: { text in
        Timestamp(rfc3339: text) ?? Timestamp(rfc3339: "\(text)Z") ?? Timestamp(rfc3339: "\(text)T00:00:00Z")
          ?? Duration(text: text).map { Timestamp.now() - $0 }
      })
  }
}
