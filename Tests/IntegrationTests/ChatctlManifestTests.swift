import ChatKit
import Kafka
import Networking
import Postgres
import TestSupport
import Testing

@Suite("chatctl apply, diff, plan, export, validate and explain")
struct ChatctlManifestTests {
  /// An empty environment: a database without a table, a Redis, keys of its own, and perhaps a Kafka.
  private struct Place {
    let connections: [String]
    let database: String
    let folder: String

    func run(_ words: String..., code: Int32 = 0) async throws -> String {
      let result = try await TestProcess.run("chatctl", words + connections + ["--no-input"], within: .seconds(120))
      guard result.exit == .code(code) else {
        throw TestFailure("chatctl \(words.joined(separator: " ")): \(result.exit), not \(code): \(result.output)")
      }
      return result.output
    }

    func write(_ text: String, _ name: String = "x.yaml") throws -> String {
      try FileText.write(text, to: "\(folder)/\(name)")
      return "\(folder)/\(name)"
    }

    func sql(_ statement: String) async throws {
      let database = database
      try await withLoop { loop in
        let connection = try await PostgresConnection.connect(
          PostgresConfiguration(connectionString: database), loop: loop)
        defer { connection.close() }
        try await connection.script(statement)
      }
    }
  }

  private func withPlace(
    kafka: KafkaConfiguration? = nil, _ body: @escaping @Sendable (Place) async throws -> Void
  ) async throws {
    let redis = try await TestRedis.make()
    try await withDatabase { database in
      let folder = try TemporaryFolder.make()
      var connections = [
        "--postgres", database, "--redis", "unix://\(redis.socket)", "--secrets", "\(folder)/keys", "--config", "none",
      ]
      if let kafka { connections += ["--bus", "kafka", "--kafka", kafka.brokers.joined(separator: ",")] }
      try await body(Place(connections: connections, database: database, folder: folder))
    }
  }

  private static let manifests =
    #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }
    + "/manifests"

