import ChatKit
import Testing

@Suite struct MigrationLintTests {
  private func rules(_ sql: String, isTransactional: Bool = true) -> [String] {
    MigrationLint.check(SQLScript(sql).statements, file: "x.sql", isTransactional: isTransactional).map(\.rule.rawValue)
  }

  @Test(
    "what holds up a running service is found",
    arguments: [
      ("CREATE INDEX i ON users (name)", "index-blocks-writes"),
      ("ALTER TABLE users ADD COLUMN a int NOT NULL", "not-null-without-default"),
      ("ALTER TABLE users ADD COLUMN a uuid DEFAULT gen_random_uuid()", "volatile-default"),
      ("ALTER TABLE users ALTER COLUMN a SET NOT NULL", "set-not-null"),
      ("ALTER TABLE users ALTER COLUMN a TYPE bigint", "column-type"),
      ("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)", "constraint-blocks"),
      ("ALTER TABLE users ADD FOREIGN KEY (a) REFERENCES b", "constraint-blocks"),
      ("ALTER TABLE users RENAME COLUMN a TO b", "rename"),
      ("ALTER TABLE users ADD COLUMN a int, DROP COLUMN b", "drop-column"),
      ("DROP TABLE users", "drop-table"),
      ("DROP INDEX i", "exclusive-lock"),
      ("LOCK TABLE users", "exclusive-lock"),
      ("UPDATE users SET a = 1", "whole-table"),
      ("CREATE INDEX CONCURRENTLY i ON users (name)", "concurrently-in-transaction"),
      ("SELECT 1; COMMIT", "ends-transaction"),
    ])
  func blocking(_ sql: String, _ rule: String) { #expect(rules(sql).contains(rule)) }

  @Test(
    "what does not is left alone",
    arguments: [
      "CREATE TABLE a (id int PRIMARY KEY, b int REFERENCES users); CREATE INDEX i ON a (b); ALTER TABLE a ADD c int NOT NULL",
      "ALTER TABLE users ADD COLUMN a int NOT NULL DEFAULT 0, ADD COLUMN b timestamptz DEFAULT now()",
      "ALTER TABLE users ADD CONSTRAINT c CHECK (a IN (1, 2)) NOT VALID",
      "ALTER TABLE users VALIDATE CONSTRAINT c",
      "UPDATE users SET a = 1 WHERE id = 2",
      "ALTER TABLE users ALTER COLUMN a SET DEFAULT 1",
    ])
  func harmless(_ sql: String) { #expect(rules(sql) == []) }

  @Test("without a transaction everything can be repeated")
  func repeatable() {
    #expect(rules("CREATE TABLE a (id int)", isTransactional: false) == ["not-repeatable"])
    #expect(rules("ALTER TABLE a ADD COLUMN b int", isTransactional: false) == ["not-repeatable"])
    #expect(
      rules("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b)", isTransactional: false) == ["invalid-index-kept"])
    let whole = "DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON a (b)"
    #expect(rules(whole, isTransactional: false) == [])
  }

  @Test("a comment allows what is meant to be so, by its rule's name")
  func allowed() {
    #expect(rules("-- lint: allow drop-table it was never used\nDROP TABLE users") == [])
    #expect(rules("-- lint: allow rename it was never used\nDROP TABLE users") == ["drop-table"])
  }

  @Test("the migrations of this program hold up nobody")
  func builtIn() {
    #expect(Migration.all.flatMap { MigrationLint.check($0) }.filter(\.rule.isError) == [])
  }

  @Test("files are read in SQL and in Swift, with their own lines")
  func files() {
    let sql = MigrationSource.statements(of: "-- chatctl: no transaction\n\nDROP TABLE a;", isSwift: false)
    #expect(!sql.isTransactional && sql.statements.map(\.line) == [3])
    let swift = """
      extension Migration {
        static let a = Migration(
          version: 1, name: "a",
          withoutTransaction: [
            "ALTER TABLE users ADD COLUMN a int NOT NULL",
            \"\"\"
            CREATE INDEX i
              ON users (a)
            \"\"\",
          ])
      }
      """
    let found = MigrationSource.statements(of: swift, isSwift: true)
    #expect(!found.isTransactional && found.statements.map(\.line) == [5, 7])
    let new = MigrationSource.new(version: 14, name: "message_tags", isTransactional: true)
    #expect(new.fileName == "0014_message_tags.swift" && new.registration == "messageTags")
    #expect(new.text.contains("static let messageTags = Migration("))
  }
}
