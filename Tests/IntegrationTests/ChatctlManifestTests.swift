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

    func connected(_ body: @escaping @Sendable (PostgresConnection) async throws -> Void) async throws {
      let database = database
      try await withLoop { loop in
        let connection = try await PostgresConnection.connect(
          PostgresConfiguration(connectionString: database), loop: loop)
        defer { connection.close() }
        try await body(connection)
      }
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
    #expect(made.contains("Room") && made.contains("acme/general") && made.contains("acme/linus"))
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

  @Test("and on Kafka, with its topics; a plan is refused when one of them has moved", .enabled(if: TestKafka.canStart))
  func onKafka() async throws {
    let broker = try await KafkaBroker.start(in: "\(try TemporaryFolder.make())/kafka")
    let kafka = KafkaConfiguration(brokers: [broker.address])
    try await withPlace(kafka: kafka) { place in
      @Sendable func alter(_ settings: [String: String]) async throws {
        try await withLoop { loop in
          let admin = try KafkaAdmin(kafka, loop: loop)
          #expect(try await admin.partitions(of: "chat.events").count == 12)
          _ = try await admin.alterConfigs(.topic("chat.events"), settings)
          await admin.close()
        }
      }
      try await walk(place)
      try await alter(["retention.ms": "1000"])
      let drift = try await place.run("diff", "-f", Self.manifests, "-o", "ndjson", code: 1)
      #expect(drift.contains(#""name":"chat.events","field":"retention.ms","from":"1000","to":"604800000""#))
      let plan = "\(place.folder)/next.plan"
      #expect(try await place.run("plan", "-f", Self.manifests, "--out", plan).contains("retention.ms"))
      try await alter(["retention.ms": "2000"])
      #expect(try await place.run("apply", plan, code: 1).contains("the state has moved"))
      #expect(try await place.run("plan", "-f", Self.manifests, "--out", plan).contains("2000"))
      _ = try await place.run("apply", plan)
      #expect(try await place.run("diff", "-f", Self.manifests).contains("all is as the manifests have it"))
    }
    try await broker.stop()
  }

  @Test(
    "Ctrl-C ends behind the change that is under way and says how to go on; a second one at once, with nothing half done"
  )
  func interrupted() async throws {
    try await withPlace { place in
      _ = try await place.run("migrate", "up")
      let file = try place.write(
        ["ann", "bob", "cid"].map {
          "apiVersion: chatd/v1\nkind: User\nmetadata: {name: \($0)}\n" + "spec: {role: user}\n"
        }
        .joined(separator: "---\n"), "three users.yaml")
      let apply = ["apply", "-f", file] + place.connections + ["--no-input", "-o", "ndjson"]
      try await place.connected { connection in
        func blocked(_ count: Int64) async throws {
          try await eventually("apply waits for our lock") {
            // What a transaction sees of it is kept until it ends.
            _ = try await connection.query("SELECT pg_stat_clear_snapshot()")
            return try await connection.query(
              "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).get(0, 0, as: Int64.self) == count
          }
        }
        // Reading goes on, writing waits.
        try await connection.script("BEGIN; LOCK TABLE users IN SHARE MODE")
        let twice = try await TestProcess.start("chatctl", apply)
        try await blocked(1)
        twice.signal(2)
        try await twice.waitForLine(containing: "stopping after this step")
        twice.signal(2)
        #expect(try await twice.waitForExit() == .code(130))
        try await connection.script("COMMIT")
        try await eventually("its transaction is taken back") {
          try await connection.query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'chatctl' AND datname = current_database()"
          ).get(0, 0, as: Int64.self) == 0
        }
        #expect(try await connection.query("SELECT count(*) FROM users").get(0, 0, as: Int64.self) == 0)

        try await connection.script("BEGIN; LOCK TABLE users IN SHARE MODE")
        let once = try await TestProcess.start("chatctl", apply)
        try await blocked(1)
        once.signal(2)
        try await once.waitForLine(containing: "stopping after this step")
        try await connection.script("COMMIT")
        #expect(try await once.waitForExit() == .code(130))
        let resume = "--filename '\(file)'"
        #expect(
          once.output.contains("Resume with: chatctl apply ") && once.output.contains(resume)
            && once.output.contains("main/ann"), "\(once.output)")
        #expect(
          try await connection.query("SELECT string_agg(username, ' ') FROM users").get(0, 0, as: String.self) == "ann")
      }
      let rest = try await place.run("apply", "-f", file)
      #expect(!rest.contains("main/ann") && rest.contains("main/bob") && rest.contains("main/cid"))
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
    }
  }

  @Test("--wait says what it waits for, and that all is in force")
  func waiting() async throws {
    try await withPlace { place in
      let file = try place.write(
        """
        apiVersion: chatd/v1
        kind: Check
        metadata: {name: gateways}
        spec: {condition: nodes, role: gateway, atLeast: 1}
        """)
      let waited = try await place.run("migrate", "up")
      #expect(!waited.isEmpty)
      let apply = try await TestProcess.start(
        "chatctl", ["apply", "-f", file, "--wait", "--timeout", "60s"] + place.connections)
      try await apply.waitForLine(containing: "waiting: Check gateways: 0 of 1 gateway live")
      try await place.sql(
        """
        INSERT INTO nodes (id, role, host, pid, version, started_at, lease_until)
        VALUES (gen_random_uuid(), 'gateway', 'here', 1, 'x', now(), now() + interval '1 hour')
        """)
      #expect(try await apply.waitForExit() == .code(0))
      #expect(apply.output.contains("all of it is in force"), "\(apply.output)")
      let late = try await place.run("apply", "-f", file, "--wait", "--timeout", "30s")
      #expect(late.contains("all of it is in force"))
    }
  }

  @Test("a workspace has keys of its own where a policy says so, and what is encrypted there uses them")
  func workspaceKeys() async throws {
    try await withPlace { place in
      func manifests(_ more: String) throws -> String {
        try place.write(
          """
          apiVersion: chatd/v1
          kind: KeyPolicy
          metadata: {name: acme}
          spec: {workspace: acme, rotateAfter: 2160h}
          ---
          apiVersion: chatd/v1
          kind: Workspace
          metadata: {name: acme}
          spec: {limits: {participants: 2}}
          ---
          apiVersion: chatd/v1
          kind: Room
          metadata: {name: secret}
          spec: {workspace: acme, encrypted: true}
          \(more)
          """)
      }
      let file = try manifests("")
      let made = try await place.run("apply", "-f", file, "-o", "ndjson")
      #expect(made.contains("rotateAfter between two applies: a timer does"))
      try await place.sql(
        """
        DO $$ BEGIN
          ASSERT (SELECT count(*) = 1 AND bool_and(k.state = 'active') FROM message_keys k
            JOIN workspaces w ON w.id = k.workspace_id WHERE w.name = 'acme');
          ASSERT (SELECT count(*) = 1 FROM message_keys);
          ASSERT (SELECT encrypted FROM conversations WHERE title = 'secret');
          ASSERT (SELECT count(*) = 1 FROM audit_log WHERE action = 'room.created' AND details::json ->> 'operator' <> '');
        END $$
        """)
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
      let twice = try await place.run(
        "validate", "-f",
        try manifests("---\napiVersion: chatd/v1\nkind: KeyPolicy\nmetadata: {name: b}\nspec: {workspace: acme}"),
        code: 65)
      #expect(twice.contains(":19:7: KeyPolicy b: the keys of workspace 'acme' have a policy already"), "\(twice)")
    }
  }

  @Test("members come and go by the moves of the service: limits hold, there is an admin, and the audit log has it")
  func members() async throws {
    try await withPlace { place in
      let base = """
        apiVersion: chatd/v1
        kind: Workspace
        metadata: {name: acme}
        spec: {limits: {participants: 2}}
        ---
        \(["ann", "bob", "cid"].map { "apiVersion: chatd/v1\nkind: User\nmetadata: {name: \($0)}\nspec: {workspace: acme}" }.joined(separator: "\n---\n"))
        """
      func room(_ members: String, _ more: String = "") throws -> String {
        try place.write(
          base + "\n---\napiVersion: chatd/v1\nkind: Room\nmetadata: {name: board}\n"
            + "spec: {workspace: acme, membership: exact, members: [\(members)]\(more)}\n")
      }
      let many = try await place.run(
        "apply", "-f", try room("{user: ann, role: admin}, {user: bob}, {user: cid}"), code: 4)
      #expect(many.contains("at most 2 participants"), "\(many)")
      _ = try await place.run("apply", "-f", try room("{user: ann, role: admin}, {user: bob}"))
      // The only admin goes, and the other one follows in the same step.
      let file = try room("{user: bob, role: admin}", ", title: Board")
      _ = try await place.run("apply", "-f", file, "--yes")
      #expect(try await place.run("diff", "-f", file).contains("all is as the manifests have it"))
      try await place.sql(
        """
        DO $$ BEGIN
          ASSERT (SELECT array_agg(action ORDER BY action) FROM audit_log WHERE action ~ '^(room|member)')
            = ARRAY['member.added', 'member.added', 'member.removed', 'member.role_set', 'room.changed', 'room.created'];
          ASSERT (SELECT count(*) = 5 FROM outbox WHERE type IN ('participant.changed', 'conversation.changed'));
          ASSERT (SELECT epoch = 1 FROM conversations WHERE title = 'Board');
        END $$
        """)
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
      #expect(try await place.run("explain", "LoadScenario.send.via").contains("http | socket"))
      #expect(try await place.run("explain", "Server.bus.topic").contains("chat.events"))
      let load = try place.write(
        "apiVersion: chatd/v1\nkind: LoadScenario\nmetadata: {name: x}\nspec:\n  users: 10\n  rooms: [{count: 1, member: 5}]\n",
        "load.yaml")
      for command in ["validate", "diff", "apply"] {
        let refused = try await place.run(command, "-f", load, code: 65)
        #expect(refused.contains("\(load):6:"), "\(refused)")
      }
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

  @Test("a chatd that began without a master key takes the first one that apply makes, and seals with it")
  func firstKey() async throws {
    try await Operated.with(.redis, "ctl_first_key") { operated in
      let ann = try await operated.stack.person("ann")
      let file = "\(try TemporaryFolder.make())/keys.yaml"
      try FileText.write(
        """
        apiVersion: chatd/v1
        kind: KeyPolicy
        metadata: {name: messages}
        spec: {rotateAfter: 2160h}
        ---
        apiVersion: chatd/v1
        kind: Room
        metadata: {name: board}
        spec: {encrypted: true, members: [{user: \(ann.name), role: admin}]}
        ---
        apiVersion: chatd/v1
        kind: Check
        metadata: {name: keys}
        spec: {condition: keys}
        """, to: file)
      let secrets = ["--secrets", operated.installation.secrets]
      let applied = try await operated.chatctl(["apply", "-f", file, "--wait", "--timeout", "30s"] + secrets)
      #expect(applied.exit == .code(0), "\(applied.output)")
      let room = try await operated.sql("SELECT id FROM conversations WHERE title = 'board'")
      let sent = try await operated.stack.send("a secret", to: room, by: ann).expect(201)
      #expect(try sent.string("body") == "a secret")
      #expect(try await operated.sql("SELECT count(*) FROM messages WHERE body IS NULL AND key_version = 1") == "1")
    }
  }
}
