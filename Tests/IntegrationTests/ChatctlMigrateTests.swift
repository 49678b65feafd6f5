import ChatKit
import Networking
import Postgres
import TestSupport
import Testing

@Suite("chatctl migrate")
struct ChatctlMigrateTests {
  private func run(_ database: String, _ arguments: String...) async throws -> (exit: TestProcess.Exit, output: String)
  {
    try await TestProcess.run("chatctl", ["migrate"] + arguments + ["--postgres", database])
  }

  @Test("says what is pending, applies it up to a version, and has nothing to do the second time")
  func upwards() async throws {
    try await withDatabase { database in
      let pending = try await run(database, "status", "-o", "ndjson")
      #expect(pending.exit == .code(1))
      #expect(pending.output.contains(#""migration":"0001_foundation","state":"pending""#))
      let plan = try await run(database, "plan", "--to", "2", "-o", "ndjson")
      #expect(plan.exit == .code(0) && plan.output.split(separator: "\n").count == 2)
      #expect(plan.output.contains(#"{"migration":"0002_accounts","statements":12,"transaction":false"#))
      let sql = try await run(database, "plan", "--sql", "--to", "1")
      #expect(sql.output.hasPrefix("-- 0001_foundation\nBEGIN;") && sql.output.contains("COMMIT;"))
      let dry = try await run(database, "up", "--to", "1", "--dry-run")
      #expect(dry.output.contains("0001_foundation") && !dry.output.contains("applying"))
      let one = try await run(database, "up", "--to", "1")
      #expect(one.exit == .code(0) && !one.output.contains("0002_accounts"))
      let all = try await run(database, "up", "-o", "name")
      #expect(all.exit == .code(0) && all.output.contains("migration/0002_accounts"))
      let second = try await run(database, "up")
      #expect(second.exit == .code(0) && second.output.contains("the schema is current"))
      let current = try await TestProcess.run(
        "chatctl", ["migrate", "status", "-o", "ndjson"], environment: ["CHATD_POSTGRES": database])
      #expect(current.exit == .code(0))
      #expect(current.output.contains(#""migration":"0001_foundation","state":"applied""#))
      #expect(try await run(database, "verify").exit == .code(0))
      #expect(try await run(database, "doctor").exit == .code(0))
    }
  }

  @Test("what has no way back is not undone, and nothing is undone unasked")
  func downwards() async throws {
    try await withDatabase { database in
      #expect(try await run(database, "up", "--to", "9").exit == .code(0))
      let unasked = try await run(database, "down")
      #expect(unasked.exit == .code(64) && unasked.output.contains("--yes"))
      let undone = try await run(database, "down", "--yes")
      #expect(undone.exit == .code(0) && undone.output.contains("0009_calls"))
      let refused = try await run(database, "down", "--yes")
      #expect(refused.exit == .code(1) && refused.output.contains("0008_encryption: has no way back"))
    }
  }

