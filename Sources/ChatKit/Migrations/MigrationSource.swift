import Primitives

/// Migrations as files: what `migrate lint` reads, and what `migrate new` writes.
package enum MigrationSource {
  /// The statements of a file and whether they run in a transaction: of SQL (`.sql`, or anything else), or of the literals of
  /// a migration in Swift. Lines are the file's.
  ///
  /// SQL runs without a transaction where one of its comments says `chatctl: no transaction`.
  package static func statements(
    of text: String, isSwift: Bool
  ) -> (statements: [SQLScript.Statement], isTransactional: Bool) {
    guard isSwift else {
      let statements = SQLScript(text).statements
      let says = statements.contains { $0.comments.contains { $0.contains("chatctl: no transaction") } }
      return (statements, !says)
    }
    let statements = literals(of: text).flatMap { literal in
      // Blank lines before it, so that its lines are the file's.
      SQLScript(String(repeating: "\n", count: literal.line - 1) + literal.text).statements
    }
    return (statements, !text.contains("withoutTransaction:"))
  }

  /// The literals of Swift that hold SQL: those of several lines, and those of one that begin with a verb of SQL.
  private static func literals(of text: String) -> [(text: String, line: Int)] {
    var literals: [(text: String, line: Int)] = []
    var open: (lines: [Substring], line: Int)?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let trimmed = line.drop { $0 == " " }
      if let literal = open {
        if trimmed.hasPrefix("\"\"\"") {
          literals.append((literal.lines.joined(separator: "\n"), literal.line))
          open = nil
        } else {
          open?.lines.append(line)
        }
      } else if line.hasSuffix("\"\"\"") {
        open = ([], index + 2)
      } else if trimmed.hasPrefix("\""), let end = trimmed.dropFirst().lastIndex(of: "\"") {
        let inner = trimmed[trimmed.index(after: trimmed.startIndex)..<end]
        let verbs = ["ALTER ", "CREATE ", "DROP ", "INSERT ", "UPDATE ", "DELETE ", "REINDEX ", "LOCK ", "TRUNCATE "]
        if verbs.contains(where: inner.hasPrefix) { literals.append((String(inner), index + 1)) }
      }
    }
    return literals
  }

  /// The file name and the contents of a new migration: `0014_reactions.swift`.
  /// - Parameter name: lower case letters, digits and underscores.
  package static func new(
    version: Int, name: String, isTransactional: Bool
  ) -> (fileName: String, text: String, registration: String) {
    let migration = Migration(version: version, name: name, sql: "")
    let parts = name.split(separator: "_")
    let identifier =
      (parts.first.map(String.init) ?? "")
      + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    let body =
      isTransactional
      ? """
          sql: \"\"\"
            \"\"\",
          down: \"\"\"
            \"\"\")
      """
      : """
          withoutTransaction: [
            // Each can be repeated: IF NOT EXISTS, OR REPLACE, DROP INDEX CONCURRENTLY IF EXISTS first.
          ])
      """
    let text = """
      extension Migration {
        /// What it brings, and why it can be applied beside the running service.
        static let \(identifier) = Migration(
          version: \(version), name: "\(name)",
      \(body)
      }

      """
    return ("\(migration.fileName).swift", text, identifier)
  }
}
