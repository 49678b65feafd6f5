import JSON
import TestSupport
import Testing

@Suite("chatctl key")
struct ChatctlKeyTests {
  /// `chatctl` on the folder of an embedded installation.
  private struct Place: Sendable {
    let folder: String

    func run(_ words: [String], code: Int32 = 0) async throws -> String {
      let result = try await TestProcess.run("chatctl", words + ["--embedded", folder])
      guard result.exit == .code(code) else {
        throw TestFailure("chatctl \(words.joined(separator: " ")): \(result.exit), not \(code): \(result.output)")
      }
      return result.output
    }

    func json(_ words: [String], code: Int32 = 0) async throws -> JSONValue {
      let text = try await run(words + ["-o", "json"], code: code)
      return try JSONDocument(parsing: text).root
    }

    func states() async throws -> [String] {
      try await json(["key", "list"]).array?.map { "\($0["state"]?.string ?? "") \($0["messages"]?.int ?? -1)" } ?? []
    }
  }

  @Test("a key is exchanged on a running system, step by step, and each step is refused where it would hurt")
  func rotation() async throws {
    let place = Place(folder: "\(try TemporaryFolder.make())/data")
    let chatd = try await Chatd.start(
      [
        "all", "--embedded", place.folder, "--encryption-mode", "conversation", "--loops", "2", "--log-level",
        "warning",
      ])
    try await withLoop { loop in
      let stack = Stack(api: chatd, gateways: [chatd], loop: loop)
      let ann = try await stack.person("ann")
      let made = try await ann.api.post(
        "/api/conversations", ["type": "group", "title": "secret", "encrypted": true, "participants": []]
      ).expect(201)
      let room = try made.string("id")
      for number in 1...20 { _ = try await stack.send("secret \(number)", to: room, by: ann).expect(201) }
      #expect(try await place.states() == ["active 20"])
      #expect(try await place.json(["key", "list"])[0]?["nodes"]?.string == "1/1")

      #expect(try await place.run(["key", "add", "--dry-run"]).contains("would add key 2"))
      #expect(try await place.states() == ["active 20"])
      #expect(try await place.run(["key", "add", "--wait", "30s"]).hasPrefix("2\n"))
      #expect(try await place.run(["key", "promote", "7"], code: 1).contains("there is no key 7"))
      _ = try await place.run(["key", "promote", "2", "--dry-run"])
      #expect(try await place.states() == ["active 20", "enabled 0"])
      _ = try await place.run(["key", "promote", "2", "--wait", "30s"])
      #expect(try await place.states() == ["enabled 20", "active 0"])

      #expect(try await place.run(["key", "disable", "1"], code: 64).contains("20 messages unreadable"))
      #expect(try await place.json(["key", "reencrypt", "--dry-run"])["left"]?.int == 20)
      let moved = try await place.json(["key", "reencrypt", "--rate", "1000"])
      #expect(moved["moved"]?.int == 20 && moved["left"]?.int == 0 && moved["failures"]?.int == 0)
      #expect(moved["checked"]?.int == 20)
      #expect(try await place.states() == ["enabled 0", "active 20"])
      #expect(try await place.run(["key", "verify"]).contains("20 messages were opened, 0 could not be"))

      let backup = "\(try TemporaryFolder.make())/key-1.json"
      _ = try await place.run(["key", "disable", "1"])
      #expect(try await place.run(["key", "destroy", "1", "--yes"], code: 64).contains("--backup"))
      #expect(
        try await place.run(["key", "destroy", "1", "--backup", backup, "--yes"], code: 75).contains("disabled at"))
      #expect(throws: TestFailure.self) { _ = try FileText.read(backup) }
      let now = ["--waiting", "0s", "--yes"]
      _ = try await place.run(["key", "destroy", "1", "--backup", backup] + now)
      #expect(try await place.states() == ["destroyed 0", "active 20"])
      #expect(try await place.run(["key", "enable", "1"], code: 1).contains("it is gone"))
      _ = try await place.run(["key", "restore", backup])
      _ = try await place.run(["key", "enable", "1"])
      #expect(try await place.states() == ["enabled 0", "active 20"])
      #expect(try await place.run(["key", "restore", backup], code: 1).contains("only a destroyed key"))
      try FileText.write("{}", to: backup)
      #expect(try await place.run(["key", "restore", backup], code: 65).contains("no backup"))
      #expect(try await ann.api.get("/api/conversations/\(room)/messages").expect(200)["messages"]?.count == 20)
    }
    #expect(try await chatd.process.stop() == .code(0))
  }

  @Test("a node that has not loaded a key holds its promotion up, by name; messages hold up the end of the old one")
  func refusals() async throws {
    let place = Place(folder: "\(try TemporaryFolder.make())/data")
    let chatd = try await Chatd.start(
      ["all", "--embedded", place.folder, "--encryption-mode", "all", "--loops", "1", "--log-level", "warning"])
    try await withLoop { loop in
      let stack = Stack(api: chatd, gateways: [chatd], loop: loop)
      let ann = try await stack.person("ann")
      let room = try await ann.api.post(
        "/api/conversations", ["type": "group", "title": "secret", "participants": []]
      ).expect(201).string("id")
      _ = try await stack.send("secret", to: room, by: ann).expect(201)
      // A process that stands still: it lives by its lease, and loads nothing.
      chatd.process.signal(19)
      #expect(try await place.run(["key", "add"]).hasPrefix("2\n"))
      let behind = try await place.run(["key", "promote", "2"], code: 75)
      #expect(behind.contains("1 live node has not loaded key 2: all on"), "\(behind)")
      #expect(try await place.run(["key", "promote", "2", "--wait", "300ms"], code: 75).contains("key 2"))
      chatd.process.signal(18)
      _ = try await place.run(["key", "promote", "2", "--wait", "30s"])
      _ = try await place.run(["key", "disable", "1", "--yes"])
      let needed = try await place.run(["key", "destroy", "1", "--for-good", "--waiting", "0s", "--yes"], code: 1)
      #expect(needed.contains("messages need key 1"))
      #expect(try await place.run(["key", "verify"], code: 1).contains("key_unavailable"))
    }
    #expect(try await chatd.process.stop() == .code(0))
  }
}
