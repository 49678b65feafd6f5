import JSON
import TestSupport
import Testing

@Suite("chatctl user")
struct ChatctlUserTests {
  @Test("a user is made, shown, listed, disabled, enabled and given a role, and the API heeds it")
  func life() async throws {
    try await withTool { stack, tool in
      let name = Stack.uniqueName("ops")
      let file = "\(try TemporaryFolder.make())/password"
      try FileText.write("correct horse\n", to: file)
      let made = try await tool.json(["user", "create", name, "--display-name", "Ops", "--password-file", file])
      #expect(made["username"]?.string == name)
      #expect(made["state"]?.string == "active")
      let id = try #require(made["id"]?.string)
      #expect(try await tool.run(["user", "create", name], code: 1).contains("is taken"))
      #expect(try await tool.run(["user", "create", "x"], code: 1).contains("3 to 32 characters"))

      let login: JSONLiteral = ["username": .string(name), "password": "correct horse"]
      let token = try await stack.client().post("/api/auth/login", login).expect(200).string("accessToken")
      let socket = try await SocketClient.connect(to: stack.gateways[1].port, token: token, loop: stack.loop)
      #expect(try await tool.json(["user", "get", name])["sessions"]?.int == 1)
      #expect(try await tool.run(["user", "get", id, "-o", "name"]) == "user/\(name)\n")
      #expect(try await tool.run(["user", "sessions", "list", name]).contains("127.0.0.1"))

      // Nothing is done that is only to be said.
      #expect(try await tool.run(["user", "disable", name, "--dry-run"]).contains("would be disabled"))
      #expect(try await tool.json(["user", "get", name])["state"]?.string == "active")
      let partly = try await tool.json(["user", "disable", name, "nobody-of-that-name"], code: 4)
      #expect(partly[0]?["result"]?.string == "disabled")
      #expect(partly[1]?["error"]?.string?.contains("there is no user") == true)
      try await socket.waitForClose()
      #expect(try await stack.client().post("/api/auth/login", login).status == 403)
      #expect(try await tool.run(["user", "disable", name]).contains("unchanged"))
      #expect(try await tool.run(["user", "token", name], code: 1).contains("is disabled"))
      let listed = try await tool.run(["user", "list", "--state", "disabled", "--prefix", name, "-o", "ndjson"])
      #expect(listed.split(separator: "\n").count == 1 && listed.contains(id))
      #expect(try await tool.run(["user", "list", "--state", "active", "--prefix", name]).contains("there is no user"))
      try await tool.run(["user", "enable", name])
      _ = try await stack.client().post("/api/auth/login", login).expect(200)

      #expect(try await tool.run(["user", "role", "admin", name]).contains("admin"))
      #expect(try await tool.json(["user", "get", name])["role"]?.string == "admin")
      try FileText.write("another horse", to: file)
      #expect(
        try await tool.run(["user", "password", name, "--password-file", file]).contains("1 sessions ended"))
      #expect(try await stack.client().post("/api/auth/login", login).status == 401)
    }
  }

  @Test("sessions are ended, sockets are closed, and a token for tests is good for both API and gateway")
  func sessions() async throws {
    try await withTool { stack, tool in
      let ann = try await stack.person("ann")
      let socket = try await stack.socket(ann, gateway: 0)
      #expect(try await tool.run(["user", "kick", ann.name, "--dry-run"]).contains("1 sockets would be closed"))
      #expect(try await tool.run(["user", "kick", ann.name]).contains("1 sockets closed"))
      try await socket.waitForClose()
      let again = try await stack.socket(ann, gateway: 1)
      #expect(try await tool.run(["user", "sessions", "revoke", ann.id]).contains("1 sessions"))
      try await again.waitForClose()
      #expect(
        try await stack.client().post("/api/auth/refresh", ["refreshToken": .string(ann.refreshToken)]).status == 401)

      let token = String(try await tool.run(["user", "token", ann.name, "--ttl", "1m"]).dropLast())
      #expect(try await stack.client(token).get("/api/users/me").expect(200).string("username") == ann.name)
      let tested = try await SocketClient.connect(to: stack.gateways[0].port, token: token, loop: stack.loop)
      #expect(try await tool.run(["user", "kick", ann.name]).contains("1 sockets closed"))
      try await tested.waitForClose()
    }
  }

  @Test("names are completed from the database, and from what it said before when it is away")
  func completion() async throws {
    let database = "completion"
    try await TestDatabase.sql("CREATE DATABASE \(database) TEMPLATE template0")
    let place = try await TestDatabase.connectionString(to: database)
    let cache = try TemporaryFolder.make()
    func run(_ words: [String], _ postgres: String = place) async throws -> String {
      let result = try await TestProcess.run(
        "chatctl", words,
        environment: [
          "CHATD_POSTGRES": postgres, "XDG_CACHE_HOME": cache, "CHATCTL_COMPLETION_PATIENCE": "20s",
        ])
      #expect(result.exit == .code(0), "\(result.output)")
      return result.output
    }
    _ = try await run(["migrate", "up"])
    for name in ["ann", "anton", "bob"] { _ = try await run(["user", "create", name, "--display-name", "Mx \(name)"]) }
    let complete = ["__complete", "user", "get", "an"]
    #expect(try await run(complete) == "ann\tMx ann\nanton\tMx anton\n")
    #expect(try await run(["__complete", "user", "disable", "ann", "b"]) == "bob\tMx bob\n")
    // Another installation has other people.
    #expect(try await run(complete, "host=/nonexistent dbname=x").isEmpty)
    try await TestDatabase.sql("DROP DATABASE \(database) WITH (FORCE)")
    #expect(try await run(complete) == "ann\tMx ann\nanton\tMx anton\n")
    #expect(try await run(["__complete", "user", "get", "c"]).isEmpty)
  }
}
