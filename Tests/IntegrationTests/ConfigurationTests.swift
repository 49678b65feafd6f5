import Glibc
import JSON
import Networking
import TestSupport
import Testing

/// `chatd config`, the file, and what a running process makes of it.
@Suite("Configuration")
struct ConfigurationTests {
  private let folder: String

  init() throws { folder = try TemporaryFolder.make() }

  private func file(_ spec: String, named name: String = "chatd.yaml") throws -> String {
    let path = "\(folder)/\(name)"
    let lines = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    try FileText.write("apiVersion: chatd/v1\nkind: Server\nspec:\n\(lines)", to: path)
    return path
  }

  private func config(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> (exit: TestProcess.Exit, output: String) {
    try await TestProcess.run("chatd", ["config"] + arguments, environment: environment)
  }

  // MARK: chatd config

  @Test("shows each value and who says so")
  func shows() async throws {
    let path = try file("loops: 3\nhttp: {listen: '127.0.0.1:9'}\nlog: {level: debug}")
    let environment = ["CHATD_LOG_LEVEL": "error", "CHATD_CONFIG": path]
    let (exit, output) = try await config(["--listen", "127.0.0.1:10"], environment: environment)
    #expect(exit == .code(0))
    let rows = output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.contains(["loops", "3", "\(path):4:10"]))
    #expect(rows.contains(["http.listen", "127.0.0.1:10", "--listen"]))
    #expect(rows.contains(["log.level", "error", "CHATD_LOG_LEVEL"]))
    #expect(rows.contains(["http.idleTimeout", "1m", "default"]))
    let (_, changed) = try await config(["--changed", "--config", path])
    #expect(changed.split(separator: "\n").count == 4)
    let (_, section) = try await config(["log.level", "-c", path])
    #expect(section.split(separator: "\n").count == 2)
  }

  @Test("as JSON, for programs")
  func json() async throws {
    let path = try file("loops: 3")
    let (exit, output) = try await config(["-o", "json", "-c", path, "--no-sockets-polling"])
    #expect(exit == .code(0))
    let document = try JSONDocument(parsing: Array(output.utf8)).root
    func entry(_ name: String) throws -> JSONValue {
      try #require(document.array?.first { $0["setting"]?.string == name })
    }
    #expect(try entry("loops")["value"]?.int == 3)
    #expect(try entry("loops")["from"]?.string == "file")
    #expect(try entry("loops")["at"]?.string == "\(path):4:10")
    #expect(try entry("sockets.polling")["value"]?.bool == false)
    #expect(try entry("sockets.polling")["from"]?.string == "option")
    #expect(try entry("http.corsOrigins")["value"]?.array?.map(\.string) == [])
    #expect(try entry("log.level")["reloadable"]?.bool == true)
  }

  @Test("as YAML, which it takes for its file again")
  func yaml() async throws {
    let arguments = ["--loops", "3", "--http-cors-origins", "https://a.example", "--no-sockets-polling"]
    let (_, text) = try await config(["-o", "yaml"] + arguments)
    let path = "\(folder)/again.yaml"
    try FileText.write(text, to: path)
    let (exit, changed) = try await config(["-o", "yaml", "-c", path])
    #expect(exit == .code(0))
    func values(_ text: String) -> [Substring] { text.split(separator: "\n").map { $0.prefix { $0 != "#" } } }
    #expect(values(changed) == values(text))
  }

  @Test("a secret is never shown, only where it is")
  func secrets() async throws {
    try FileText.write("hunter2", to: "\(folder)/redis-password")
    let environment = ["CREDENTIALS_DIRECTORY": folder]
    for format in ["table", "yaml", "json"] {
      let (exit, output) = try await config(["redis", "-o", format], environment: environment)
      #expect(exit == .code(0))
      #expect(output.contains("\(folder)/redis-password"))
      #expect(!output.contains("hunter2"))
    }
  }

  @Test("--explain says what a setting means; a setting that is none is named with the nearest")
  func explain() async throws {
    let (exit, output) = try await config(["--explain", "http.idleTimeout"])
    #expect(exit == .code(0))
    #expect(output.hasPrefix("http.idleTimeout\n"))
    #expect(output.contains("--http-idle-timeout DURATION, CHATD_HTTP_IDLE_TIMEOUT; restart"))
    let wrong = try await config(["--explain", "http.idelTimeout"])
    #expect(wrong.exit == .code(64))
    #expect(wrong.output.contains("did you mean 'http.idleTimeout'?"))
  }

  // MARK: What is wrong

  @Test("--check of a file without a mistake")
  func valid() async throws {
    let path = try file("loops: 3")
    let (exit, output) = try await config(["--check", "--config", path])
    #expect(exit == .code(0))
    #expect(output == "\(path) is valid\n")
  }