  @Test(
    "the way back from the latest to 8, and there again, leaves the very schema; with what is not to be lost it is refused"
  )
  func roundTrip() async throws {
    try await withDatabase { database in
      let dump = try await TestDatabase.program("pg_dump")
      @Sendable func schema() async throws -> String {
        let result = try await TestProcess.run(dump, ["--schema-only", "--no-owner", "-d", database])
        #expect(result.exit == .code(0))
        // The version 15.14 and later of pg_dump writes a key of its own into each dump.
        return result.output.split(separator: "\n").filter { !$0.hasPrefix("\\") }.joined(separator: "\n")
      }
      #expect(try await run(database, "up", "--to", "8").exit == .code(0))
      let early = try await schema()
      #expect(try await run(database, "up").exit == .code(0))
      let late = try await schema()
      #expect(early != late)
      let count = "\(Migration.all.count { $0.version > 8 })"
      try await sql(database) {
        try await $0.script("INSERT INTO user_blocks VALUES (gen_random_uuid(), gen_random_uuid())")
      }
      let kept = try await run(database, "down", "--count", count, "--yes")
      #expect(kept.exit == .code(1) && kept.output.contains("user_blocks, message_reports or audit_log has rows"))
      #expect(
        try await run(database, "status", "-o", "ndjson").output.contains(#""0010_moderation","state":"applied""#))
      try await sql(database) { try await $0.script("DELETE FROM user_blocks") }
      // What was undone before the refusal stays undone.
      let left = "\(Migration.all.count { $0.version == 9 || $0.version == 10 })"
      #expect(try await run(database, "down", "--count", left, "--yes").exit == .code(0))
      #expect(try await schema() == early)
      #expect(try await run(database, "up").exit == .code(0))
      #expect(try await schema() == late)
    }
  }

  @Test(
    "Ctrl-C cancels what runs, leaves everything consistent and says how to go on; locks are named with who has them")
  func interrupted() async throws {
    try await withDatabase { database in
      #expect(try await run(database, "up", "--to", "9").exit == .code(0))
      try await sql(database) { connection in
        try await connection.script("SET application_name = 'a long report'")
        try await connection.script("BEGIN; SELECT count(*) FROM conversations")
        let first = try await TestProcess.start("chatctl", ["migrate", "up", "--postgres", database])
        let line = try await first.waitForLine(containing: "0010_moderation waits for a long report")
        #expect(line.contains("idle in transaction") && line.contains("has locked conversations"))
        try await first.waitForLine(containing: "SELECT pg_terminate_backend(\(connection.processID))")
        let second = try await TestProcess.start("chatctl", ["migrate", "up", "--postgres", database])
        try await second.waitForLine(containing: "waiting for chatctl migrate")
        first.signal(2)
        #expect(try await first.waitForExit() == .code(130))
        #expect(first.output.contains("0010_moderation: was interrupted at statement 2"), "\(first.output)")
        #expect(first.output.contains("Resume with: chatctl migrate up"))
        // The second goes on where the first was ended.
        try await second.waitForLine(containing: "0010_moderation waits for a long report")
        try await connection.script("ROLLBACK")
        #expect(try await second.waitForExit() == .code(0))
        #expect(try await run(database, "doctor").exit == .code(0))
      }
    }
  }

  @Test("doctor says at which statement a migration failed and what repairs it, and repair does it")
  func doctor() async throws {
    try await withDatabase { database in
      #expect(try await run(database, "up", "--to", "1").exit == .code(0))
      // In the way of 0002: an index that somebody began and never ended, and a column of another type.
      try await sql(database) { connection in
        try await connection.script("ALTER TABLE users ADD COLUMN version text")
        try await connection.script(
          "INSERT INTO users (id, workspace_id, username, display_name, password_hash)"
            + " SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000001', n, 'x', '' FROM unnest(ARRAY['a', 'b']) n"
        )
        try? await connection.script("CREATE UNIQUE INDEX CONCURRENTLY half ON users (display_name)")
        try await connection.script("CREATE VIEW login_failures AS SELECT 1 AS x")
      }
      let failed = try await run(database, "up")
      #expect(failed.exit == .code(1) && failed.output.contains("0002_accounts: failed at statement"))
      #expect(failed.output.contains("migrate doctor"))
      let found = try await run(database, "doctor", "-o", "ndjson")
      #expect(found.exit == .code(1))
      #expect(found.output.contains(#""problem":"failed","subject":"0002_accounts","statement":4"#))
      #expect(found.output.contains(#""problem":"invalidIndex","subject":"half""#))
      let repaired = try await run(database, "repair", "--yes")
      #expect(
        repaired.exit == .code(1) && repaired.output.contains("half") && repaired.output.contains("left: 0002_accounts")
      )
      try await sql(database) { try await $0.script("DROP VIEW login_failures; ALTER TABLE users DROP COLUMN version") }
      #expect(try await run(database, "up").exit == .code(0))
      #expect(try await run(database, "doctor").exit == .code(0))
    }
  }

