/// The text of one SQL statement with `$1`, `$2` … for its parameters. Values never belong into the text.
///
/// Written as a literal, a statement is known by its address, which makes finding its prepared form cheap.
package struct PostgresStatement: Sendable, Hashable, ExpressibleByStringLiteral {
  private enum Text: Sendable {
    case literal(StaticString)
    case dynamic(String)
  }

  private let text: Text

  package init(stringLiteral value: StaticString) { text = .literal(value) }

  package init(_ literal: StaticString) { text = .literal(literal) }

  /// A statement put together at run time, of parts that are not anybody's input.
  package init(unchecked sql: String) { text = .dynamic(sql) }

  package var sql: String {
    switch text {
    case .literal(let literal): literal.description
    case .dynamic(let sql): sql
    }
  }

  /// Calls `body` with the text, ended by a zero byte.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    switch text {
    case .literal(let literal) where literal.hasPointerRepresentation:
      // The compiler ends literals with a zero byte.
      UnsafeRawPointer(literal.utf8Start).withMemoryRebound(to: CChar.self, capacity: literal.utf8CodeUnitCount + 1) {
        body($0)
      }
    case .literal(let literal): literal.description.withCString(body)
    case .dynamic(let sql): sql.withCString(body)
    }
  }

  package static func == (a: PostgresStatement, b: PostgresStatement) -> Bool {
    switch (a.text, b.text) {
    case (.literal(let a), .literal(let b)) where a.hasPointerRepresentation && b.hasPointerRepresentation:
      a.utf8Start == b.utf8Start && a.utf8CodeUnitCount == b.utf8CodeUnitCount
    case (.dynamic(let a), .dynamic(let b)): a == b
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch text {
    case .literal(let literal) where literal.hasPointerRepresentation: hasher.combine(literal.utf8Start)
    case .literal: break
    case .dynamic(let sql): hasher.combine(sql)
    }
  }
}
