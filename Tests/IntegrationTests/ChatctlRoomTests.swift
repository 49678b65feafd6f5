import JSON
import TestSupport
import Testing

@Suite("chatctl room")
struct ChatctlRoomTests {
  @Test("a channel is made, found by its title, filled, archived and taken back, and clients hear of it")
  func life() async throws {
    try await withTool { stack, tool in
      let (ann, bob, eve) = (
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("eve")
      )
      let title = Stack.uniqueName("Channel")
      let made = try await tool.json(["room", "create", title, "--owner", ann.name, "--member", bob.id])
      let id = try #require(made["id"]?.string)
      #expect(made["members"]?.int == 2 && made["type"]?.string == "channel" && made["createdBy"]?.string == ann.name)
      #expect(try await tool.run(["room", "get", "#\(title)", "-o", "name"]) == "room/\(id)\n")
      #expect(try await tool.run(["room", "get", title.uppercased(), "-o", "name"]) == "room/\(id)\n")
      #expect(try await tool.run(["room", "get", "no-such-channel"], code: 1).contains("no channel"))
      let listed = try await tool.json(["room", "list", "--member", bob.name, "--type", "channel"])
      #expect(listed.count == 1 && listed[0]?["title"]?.string == title)

      let socket = try await stack.joined(bob, id, gateway: 1)
      _ = try await stack.send("hello", to: id, by: ann).expect(201)
      #expect(try await tool.json(["room", "get", id])["messages"]?.int == 1)
      // Who is added can join at once, and the room is told.
      #expect(try await tool.run(["room", "members", "add", id, eve.name, bob.name]).contains("unchanged"))
      let joined = try await socket.next("participant:joined") { $0["userId"]?.string == eve.id }
      #expect(joined["actorId"]?.string == "00000000-0000-0000-0000-000000000000")
      #expect(try await stack.joined(eve, id).isClosed == false)
      let members = try await tool.json(["room", "members", "list", id])
      #expect(members.array?.compactMap { $0["username"]?.string }.sorted() == [ann.name, bob.name, eve.name].sorted())

      #expect(try await tool.json(["room", "members", "role", id, "admin", bob.name])[0]?["result"]?.string == "admin")
      let refused = try await tool.json(["room", "members", "role", id, "admin", Stack.uniqueName()], code: 1)
      #expect(refused[0]?["result"]?.string == "failed")
      #expect(try await tool.run(["room", "members", "remove", id, bob.name]).contains("removed"))
      _ = try await stack.send("after", to: id, by: ann).expect(201)
      #expect(try await stack.send("not mine", to: id, by: bob).status == 404)
      #expect(!socket.bodies.contains("after"))
      #expect(try await tool.run(["room", "members", "remove", id, bob.name]).contains("unchanged"))

      #expect(try await tool.run(["room", "archive", id, "--dry-run"]).contains("would be archived"))
      try await tool.run(["room", "archive", "#\(title)"])
      #expect(try await stack.send("too late", to: id, by: ann).status == 409)
      #expect(try await tool.json(["room", "list", "--state", "archived", "--title", title]).count == 1)
      try await tool.run(["room", "unarchive", id])
      _ = try await stack.send("in time", to: id, by: ann).expect(201)

      let audit = try await tool.json(["room", "audit", id])
      #expect(
        audit.array?.compactMap { $0["action"]?.string } == [
          "room.created", "member.added", "member.role_set", "member.removed", "room.archived", "room.unarchived",
        ])
      #expect(audit[0]?["actor"]?.string?.contains("@") == true)
      #expect(try await tool.json(["user", "audit", ann.name]).count == 0)
      try await tool.run(["user", "disable", eve.name])
      #expect(try await tool.json(["user", "audit", eve.name])[0]?["action"]?.string == "user.disabled")
    }
  }

  @Test("a direct conversation is nobody's to change, and a group needs its last admin")
  func refused() async throws {
    try await withTool { stack, tool in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).expect(201).string("id")
      #expect(try await tool.run(["room", "archive", direct], code: 77).contains("direct conversation"))
      let group = try await tool.json(["room", "create", "A group", "--type", "group", "--owner", ann.name])
      let id = try #require(group["id"]?.string)
      #expect(try await tool.run(["room", "members", "role", id, "member", ann.name], code: 1).contains("only admin"))
      #expect(
        try await tool.run(["room", "create", "x", "--owner", "nobody-of-that-name"], code: 1).contains("no user"))
      #expect(try await tool.run(["room", "create", "x"], code: 64).contains("--owner"))
    }
  }

  @Test("who may send, and how often, is said by an operator, told to members, heeded and taken back")
  func restrict() async throws {
    try await withTool { stack, tool in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let title = Stack.uniqueName("Flood")
      let made = try await tool.json(["room", "create", title, "--owner", ann.name, "--member", bob.name])
      let id = try #require(made["id"]?.string)
      let socket = try await stack.joined(bob, id, gateway: 1)
      #expect(try await tool.run(["room", "restrict", id], code: 64).contains("--read-only"))
      #expect(
        try await tool.run(["room", "restrict", id, "--slow-mode", "1500ms"], code: 64).contains("whole seconds"))
      #expect(try await tool.run(["room", "restrict", id, "--slow-mode", "7h"], code: 64).contains("--slow-mode"))
      #expect(try await tool.run(["room", "restrict", id, "--read-only", "--dry-run"]).contains("would be read-only"))
      _ = try await stack.send("first", to: id, by: bob).expect(201)

      #expect(try await tool.run(["room", "restrict", "#\(title)", "--slow-mode", "1h"]).contains("slow mode of 1h"))
      let told = try await socket.next("conversation:updated") { $0["slowMode"]?.int == 3600 }
      #expect(told["readOnly"]?.bool == false)
      _ = try await stack.send("second", to: id, by: bob).expect(201)
      #expect(try await stack.send("third", to: id, by: bob).status == 429)
      _ = try await stack.send("of an admin", to: id, by: ann).expect(201)
      try await tool.run(["room", "restrict", id, "--slow-mode", "0s", "--read-only"])
      _ = try await socket.next("conversation:updated") { $0["readOnly"]?.bool == true && $0["slowMode"]?.int == 0 }
      #expect(try await stack.send("no", to: id, by: bob).status == 403)
      #expect(try await tool.json(["room", "get", id])["readOnly"]?.bool == true)
      #expect(try await tool.run(["room", "restrict", id, "--read-only"]).contains("already"))
      try await tool.run(["room", "restrict", id, "--no-read-only"])
      _ = try await stack.send("again", to: id, by: bob).expect(201)

      let audit = try await tool.json(["room", "audit", id])
      #expect(
        audit.array?.compactMap { $0["action"]?.string } == [
          "room.created", "room.restricted", "room.restricted", "room.restricted",
        ])
      #expect(audit[1]?["details"]?.string?.contains("\"slowMode\":3600") == true)
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).expect(201).string("id")
      #expect(
        try await tool.run(["room", "restrict", direct, "--read-only"], code: 77).contains("direct conversation"))
    }
  }

  @Test("the rooms of a file are made with their members, those that exist are left, and each row says what came of it")
  func importing() async throws {
    try await withTool { stack, tool in
      let folder = try TemporaryFolder.make()
      let (ann, bob, eve) = (
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("eve")
      )
      let base = Stack.uniqueName("imp")
      let id = "0199aaaa-0000-7000-8000-\(String(Int.random(in: 0x1000_0000_0000...0xffff_ffff_ffff), radix: 16))"
      try FileText.write(
        """
        title,type,owner,members,admins,slowMode,readOnly,state,id
        \(base) one,channel,\(ann.name),\(bob.name) \(eve.name),,10s,true,,
        "\(base), two",group,\(ann.name),\(bob.name);\(ann.name),\(eve.name),,,,
        \(base) three,group,nobody-of-that-name,,,,,,
        \(base) ONE,,\(bob.name),,,,,,
        \(base) four,direct,\(ann.name),,,,,,
        \(base) five,,\(eve.id),,,,,archived,\(id)

        """, to: "\(folder)/rooms.csv")
      let command = ["room", "import", "\(folder)/rooms.csv", "-o", "ndjson"]
      let dry = try await tool.run(command + ["--dry-run"], code: 4)
      #expect(dry.contains("would be created") && dry.contains("4 rows are valid, 2 invalid"))
      #expect(try await tool.run(["room", "get", "\(base) one"], code: 1).contains("no channel"))
      let socket = try await stack.socket(bob, gateway: 1)
      let results = try await tool.run(command, code: 4).split(separator: "\n").compactMap {
        try? JSONDocument(parsing: String($0)).root
      }
      #expect(results.compactMap { $0["line"]?.int } == [2, 3, 4, 5, 6, 7])
      #expect(
        results.compactMap { $0["result"]?.string } == [
          "created", "created", "invalid", "exists", "invalid", "created",
        ])
      #expect(results[2]["error"]?.string?.contains("no user 'nobody-of-that-name'") == true)
      #expect(results[4]["error"]?.string?.contains("'channel' or 'group'") == true)
      #expect(results[3]["id"]?.string == results[0]["id"]?.string && results[5]["id"]?.string == id)
      // Clients hear of it.
      let one = try #require(results[0]["id"]?.string)
      _ = try await socket.next("participant:joined") { $0["conversationId"]?.string == one }
      let room = try await tool.json(["room", "get", "\(base) one"])
      #expect(room["members"]?.int == 3 && room["slowMode"]?.int == 10 && room["readOnly"]?.bool == true)
      let members = try await tool.json(["room", "members", "list", try #require(results[1]["id"]?.string)])
      let admins = members.array?.filter { $0["role"]?.string == "admin" }.compactMap { $0["username"]?.string }
      #expect(members.count == 3 && admins?.sorted() == [ann.name, eve.name].sorted())
      #expect(try await tool.json(["room", "get", id])["state"]?.string == "archived")
      // Once more: nothing is made twice; from a line on, as after an interruption.
      let again = try await tool.run(command, code: 4)
      #expect(again.split(separator: "\n").count { $0.contains("\"exists\"") } == 4)
      let rest = try await tool.run(command + ["--from", "7", "--parallel", "1"])
      #expect(rest.split(separator: "\n").count { $0.contains("\"exists\"") } == 1)

      let lines = (0..<250).map {
        "{\"title\":\"\(base) n\($0)\",\"owner\":\"\(ann.name)\",\"members\":[\"\(bob.id)\"],\"slowMode\":5}"
      }
      try FileText.write(lines.joined(separator: "\n") + "\n{\"titel\":1}\n", to: "\(folder)/rooms.ndjson")
      let many = try await tool.run(["room", "import", "\(folder)/rooms.ndjson"], code: 4)
      #expect(many.contains("250 rows done, 1 invalid") && many.contains("did you mean 'title'?"))
      #expect(
        try await tool.run(["room", "list", "--title", "\(base) n", "-o", "name"]).split(separator: "\n").count == 250)
      try FileText.write("title,wrong\n", to: "\(folder)/bad.csv")
      #expect(try await tool.run(["room", "import", "\(folder)/bad.csv"], code: 65).contains("no field 'wrong'"))
    }
  }

  @Test("an import of rooms that is interrupted finishes its batch, says where to go on, and goes on there")
  func interrupted() async throws {
    try await withTool { stack, tool in
      let ann = try await stack.person("ann")
      let base = Stack.uniqueName("int")
      let file = "\(try TemporaryFolder.make())/rooms.ndjson"
      let lines = (0..<1500).map { "{\"title\":\"\(base) \($0)\",\"type\":\"group\",\"owner\":\"\(ann.name)\"}" }
      try FileText.write(lines.joined(separator: "\n"), to: file)
      let run = try await tool.start(["room", "import", file, "-o", "ndjson", "--parallel", "1"])
      try await run.waitForLine(containing: "\(base) 0")
      run.signal(2)
      #expect(try await run.waitForExit() == .code(130))
      let hint = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("Resume with: ") })
      let from = try #require(hint.firstRange(of: "--from "))
      let line = try #require(Int(hint[from.upperBound...].prefix { $0.isNumber }))
      #expect(line > 1 && line <= 1500)
      let names = ["room", "list", "--member", ann.name, "-o", "name"]
      #expect(try await tool.run(names).split(separator: "\n").count == line - 1)
      #expect(try await tool.run(["room", "import", file, "--from", "\(line)"]).contains("\(1501 - line) rows done"))
      #expect(try await tool.run(names).split(separator: "\n").count == 1500)
    }
  }

  @Test("a long list comes in pages, each room once, and goes on after an identifier")
  func pages() async throws {
    try await withTool { stack, tool in
      let ann = try await stack.person("ann")
      try await TestDatabase.sql(
        """
        WITH made AS (
          INSERT INTO conversations (id, workspace_id, type, title, created_by)
          SELECT gen_random_uuid(), u.workspace_id, 'group', 'page ' || n, u.id
          FROM users u, generate_series(1, 1201) n WHERE u.id = '\(ann.id)' RETURNING id)
        INSERT INTO participants (conversation_id, user_id) SELECT id, '\(ann.id)' FROM made
        """, database: "integration")
      let names = try await tool.run(["room", "list", "--member", ann.id, "-o", "name"]).split(separator: "\n")
      #expect(names.count == 1201 && Set(names).count == 1201)
      let first = try await tool.run(["room", "list", "--member", ann.id, "-o", "name", "--limit", "700"])
        .split(separator: "\n")
      #expect(first == Array(names.prefix(700)))
      let rest = try await tool.run(
        ["room", "list", "--member", ann.id, "-o", "name", "--after", String(first[699].dropFirst(5))])
      #expect(rest.split(separator: "\n") == Array(names.dropFirst(700)))
    }
  }
}
