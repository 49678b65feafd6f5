/// How records are printed.
enum RecordFormat: String, CaseIterable, Sendable {
  /// Columns for people; those that are seldom needed left out.
  case table
  /// All columns.
  case wide
  /// One array, or one object where there is exactly one record.
  case json
  /// An object a line, written as they come.
  case ndjson
  case yaml
  /// `kind/name`, a line each.
  case name
}
