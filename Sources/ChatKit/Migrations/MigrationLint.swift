/// Looks for what a migration should not do to a service that runs: block it, break the release before, or fail half-way.
///
/// It reads words and does not understand SQL: what it finds is so in nearly all cases. What is meant to be as it is says so
/// in a comment within or before the statement: `-- lint: allow drop-column nobody has read it since 1.4`.
package struct MigrationLint: Sendable {
  package enum Rule: String, Sendable, CaseIterable {
    case indexBlocksWrites = "index-blocks-writes"
    case concurrentlyInTransaction = "concurrently-in-transaction"
    case invalidIndexKept = "invalid-index-kept"
    case notNullWithoutDefault = "not-null-without-default"
    case volatileDefault = "volatile-default"
    case setNotNull = "set-not-null"
    case columnType = "column-type"
    case constraintBlocks = "constraint-blocks"
    case rename = "rename"
    case dropColumn = "drop-column"
    case dropTable = "drop-table"
    case exclusiveLock = "exclusive-lock"
    case manyLocks = "many-locks"
    case wholeTable = "whole-table"
    case notRepeatable = "not-repeatable"
    case endsTransaction = "ends-transaction"

    /// What happens, and what to write instead.
    package var advice: String {
      switch self {
      case .indexBlocksWrites:
        "it blocks writing for as long as it is built: CREATE INDEX CONCURRENTLY, in a migration without a transaction"
      case .concurrentlyInTransaction: "PostgreSQL refuses it in a transaction: use a migration without one"
      case .invalidIndexKept:
        "an index whose building was cut short stays, invalid: DROP INDEX CONCURRENTLY IF EXISTS before it"
      case .notNullWithoutDefault:
        "it fails as soon as the table has a row: give the column a DEFAULT, or let it be null"
      case .volatileDefault:
        "it writes the whole table anew, locked: add the column without it, SET DEFAULT, fill the rows in batches"
      case .setNotNull:
        "it reads the whole table, locked: ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID and VALIDATE first"
      case .columnType: "it writes the whole table anew, locked: add a column, copy in batches, change over"
      case .constraintBlocks:
        "it reads the whole table, locked: NOT VALID and then VALIDATE, or USING INDEX of one that was built CONCURRENTLY"
      case .rename: "the release before this one still asks for the old name: add, copy, and drop in a later release"
      case .dropColumn: "its data is gone, and the release before this one may still ask for it"
      case .dropTable: "its data is gone, and the release before this one may still ask for it"
      case .exclusiveLock: "nobody can read or write the table meanwhile"
      case .manyLocks:
        "it holds the locks of several tables until its end, and can wait in a circle with the service: one table a migration"
      case .wholeTable: "it locks every row until its end and leaves as many dead ones: do it in batches"
      case .notRepeatable:
        "a migration without a transaction is run again from its beginning when it was cut short: IF NOT EXISTS, OR REPLACE"
      case .endsTransaction: "the migration has a transaction of its own"
      }
    }

    /// A warning may be as it should be; an error hardly ever.
    package var isError: Bool {
      switch self {
      case .invalidIndexKept, .dropColumn, .dropTable, .wholeTable, .manyLocks: false
      default: true
      }
    }
  }

  package struct Finding: Sendable, Equatable {
    package let rule: Rule
    /// The migration or the file.
    package let file: String
    package let line: Int
    /// The beginning of the statement.
    package let statement: String
  }

  /// Tables and indexes that the migration itself has made: nobody uses them yet.
  private var made: Set<String> = []
  private var dropped: Set<String> = []
  private var altered: [String] = []
  private let file: String
  private let isTransactional: Bool
  private var findings: [Finding] = []

  package static func check(_ migration: Migration) -> [Finding] {
    check(migration.parts, file: migration.fileName, isTransactional: migration.isTransactional)
      .filter { migration.allowed[$0.rule] == nil }
  }

  /// - Parameter line: added to the lines of the statements: where the script stands in its file.
  package static func check(
    _ statements: [SQLScript.Statement], file: String, isTransactional: Bool
  ) -> [Finding] {
    var lint = MigrationLint(file: file, isTransactional: isTransactional)
    for statement in statements { lint.check(statement) }
    return lint.findings
  }

  private init(file: String, isTransactional: Bool) {
    self.file = file
    self.isTransactional = isTransactional
  }

  private mutating func find(_ rule: Rule, _ statement: SQLScript.Statement) {
    let isAllowed = statement.comments.contains { comment in
      let words = comment.split(separator: " ")
      return words.count >= 3 && words[0] == "lint:" && words[1] == "allow" && words[2] == rule.rawValue
    }
    guard !isAllowed else { return }
    let line = statement.text.split(whereSeparator: \.isNewline).first ?? ""
    findings.append(
      Finding(
        rule: rule, file: file, line: statement.line, statement: line.count > 80 ? "\(line.prefix(79))…" : "\(line)"))
  }

  private mutating func check(_ statement: SQLScript.Statement) {
    let words = statement.words
    let concurrently = words.contains("CONCURRENTLY")
    if isTransactional, concurrently || words.first == "VACUUM" { find(.concurrentlyInTransaction, statement) }
    switch words.first {
    case "CREATE": checkCreate(statement, words)
    case "ALTER" where words.count > 1 && words[1] == "TABLE": checkAlter(statement, words)
    case "DROP": checkDrop(statement, words, concurrently)
    case "LOCK", "CLUSTER", "TRUNCATE": find(.exclusiveLock, statement)
    case "REINDEX" where !concurrently: find(.exclusiveLock, statement)
    case "VACUUM" where words.contains("FULL"): find(.exclusiveLock, statement)
    case "UPDATE", "DELETE":
      let table = name(after: words[0] == "DELETE" ? "FROM" : "UPDATE", words)
      if !words.contains("WHERE"), !made.contains(table) { find(.wholeTable, statement) }
    case "BEGIN", "COMMIT", "ROLLBACK", "END", "START": find(.endsTransaction, statement)
    default: break
    }
  }

  private mutating func checkCreate(_ statement: SQLScript.Statement, _ words: [String]) {
    let isGuarded = words.contains("EXISTS") || words.contains("REPLACE")
    if let place = words.firstIndex(of: "INDEX"), place <= 2 {
      let table = name(after: "ON", words)
      let index = name(after: "INDEX", words)
      if words.contains("CONCURRENTLY") {
        if !dropped.contains(index) { find(.invalidIndexKept, statement) }
      } else {
        if !made.contains(table) { find(.indexBlocksWrites, statement) }
        if !isTransactional, !isGuarded { find(.notRepeatable, statement) }
      }
      made.insert(index)
      return
    }
    if !isTransactional, !isGuarded, words.count > 1 { find(.notRepeatable, statement) }
    if let place = words.firstIndex(of: "TABLE"), place <= 2 { made.insert(name(after: "TABLE", words)) }
  }

  private mutating func checkDrop(_ statement: SQLScript.Statement, _ words: [String], _ concurrently: Bool) {
    guard words.count > 2 else { return }
    let name = name(after: words[1], words)
    switch words[1] {
    case "INDEX" where !concurrently && !made.contains(name): find(.exclusiveLock, statement)
    case "TABLE" where !made.contains(name): find(.dropTable, statement)
    default: break
    }
    dropped.insert(name)
    if !isTransactional, !words.contains("EXISTS") { find(.notRepeatable, statement) }
  }

  private mutating func checkAlter(_ statement: SQLScript.Statement, _ words: [String]) {
    let table = name(after: "TABLE", words)
    guard !made.contains(table) else { return }
    if isTransactional, !altered.contains(table) {
      altered.append(table)
      if altered.count == 2 { find(.manyLocks, statement) }
    }
    // Each action by itself: commas within parentheses belong to it.
    for action in Self.actions(words) { check(action, of: statement) }
  }

  private mutating func check(_ action: ArraySlice<String>, of statement: SQLScript.Statement) {
    let words = Array(action)
    func has(_ run: String...) -> Bool {
      words.indices.contains { Array(words[$0...].prefix(run.count)) == run }
    }
    let isColumn =
      words.first == "ADD" && !has("ADD", "CONSTRAINT") && !Self.constraints.contains(words.dropFirst().first ?? "")
    if isColumn {
      let hasDefault = has("DEFAULT") || has("GENERATED")
      if has("NOT", "NULL"), !hasDefault { find(.notNullWithoutDefault, statement) }
      if let place = words.firstIndex(of: "DEFAULT"), words[place...].contains(where: Self.volatile.contains) {
        find(.volatileDefault, statement)
      }
      if has("REFERENCES") || has("CHECK") || has("UNIQUE") || has("PRIMARY", "KEY") {
        find(.constraintBlocks, statement)
      }
      if !isTransactional, !has("IF", "NOT", "EXISTS") { find(.notRepeatable, statement) }
    } else if words.first == "ADD" {
      if !has("NOT", "VALID"), !has("USING", "INDEX") { find(.constraintBlocks, statement) }
      if !isTransactional { find(.notRepeatable, statement) }
    }
    if words.first == "ALTER" {
      if has("SET", "NOT", "NULL") { find(.setNotNull, statement) }
      if has("TYPE"), !has("DEFAULT") { find(.columnType, statement) }
    }
    if words.first == "RENAME" { find(.rename, statement) }
    if words.first == "DROP", !has("DROP", "CONSTRAINT"), words.count > 1 { find(.dropColumn, statement) }
  }

  private static let constraints: Set<String> = ["FOREIGN", "CHECK", "UNIQUE", "PRIMARY", "EXCLUDE"]
  /// Functions whose answer is another for each row, of those that defaults are made of.
  private static let volatile: Set<String> = [
    "RANDOM", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "CLOCK_TIMESTAMP", "TIMEOFDAY", "NEXTVAL",
  ]

  /// The actions of ALTER TABLE name action, action.
  private static func actions(_ words: [String]) -> [ArraySlice<String>] {
    let verbs: Set<String> = ["ADD", "ALTER", "DROP", "RENAME", "SET", "RESET", "VALIDATE", "ATTACH", "DETACH"]
    guard let first = words.dropFirst(3).firstIndex(where: verbs.contains) else { return [] }
    var actions: [ArraySlice<String>] = []
    var start = first
    var depth = 0
    for index in words[first...].indices {
      if words[index] == "(" { depth += 1 }
      if words[index] == ")" { depth -= 1 }
      if words[index] == ",", depth == 0 {
        actions.append(words[start..<index])
        start = index + 1
      }
    }
    actions.append(words[start...])
    return actions
  }

  /// The name that follows a keyword and what may stand between: `IF NOT EXISTS`, `ONLY`, `CONCURRENTLY`; with its schema.
  private func name(after keyword: String, _ words: [String]) -> String {
    guard let place = words.firstIndex(of: keyword) else { return "" }
    let between: Set<String> = ["IF", "NOT", "EXISTS", "ONLY", "CONCURRENTLY"]
    guard let first = words[(place + 1)...].firstIndex(where: { !between.contains($0) }) else { return "" }
    var name = words[first]
    var next = first + 1
    while next + 1 < words.count, words[next] == "." {
      name = words[next + 1]
      next += 2
    }
    return name
  }
}
