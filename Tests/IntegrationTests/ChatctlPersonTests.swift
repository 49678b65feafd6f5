import JSON
import TestSupport
import Testing

@Suite("chatctl user import, export, erase")
struct ChatctlPersonTests {
  @Test("the users of a file are made, those who exist are left, and each row says what came of it")
  func importing() async throws {
    try await withTool { stack, tool in
      let folder = try TemporaryFolder.make()
      let base = Stack.uniqueName("imp")
      let hash = "$2b$04$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."
      try FileText.write(
        """
        username,displayName,password,passwordHash,role,state
        \(base)-1,"Doe, Jane",correct horse,,,
        \(base)-2,,,"\(hash)",admin,disabled
        x,,,,,
        \(base.uppercased())-1,again,,,,
        \(base)-3,,,,user,active

        """, to: "\(folder)/people.csv")
      let dry = try await tool.run(["user", "import", "\(folder)/people.csv", "--dry-run", "-o", "ndjson"], code: 4)
      #expect(dry.contains("would be created") && dry.contains("4 rows are valid, 1 invalid"))
      #expect(try await tool.run(["user", "get", "\(base)-1"], code: 1).contains("there is no user"))
      let results = try await tool.run(["user", "import", "\(folder)/people.csv", "-o", "ndjson"], code: 4)
        .split(separator: "\n").compactMap { try? JSONDocument(parsing: String($0)).root }
      #expect(results.compactMap { $0["line"]?.int } == [2, 3, 4, 5, 6])
      #expect(results.compactMap { $0["result"]?.string } == ["created", "created", "invalid", "exists", "created"])
      #expect(results[2]["error"]?.string?.contains("3 to 32 characters") == true)
      #expect(results[3]["id"]?.string == results[0]["id"]?.string)
      let jane = try await tool.json(["user", "get", "\(base)-1"])
      #expect(jane["displayName"]?.string == "Doe, Jane")
      #expect(try await tool.json(["user", "get", "\(base)-2"])["state"]?.string == "disabled")
      _ = try await stack.client().post(
        "/api/auth/login", ["username": .string("\(base)-1"), "password": "correct horse"]
      ).expect(200)
      // Once more: nobody is made twice; from a line on, as after an interruption.
      let again = try await tool.run(["user", "import", "\(folder)/people.csv", "--from", "5", "-o", "ndjson"])
      #expect(again.split(separator: "\n").count { $0.contains("\"exists\"") } == 2)

      let lines = (0..<250).map { "{\"username\":\"\(base)-n\($0)\",\"displayName\":\"N \($0)\"}" }
      try FileText.write(lines.joined(separator: "\n") + "\n{\"nme\":1}\n", to: "\(folder)/people.ndjson")
      let many = try await tool.run(["user", "import", "\(folder)/people.ndjson"], code: 4)
      #expect(many.contains("250 rows done, 1 invalid") && many.contains("there is no field 'nme'"))
      #expect(
        try await tool.run(["user", "list", "--prefix", "\(base)-n", "-o", "name"]).split(separator: "\n").count == 250)
      try FileText.write("username,wrong\n", to: "\(folder)/bad.csv")
      #expect(try await tool.run(["user", "import", "\(folder)/bad.csv"], code: 65).contains("no field 'wrong'"))
      #expect(try await tool.run(["user", "import", "\(folder)/none.csv"], code: 65).contains("cannot read"))
    }
  }

  @Test("an import that is interrupted finishes its batch, says where to go on, and goes on there")
  func interrupted() async throws {
    try await withTool { _, tool in
      let base = Stack.uniqueName("int")
      let file = "\(try TemporaryFolder.make())/people.ndjson"
      let lines = (0..<900).map { "{\"username\":\"\(base)-\($0)\",\"password\":\"correct horse\"}" }
      try FileText.write(lines.joined(separator: "\n"), to: file)
      let run = try await tool.start(["user", "import", file, "-o", "ndjson"])
      try await run.waitForLine(containing: "\(base)-0")
      run.signal(2)
      #expect(try await run.waitForExit() == .code(130))
      let hint = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("Resume with: ") })
      let from = try #require(hint.firstRange(of: "--from "))
      let line = try #require(Int(hint[from.upperBound...].prefix { $0.isNumber }))
      #expect(line > 1 && line <= 900)
      let prefix = ["user", "list", "--prefix", "\(base)-", "-o", "name"]
      #expect(try await tool.run(prefix).split(separator: "\n").count == line - 1)
      try FileText.write(lines.map { $0.replacing("correct horse", with: "") }.joined(separator: "\n"), to: file)
      #expect(try await tool.run(["user", "import", file, "--from", "\(line)"]).contains("\(901 - line) rows done"))
      #expect(try await tool.run(prefix).split(separator: "\n").count == 900)
    }
  }

  @Test("all that is kept of a person is given out, and taken away in every store, with a signed record of it")
  func person() async throws {
    try await withTool { stack, tool in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let room = try await stack.group(bob, [ann])
      let reader = try await stack.joined(bob, room, gateway: 0)
      let socket = try await stack.joined(ann, room, gateway: 1)
      for body in ["one secret", "two secret"] { _ = try await stack.send(body, to: room, by: ann).expect(201) }
      let answer = try await stack.send("mine", to: room, by: bob).expect(201)
      let message = try answer.string("id")
      #expect(try await ann.api.post("/api/messages/\(message)/reactions", ["emoji": "👍"]).status < 300)
      let folder = "\(try TemporaryFolder.make())/export"
      let record = try await tool.run(["user", "export", ann.name, "--to", folder])
      #expect(record.contains("postgresql.messages"))
      #expect(try FileText.read("\(folder)/messages.ndjson").split(separator: "\n").count == 2)
      #expect(try FileText.read("\(folder)/messages.ndjson").contains("one secret"))
      #expect(try FileText.read("\(folder)/profile.ndjson").contains(ann.name))
      #expect(try !FileText.read("\(folder)/profile.ndjson").contains("argon2"))
      #expect(try FileText.read("\(folder)/memberships.ndjson").contains(room))
      #expect(try await tool.run(["user", "verify-record", "\(folder)/record.json"]).contains("genuine: export"))
      #expect(try await tool.run(["user", "export", ann.name, "--to", folder], code: 65).contains("is finished"))

      let file = "\(try TemporaryFolder.make())/erasure.json"
      let erase = ["user", "erase", ann.id, "--record", file]
      #expect(try await tool.run(erase, code: 64).contains("--yes"))
      #expect(try await tool.run(erase + ["--dry-run"]).contains("would erase"))
      #expect(try await tool.run(erase + ["--yes"], within: .seconds(120)).contains("nothing is left"))
      try await socket.waitForClose()
      // The others see tombstones, and that she has left.
      _ = try await reader.next("message:deleted")
      _ = try await reader.next("participant:left") { $0["userId"]?.string == ann.id }
      let history = try await bob.api.get("/api/conversations/\(room)/messages").expect(200)
      #expect(!history.text.contains("secret") && history.text.contains("mine"))
      #expect(
        try await stack.client().post(
          "/api/auth/login", ["username": .string(ann.name), "password": "correct horse battery"]
        ).status == 401)
      let gone = try await tool.json(["user", "get", ann.id])
      #expect(gone["displayName"]?.string == "Erased user" && gone["state"]?.string == "disabled")
      #expect(gone["username"]?.string?.hasPrefix("erased-") == true)
      let text = try FileText.read(file)
      #expect(!text.contains(ann.name) && text.contains(ann.id))
      #expect(try await tool.run(["user", "verify-record", file]).contains("genuine: erasure"))
      // Whoever changes a number in it has no genuine record any more.
      try FileText.write(text.replacing("\"count\":2", with: "\"count\":1"), to: file)
      #expect(try await tool.run(["user", "verify-record", file], code: 1).contains("not genuine"))
      #expect(
        try await tool.json(["user", "audit", ann.id]).array?.compactMap { $0["action"]?.string } == [
          "user.exported", "user.erased",
        ])
    }
  }

  @Test("an erasure that is slowed down and interrupted goes on at the block where it was")
  func slowly() async throws {
    try await withTool { stack, tool in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      var rooms: [String] = []
      for _ in 0..<8 { rooms.append(try await stack.group(bob, [ann])) }
      for room in rooms {
        let answer = try await stack.send("of bob", to: room, by: bob).expect(201).string("id")
        #expect(try await ann.api.post("/api/messages/\(answer)/reactions", ["emoji": "👍"]).status < 300)
        #expect(try await bob.api.post("/api/messages/\(answer)/reactions", ["emoji": "👍"]).status < 300)
        // Some blocks of ann's.
        try await TestDatabase.sql(
          """
          INSERT INTO messages (conversation_id, seq, id, sender_id, type, body, created_at)
          SELECT '\(room)', 1000 + n, gen_random_uuid(), '\(ann.id)', 'text', repeat('x', 400), now()
          FROM generate_series(1, 150) n;
          UPDATE conversations SET last_seq = 2000, message_count = message_count + 150 WHERE id = '\(room)'
          """, database: "integration")
      }
      func left() async throws -> Int {
        Int(
          try await TestDatabase.sql(
            "SELECT count(*) FROM messages WHERE sender_id = '\(ann.id)' AND deleted_at IS NULL",
            database: "integration"
          ).split(separator: "\n")[0]) ?? -1
      }
      let file = "\(try TemporaryFolder.make())/erasure.json"
      let erase = ["user", "erase", ann.id, "--record", file, "--yes"]
      let run = try await tool.start(erase + ["--rate", "64KiB"])
      try await eventually("some are gone") { try await left() < 1200 }
      run.signal(2)
      #expect(try await run.waitForExit() == .code(130))
      let hint = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("Resume with: ") })
      #expect(hint.contains("chatctl user erase --record \(file) --rate 64KiB") && hint.hasSuffix(ann.id), "\(hint)")
      let (before, text) = (try await left(), try FileText.read(file))
      #expect(before > 0 && text.contains("\"place\":\"messages_"), "\(text)")
      #expect(try await tool.run(["user", "verify-record", file], code: 1).contains("is not signed"))
      let resumed = try await tool.run(erase, within: .seconds(120))
      #expect(resumed.contains("going on") && resumed.contains("nothing is left"))
      #expect(resumed.contains("postgresql.messages: 1200") && resumed.contains("postgresql.reactions: 8"))
      #expect(try await left() == 0)
      #expect(try !FileText.read(file).contains("place"))
      #expect(try await tool.run(["user", "verify-record", file]).contains("genuine: erasure"))
      // The other's reaction is counted still.
      let totals = try await TestDatabase.sql(
        "SELECT sum(total) FROM reaction_totals WHERE conversation_id IN ('\(rooms.joined(separator: "','"))')",
        database: "integration")
      #expect(totals == "8\n")
    }
  }

  @Test("an erasure that was interrupted goes on where it was")
  func resumed() async throws {
    try await withTool { stack, tool in
      let ann = try await stack.person("ann")
      let file = "\(try TemporaryFolder.make())/erasure.json"
      // As a run leaves it that was ended after its first step.
      let done = try await tool.run(["user", "erase", ann.name, "--record", "\(file).other", "--yes"])
      #expect(done.contains("nothing is left"))
      var text = try FileText.read("\(file).other")
      text = String(text[..<(text.firstRange(of: ",\"signature\"")?.lowerBound ?? text.endIndex)]) + "}"
      let marker = "{\"store\":\"postgresql.profile\",\"count\":1,\"finishedAt\":\""
      let start = try #require(text.firstRange(of: marker))
      let end = try #require(text[start.upperBound...].firstIndex(of: "\""))
      text.replaceSubrange(
        start.lowerBound...end, with: "{\"store\":\"postgresql.profile\",\"count\":0,\"finishedAt\":null")
      try FileText.write(text, to: file)
      #expect(try await tool.run(["user", "verify-record", file], code: 1).contains("is not signed"))
      let resumed = try await tool.run(["user", "erase", ann.id, "--record", file, "--yes"])
      #expect(resumed.contains("going on") && resumed.contains("postgresql.profile: 0"))
      #expect(!resumed.contains("postgresql.access: "))
      #expect(try await tool.run(["user", "verify-record", file]).contains("genuine"))
      let other = try await stack.person("bob")
      #expect(
        try await tool.run(["user", "erase", other.name, "--record", file, "--yes"], code: 65).contains(
          "something else"))
    }
  }
}
