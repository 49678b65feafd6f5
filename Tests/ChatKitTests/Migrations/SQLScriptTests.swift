import ChatKit
import Testing

@Suite struct SQLScriptTests {
  private func texts(_ sql: String) -> [String] { SQLScript(sql).statements.map(\.text) }

  @Test("semicolons in quotes, dollar quotes and comments end nothing")
  func quotes() {
    #expect(texts("SELECT 1; SELECT 2;") == ["SELECT 1", "SELECT 2"])
    #expect(texts("SELECT ';''' ; SELECT \"a;\"\"b\"") == ["SELECT ';'''", "SELECT \"a;\"\"b\""])
    #expect(texts("SELECT E'\\';' ; SELECT 1") == ["SELECT E'\\';'", "SELECT 1"])
    #expect(texts("DO $$ BEGIN; END $$; SELECT $1") == ["DO $$ BEGIN; END $$", "SELECT $1"])
    #expect(texts("DO $a$ $$;$$ $a$; SELECT 1") == ["DO $a$ $$;$$ $a$", "SELECT 1"])
    #expect(texts("-- a; b\nSELECT 1 /* ; /* ; */ ; */ + 1; -- c;") == ["SELECT 1 /* ; /* ; */ ; */ + 1"])
    #expect(texts(" ; ;; ") == [])
    #expect(texts("SELECT 'open") == ["SELECT 'open"])
  }

  @Test("a function body in SQL belongs to its statement")
  func atomic() {
    let sql = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3"
    #expect(texts(sql).count == 2)
  }

  @Test("statements know their line, and the line of a character")
  func lines() {
    let script = SQLScript("-- first\n\nSELECT 1;\nSELECT\n  2\n  + x;")
    #expect(script.statements.map(\.line) == [3, 4])
    #expect(SQLScript.line(of: 14, in: script.statements[1]) == 6)
    #expect(script.statements[0].comments == [" first"])
  }

  @Test("the migrations of this program are taken apart as they were written")
  func builtIn() {
    for migration in Migration.all {
      #expect(!migration.parts.isEmpty)
      if !migration.isTransactional {
        #expect(migration.parts.count == migration.statements.count, "\(migration.fileName)")
      }
    }
  }
}