  /// An empty environment to the state in manifests/, again with no change, drift shown by diff, put right by apply.
  private func walk(_ place: Place, _ manifests: String = ChatctlManifestTests.manifests) async throws {
    let empty = try await place.run("diff", "-f", manifests, code: 1)
    #expect(empty.contains("Schema") && empty.contains("acme/ada"))
    let made = try await place.run("apply", "-f", manifests)
    #expect(made.contains("Room") && made.contains("acme/general"))
    let again = try await place.run("apply", "-f", manifests)
    #expect(again.contains("all is as the manifests have it"))
    #expect(try await place.run("diff", "-f", manifests).contains("all is as the manifests have it"))

    // Somebody meddles.
    try await place.sql(
      """
      UPDATE users SET role = 'admin' WHERE username = 'grace';
      UPDATE users SET display_name = 'Nobody' WHERE username = 'ada';
      UPDATE conversations SET read_only = false, title = 'Olds' WHERE title = 'News';
      DELETE FROM participants WHERE user_id = (SELECT id FROM users WHERE username = 'grace');
      UPDATE webhooks SET url = 'http://evil.example'; UPDATE workspaces SET max_users = 1 WHERE name = 'acme'
      """)
    let drift = try await place.run("diff", "-f", manifests, "-o", "ndjson", code: 1)
    for part in [
      #""name":"acme/ada","field":"displayName","from":"Nobody","to":"Ada","risk":"safe""#,
      #""name":"acme/news","field":"title","from":"Olds","to":"News""#,
      #""field":"readOnly","from":"false","to":"true""#,
      #""name":"acme/board","field":"members.grace","from":null,"to":"member""#,
      #""field":"url","from":"http://evil.example""#, #""field":"limits.users","from":"1","to":"500""#,
    ] { #expect(drift.contains(part), "\(part) in \(drift)") }
    #expect(!drift.contains("general\",\"field\":\"title"))
    // What is not safe is not done unasked.
    #expect(try await place.run("apply", "-f", manifests, code: 64).contains("--yes"))
    _ = try await place.run("apply", "-f", manifests, "--yes", "--wait", "--timeout", "60s")
    #expect(try await place.run("diff", "-f", manifests).contains("all is as the manifests have it"))
  }

  @Test("an empty environment becomes what manifests/ has; drift is shown and put right: on Redis")
  func onRedis() async throws {
    try await withPlace { place in
      try await walk(place)
      let said = try await place.run("diff", "-f", Self.manifests)
      #expect(said.contains("Redis Streams make it with its first event"))
      #expect(said.contains("chatd.rules.yaml: passed over"))
    }
  }

  @Test("and on Kafka, with its topics", .enabled(if: TestKafka.isThere))
  func onKafka() async throws {
    let kafka = try await TestKafka.shared
    let topic = TestKafka.name("manifests")
    try await withPlace(kafka: kafka) { place in
      // The same manifests, but for the topics' names: the Kafka is that of all tests.
      for name in FileTree.names(in: "\(Self.manifests)/installation") where name.hasSuffix(".yaml") {
        let text = try FileText.read("\(Self.manifests)/installation/\(name)")
        _ = try place.write(
          text.replacing("chat.events", with: topic).replacing(
            "secrets/", with: "\(Self.manifests)/installation/secrets/"),
          name)
      }
      try await walk(place, place.folder)
      try await withLoop { loop in
        let admin = try KafkaAdmin(kafka, loop: loop)
        #expect(try await admin.partitions(of: topic).count == 12)
        _ = try await admin.alterConfigs(.topic(topic), ["retention.ms": "1000"])
        await admin.close()
      }
      let drift = try await place.run("diff", "-f", place.folder, "-o", "ndjson", code: 1)
      #expect(drift.contains(#""name":"\#(topic)","field":"retention.ms","from":"1000","to":"604800000""#))
      _ = try await place.run("apply", "-f", place.folder)
      #expect(try await place.run("diff", "-f", place.folder).contains("all is as the manifests have it"))
    }
  }

  @Test("what is exported applies to the same place without a change, and makes another the same")
  func export() async throws {
    try await withPlace { place in
      _ = try await place.run("apply", "-f", Self.manifests)
      let text = try await place.run("export")
      let file = try place.write(text, "export.yaml")
      #expect(text.contains("kind: Room") && text.contains("kind: Workspace") && !text.contains("secret"))
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
      try await withPlace { other in
        // A webhook's secret is not exported: who makes it has to name one.
        let refused = try await other.run("apply", "-f", file, code: 1)
        #expect(refused.contains("Webhook") && refused.contains("name a file with the secret"))
        let rest = try await place.run("export", "--kind", "Workspace", "--kind", "User", "--kind", "Room")
        let path = try other.write(rest.replacing("encrypted: true", with: "encrypted: false"))
        _ = try await other.run("apply", "-f", path)
        #expect(try await other.run("diff", "-f", path).contains("all is as the manifests have it"))
      }
    }
  }

  @Test("a plan is applied as it was looked at, and refused when the state has moved")
  func planFile() async throws {
    try await withPlace { place in
      _ = try await place.run("migrate", "up")
      let user = "apiVersion: chatd/v1\nkind: User\nmetadata: {name: ann}\nspec: {displayName: Ann}\n"
      let file = try place.write(user)
      let plan = "\(place.folder)/next.plan"
      #expect(try await place.run("plan", "-f", file, "--out", plan).contains("main/ann"))
      #expect(try await place.run("apply", plan, "--dry-run").contains("main/ann"))
      _ = try await place.run("apply", plan)
      let refused = try await place.run("apply", plan, code: 1)
      #expect(refused.contains("the state has moved"))
      #expect(try await place.run("apply", file, code: 65).contains("is no plan"))
      #expect(try await place.run("apply", plan, "-f", file, code: 64).contains("give -f or a plan"))
    }
  }

  @Test("prune removes what the owner no longer has, and nobody else's, up to the limit")
  func prune() async throws {
    try await withPlace { place in
      func users(_ names: [String]) throws -> String {
        try place.write(
          names.map { "apiVersion: chatd/v1\nkind: User\nmetadata: {name: \($0)}\nspec: {disabled: false}\n" }
            .joined(separator: "---\n"))
      }
      _ = try await place.run("apply", "-f", try users(["ann", "bob", "cid"]), "--owner", "ops")
      _ = try await place.run("apply", "-f", try users(["dan"]), "--owner", "others")
      let kept = try await place.run("apply", "-f", try users(["ann"]), "--owner", "ops")
      #expect(kept.contains("2 things of owner 'ops' are not in the manifests"))
      let limited = try await place.run(
        "apply", "-f", try users(["ann"]), "--owner", "ops", "--prune", "--prune-limit", "1", code: 1)
      #expect(limited.contains("--prune-limit is 1"))
      let gone = try await place.run(
        "apply", "-f", try users(["ann"]), "--owner", "ops", "--prune", "--yes", "-o", "ndjson")
      #expect(gone.contains("main/bob") && gone.contains("main/cid") && !gone.contains("main/dan"))
      #expect(
        try await place.run("user", "list", "--state", "disabled", "-o", "name").split(separator: "\n").count == 2)
      let taken = try await place.run("diff", "-f", try users(["dan"]), "--owner", "ops", "-o", "ndjson", code: 1)
      #expect(taken.contains(#""field":"owner","from":"others","to":"ops","risk":"caution""#))
    }
  }