  @Test("a file that comes through a pipe")
  func pipe() async throws {
    let path = try file("loops: 3")
    let chatd = "\(try TestProcess.products)/chatd"
    let command = "\(chatd) config loops -o json --config <(sleep 0.1; cat \(path))"
    let (exit, output) = try await TestProcess.run("/bin/bash", ["-c", command])
    #expect(exit == .code(0))
    #expect(output.hasPrefix("[{\"setting\":\"loops\",\"value\":3,\"from\":\"file\""), "\(output)")
  }

  @Test("a file with mistakes: 65, and all of them, by every command that reads it")
  func mistakes() async throws {
    let path = try file("http: {lisen: ':80'}\nloops: 0\nloops: 1\npostgres: {url: 'postgresql://a:hunter2@db/x'}")
    for command in [["config", "--check"], ["config"], ["all", "--embedded", "\(folder)/data"], ["gateway"]] {
      let (exit, output) = try await TestProcess.run("chatd", command + ["--config", path])
      #expect(exit == .code(65))
      #expect(
        output == """
          chatd: 4 problems in \(path)
          \(path):4:10: unknown setting 'lisen' in http; did you mean 'listen'?
          \(path):5:10: loops: expected a number from 1 to 256, found the number 0
          \(path):6:3: key 'loops' appears twice; it stands at line 5 already
          \(path):7:19: postgres.url: the address has a password in it; leave it out and put the password into a file: \
          --postgres-password-file (postgres.passwordFile)
          docs/CONFIGURATION.md and 'chatd config --explain' have every setting.

          """)
    }
  }

  @Test("what is no file of configuration")
  func notAFile() async throws {
    try FileText.write("", to: "\(folder)/empty")
    try FileText.write("a: [1\n", to: "\(folder)/broken")
    try FileText.write("\u{7f}ELF\u{0}\u{1}", to: "\(folder)/binary")
    try FileText.write(String(repeating: "# x\n", count: 300_000), to: "\(folder)/large")
    for (name, message) in [
      ("none", "chatd: --config: there is no file \(folder)/none\n"),
      (
        "none/none",
        "chatd: --config: there is no file \(folder)/none/none\nIts folder \(folder)/none is missing too.\n"
      ),
      ("", "chatd: --config: \(folder)/ is a folder, not a file\n"),
      ("empty", "chatd: \(folder)/empty:1:1: the file is empty\n"),
      (
        "broken",
        "chatd: \(folder)/broken:2:1: did not find expected ',' or ']' while parsing a flow sequence that begins at "
          + "line 1, column 4\n"
      ),
      ("binary", "chatd: \(folder)/binary is not a text file; YAML is expected\n"),
      ("large", "chatd: --config: \(folder)/large is longer than 1MiB\n"),
    ] {
      let (exit, output) = try await config(["--check", "--config", "\(folder)/\(name)"])
      #expect(exit == .code(65))
      #expect(output == message)
    }
  }

  @Test("a file that may not be read: 77, and by whom")
  func unreadable() async throws {
    let path = try file("loops: 3")
    chmod(path, getuid() == 0 ? 0o600 : 0)
    chmod(folder, 0o755)
    var command = ["\(try TestProcess.products)/chatd"]
    if getuid() == 0 {
      // Root may read everything; somebody who is nobody may not, and needs a program that he may run.
      _ = try await TestProcess.run("/bin/cp", [command[0], "\(folder)/chatd"])
      command = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "\(folder)/chatd"]
      let canRun = try await TestProcess.run(command[0], Array(command.dropFirst()) + ["--version"]).exit == .code(0)
      guard canRun else { return }
    }
    let (exit, output) = try await TestProcess.run(
      command[0], Array(command.dropFirst()) + ["config", "--check", "--config", path])
    #expect(exit == .code(77))
    #expect(output.hasPrefix("chatd: --config: \(path) may not be read by "), "\(output)")
  }

  @Test("values that cannot go together are told with where each comes from")
  func conflicts() async throws {
    let path = try file("sockets: {maxPayload: 2MiB}")
    let (exit, output) = try await config(["--check", "--config", path])
    #expect(exit == .code(65))
    #expect(
      output.hasPrefix("chatd: sockets.maxPayload (2MiB, \(path):4:25) and http.maxBody (1MiB, default): "), "\(output)"
    )
    let flags = try await config(["--check", "--config", "none", "--sockets-max-payload", "2MiB"])
    #expect(flags.exit == .code(64))
  }

  @Test("a variable that is nearly a setting's is warned of; others are none of our business")
  func unknownVariables() async throws {
    let environment = ["CHATD_LOG_LEVLE": "debug", "CHATD_TEST_SEED": "5"]
    let arguments = ["api", "--postgres", "host=\(folder)", "--redis", "unix:/x", "--secrets", "\(folder)/s"]
    let (_, output) = try await TestProcess.run(
      "chatd", arguments + ["--listen", "127.0.0.1:0"], environment: environment)
    let warnings = output.split(separator: "\n").filter { $0.contains("warning") }
    #expect(
      warnings == ["chatd: warning: the variable CHATD_LOG_LEVLE is no setting's; did you mean CHATD_LOG_LEVEL?"])
  }

  // MARK: A running process

  private func answer(
    _ chatd: Chatd, _ method: String, _ path: String, headers: [String: String] = [:]
  ) async throws -> Answer {
    try await withLoop { loop in
      try await APIClient(port: chatd.port, loop: loop).request(method, path, headers: headers)
    }
  }

  @Test("settings reach what they are about, the file's as well as the others")
  func applied() async throws {
    let path = try file(
      """
      embedded: \(folder)/data
      loops: 1
      http: {maxBody: 2MiB, corsOrigins: ['https://a.example']}
      sockets: {pingInterval: 1234ms, maxPayload: 1MiB}
      """)
    let chatd = try await Chatd.start(
      ["all", "--config", path], environment: ["CHATD_SOCKETS_PING_TIMEOUT": "4321ms"])
    let open = try await answer(chatd, "GET", "/socket.io/?EIO=4&transport=polling").text
    #expect(open.contains("\"pingInterval\":1234,\"pingTimeout\":4321,\"maxPayload\":1048576"), "\(open)")
    let large = try await answer(chatd, "POST", "/api/auth/login", headers: ["Content-Length": "\(3 << 20)"])
    #expect(large.status == 413)
    let notAllowed = ["Origin": "https://b.example"]
    let allowed = ["Origin": "https://a.example"]
    for path in ["/health", "/nowhere", "/socket.io/?EIO=4&transport=polling"] {
      let name = "access-control-allow-origin"
      #expect(try await answer(chatd, "GET", path, headers: allowed).headers[name] == "https://a.example", "\(path)")
      #expect(try await answer(chatd, "GET", path, headers: notAllowed).headers[name] == nil, "\(path)")
    }
    let preflight = try await answer(
      chatd, "OPTIONS", "/api/messages",
      headers: [
        "Origin": "https://a.example", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, idempotency-key",
      ])
    #expect(preflight.status == 204)
    #expect(preflight.headers["access-control-allow-headers"] == "authorization, idempotency-key")
    #expect(try await chatd.process.stop() == .code(0))
  }

  @Test("SIGHUP applies what can be applied, names what cannot, and keeps the old where the new is invalid")
  func reload() async throws {
    let data = "embedded: \(folder)/data\n"
    let path = try file(data + "loops: 1")
    let chatd = try await Chatd.start(["all", "--config", path])
    _ = try file(data + "loops: 1\nlog: {level: notice}")
    chatd.process.signal(SIGHUP)
    let applied = try await chatd.process.waitForLine(containing: "the configuration was read again")
    #expect(applied.contains("changed=log.level"))
    _ = try file(data + "loops: 2\nlog: {level: debug}\nhttp: {maxFields: 50}")
    chatd.process.signal(SIGHUP)
    let pending = try await chatd.process.waitForLine(containing: "take a restart")
    #expect(pending.contains("loops") && pending.contains("http.maxFields") && !pending.contains("log.level"))
    _ = try file(data + "loops: many")
    chatd.process.signal(SIGHUP)
    let refused = try await chatd.process.waitForLine(containing: "is invalid; the old one stays")
    #expect(refused.contains("\(path):5:10: loops: expected a number from 1 to 256"))
    #expect(try await answer(chatd, "GET", "/health").status == 200)
    #expect(try await chatd.process.stop() == .code(0))
  }

  @Test("options win over a file that says whose servers are used")
  func embeddedOverFile() async throws {
    let path = try file("loops: 1\npostgres: {url: 'postgresql:///nowhere'}\nredis: {url: 'unix:/nowhere'}")
    let chatd = try await Chatd.start(["all", "--config", path, "--embedded", "\(folder)/data"])
    #expect(try await answer(chatd, "GET", "/health").status == 200)
    #expect(try await chatd.process.stop() == .code(0))
  }

  @Test("Redis' password comes from a file, or from systemd's credential")
  func redisPassword() async throws {
    let socket = "\(folder)/redis.sock"
    let redis = try await TestProcess.start(
      "/usr/bin/redis-server",
      ["--port", "0", "--unixsocket", socket, "--requirepass", "hunter2", "--save", "", "--dir", folder])
    try await redis.waitForLine(containing: "eady to accept connections")
    let password = "\(folder)/redis-password"
    try FileText.write("hunter2\n", to: password)
    try await TestDatabase.with { postgres in
      let arguments = [
        "api", "--postgres", postgres, "--redis", "unix:\(socket)", "--secrets", "\(folder)/secrets",
        "--loops", "1",
      ]
      for (more, environment) in [
        (["--redis-password-file", password], [:]), ([], ["CREDENTIALS_DIRECTORY": folder]),
      ] as [([String], [String: String])] {
        let chatd = try await Chatd.start(arguments + more, environment: environment)
        #expect(try await answer(chatd, "GET", "/health").status == 200)
        #expect(try await chatd.process.stop() == .code(0))
      }
    }
    try await redis.stop()
  }
}
