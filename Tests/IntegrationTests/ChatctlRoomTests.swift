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