  @Test("a password file makes the password, is compared and not changed the second time")
  func passwords() async throws {
    try await withPlace { place in
      _ = try place.write("correct horse battery\n", "ann.password")
      let file = try place.write(
        "apiVersion: chatd/v1\nkind: User\nmetadata: {name: ann}\nspec: {passwordFile: ann.password}\n")
      _ = try await place.run("apply", "-f", file)
      #expect(try await place.run("apply", "-f", file).contains("all is as the manifests have it"))
      _ = try place.write("another horse battery\n", "ann.password")
      let differs = try await place.run("diff", "-f", file, code: 1)
      #expect(differs.contains("another password") && !differs.contains("horse"))
      _ = try await place.run("apply", "-f", file, "--yes")
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
    }
  }

  @Test("retention deletes what is older, with tombstones, when that is said twice")
  func retention() async throws {
    try await withPlace { place in
      _ = try await place.run("apply", "-f", Self.manifests)
      try await place.sql(
        """
        INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, created_at)
        SELECT c.id, n, gen_random_uuid(), c.created_by, 'text', 'x', now() - interval '3 days'
        FROM conversations c CROSS JOIN generate_series(1, 3) n WHERE c.title = 'General';
        UPDATE conversations SET last_seq = 3, message_count = 3 WHERE title = 'General'
        """)
      let file = try place.write(
        "apiVersion: chatd/v1\nkind: RetentionPolicy\nmetadata: {name: short}\nspec: {workspace: acme, messages: 24h}\n"
      )
      let plan = try await place.run("plan", "-f", file, "-o", "ndjson")
      #expect(plan.contains(#""field":"messages","from":"3","to":"0","risk":"destructive""#))
      #expect(try await place.run("apply", "-f", file, code: 64).contains("--yes"))
      _ = try await place.run("apply", "-f", file, "--yes")
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
      try await place.sql(
        """
        DO $$ BEGIN ASSERT (SELECT count(*) FILTER (WHERE deleted_at IS NOT NULL AND body IS NULL) = 3 FROM messages);
        ASSERT (SELECT count(*) = 3 FROM message_changes WHERE kind = 'deleted'); END $$
        """)
    }
  }

  @Test("mistakes are told with their places, and what can be said is explained")
  func files() async throws {
    try await withPlace { place in
      let file = try place.write(
        "apiVersion: chatd/v1\nkind: User\nmetadata: {name: ann}\nspec: {displayNam: Ann, rol: x}\n")
      let wrong = try await place.run("validate", "-f", file, code: 65)
      #expect(wrong.contains("\(file):4:8: unknown key 'displayNam' in spec; did you mean 'displayName'?"))
      #expect(wrong.contains("2 problems") && wrong.contains("chatctl explain"))
      #expect(try await place.run("validate", "-f", Self.manifests).contains("acme/board"))
      #expect(try await place.run("explain").contains("RetentionPolicy"))
      #expect(try await place.run("explain", "Room.members.role").contains("member | admin"))
      #expect(try await place.run("explain", "Rom", code: 64).contains("did you mean 'Room'?"))
      #expect(try await place.run("apply", code: 64).contains("give -f PATH or a plan"))
      let missing = try place.write(
        "apiVersion: chatd/v1\nkind: Room\nmetadata: {name: x}\nspec: {members: [{user: nobody, role: admin}]}\n",
        "room.yaml")
      _ = try await place.run("migrate", "up")
      #expect(try await place.run("apply", "-f", missing, code: 1).contains("there is no user 'nobody'"))
    }
  }
}