  @Test("a changed checksum is told, and taken only when that is said")
  func changed() async throws {
    try await withDatabase { database in
      #expect(try await run(database, "up").exit == .code(0))
      try await sql(database) { try await $0.script("UPDATE schema_migrations SET checksum = 'x' WHERE version = 3") }
      let told = try await run(database, "verify", "-o", "ndjson")
      #expect(told.exit == .code(1) && told.output.contains(#""migration":"0003_presence","state":"changed""#))
      #expect(try await run(database, "up").exit == .code(1))
      #expect(try await run(database, "repair").exit == .code(64))
      #expect(try await run(database, "repair", "--yes").exit == .code(0))
      #expect(try await run(database, "verify").exit == .code(0))
    }
  }

  @Test("a schema without its records is taken for what it is with baseline")
  func baseline() async throws {
    try await withDatabase { database in
      #expect(try await run(database, "up").exit == .code(0))
      try await sql(database) { try await $0.script("DROP TABLE schema_migrations") }
      let found = try await run(database, "doctor")
      #expect(found.exit == .code(1) && found.output.contains("migrate baseline"))
      let last = "\(Migration.all.map(\.version).max() ?? 0)"
      #expect(try await run(database, "baseline", "9999", "--yes").exit == .code(1))
      #expect(try await run(database, "baseline", last, "--yes").exit == .code(0))
      #expect(try await run(database, "status").exit == .code(0))
    }
  }

  @Test("of two runs at once the second names the first, its process and host, and waits")
  func twoRuns() async throws {
    try await withDatabase { database in
      try await sql(database) { connection in
        // As a migrator that is at work has it.
        try await connection.script("SET application_name = 'chatctl migrate (4711@db1)'")
        try await connection.script("SELECT pg_advisory_lock(\(0x6368_6174_6d69_6772 as Int64))")
        let second = try await TestProcess.start("chatctl", ["migrate", "up", "--postgres", database])
        let line = try await second.waitForLine(containing: "waiting for")
        #expect(line.contains("chatctl migrate (4711@db1)") && line.contains("since 20"))
        #expect(line.contains("PostgreSQL process \(connection.processID)"))
        try await connection.script("SELECT pg_advisory_unlock_all()")
        #expect(try await second.waitForExit() == .code(0))
      }
    }
  }

  @Test("lint reads files, new writes one that lint has nothing to say of")
  func files() async throws {
    let folder = try TemporaryFolder.make()
    let file = "\(folder)/0099_nick.sql"
    try FileText.write("ALTER TABLE users ADD COLUMN nick text NOT NULL;\nCREATE INDEX n ON users (nick);\n", to: file)
    let found = try await TestProcess.run("chatctl", ["migrate", "lint", file])
    #expect(found.exit == .code(1))
    #expect(found.output.contains("\(file):1") && found.output.contains("not-null-without-default"))
    #expect(found.output.contains("\(file):2") && found.output.contains("index-blocks-writes"))
    #expect(try await TestProcess.run("chatctl", ["migrate", "lint"]).exit == .code(0))
    let new = try await TestProcess.run("chatctl", ["migrate", "new", "reactions", "--folder", folder, "-o", "name"])
    #expect(new.exit == .code(0) && new.output.contains("_reactions.swift"))
    #expect(
      try await TestProcess.run("chatctl", ["migrate", "new", "reactions", "--folder", folder]).exit == .code(73))
    #expect(try await TestProcess.run("chatctl", ["migrate", "new", "Reactions"]).exit == .code(64))
  }

  private func sql(
    _ database: String, _ body: @escaping @Sendable (PostgresConnection) async throws -> Void
  ) async throws {
    try await withLoop { loop in
      let connection = try await PostgresConnection.connect(
        PostgresConfiguration(connectionString: database), loop: loop)
      defer { connection.close() }
      try await body(connection)
    }
  }
}
