import ChatKit
import Glibc
import JSON
import Networking
import TestSupport
import Testing

/// `chatd all --embedded DIR`: how it starts, what it says when it cannot, and what it leaves behind.
@Suite("Starting and stopping")
struct StartUpTests {
  private func start(_ folder: String, port: UInt16 = 0) async throws -> Chatd {
    try await Chatd.start(["all", "--embedded", folder, "--loops", "2"], port: port)
  }

  /// Runs chatd to its end and checks that it says what is wrong in one line: no stack trace, no second error.
  private func refusal(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> (exit: TestProcess.Exit, line: String) {
    let (exit, output) = try await TestProcess.run("chatd", arguments, environment: environment, within: .seconds(60))
    let lines = output.split(separator: "\n").map(String.init)
    // What it is doing meanwhile, when that takes long.
    let progress = ["chatd: making ", "chatd: migrating: ", "chatd: letting "]
    let said = lines.filter { line in line.hasPrefix("chatd: ") && !progress.contains { line.hasPrefix($0) } }
    #expect(said.count == 1, "\(output)")
    #expect(lines.count <= 5, "\(output)")
    #expect(!output.contains("Fatal error"), "\(output)")
    return (exit, said.first ?? "")
  }

  /// The processes that work in `folder`: PostgreSQL and Redis.
  private func processes(in folder: String) -> [Int32] {
    FileTree.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
      FileTree.target(ofLink: "/proc/\(pid)/cwd")?.hasPrefix(folder) == true
    }
  }

  private func parent(of pid: Int32) -> Int32? {
    let status = try? FileText.read("/proc/\(pid)/stat")
    return status?.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap { Int32($0) }
  }

  private func register(_ chatd: Chatd, _ loop: EventLoop) async throws -> Person {
    try await Stack.register(Stack.uniqueName(), with: APIClient(port: chatd.port, loop: loop))
  }

  @Test("serves everything on one port; SIGTERM stops all children; the data is there again at the next start")
  func lifeCycle() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await start(folder)
    #expect(processes(in: folder).count >= 2)
    let (ann, id) = try await withLoop { loop in
      let ann = try await register(chatd, loop)
      let id = try await ann.api.post("/api/conversations", ["type": "group", "title": "t"]).string("id")
      let socket = try await SocketClient.connect(to: chatd.port, token: ann.token, loop: loop)
      #expect(try await socket.join(id)["ok"]?.bool == true)
      _ = try await ann.api.post("/api/messages", ["conversationId": .string(id), "body": "hello"]).expect(201)
      _ = try await socket.next("message:new")
      chatd.process.terminate()
      // Sockets are closed, so that clients come back by themselves.
      try await socket.waitForClose()
      return (ann, id)
    }
    #expect(try await chatd.process.waitForExit() == .code(0))
    #expect(processes(in: folder) == [])
    let again = try await start(folder)
    try await withLoop { loop in
      let client = APIClient(port: again.port, loop: loop, token: ann.token)
      let page = try await client.get("/api/conversations/\(id)/messages").expect(200)
      #expect(page["messages"]?[0]?["body"]?.string == "hello")
    }
    #expect(try await again.process.stop() == .code(0))
  }

  @Test("kill -9 in the middle of sending: the children go too, and the next start has all that was answered")
  func killed() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await start(folder)
    let (ann, id, answered) = try await withLoop { loop in
      let ann = try await register(chatd, loop)
      let id = try await ann.api.post("/api/conversations", ["type": "group", "title": "t"]).string("id")
      var answered = 0
      loop.schedule(after: .milliseconds(300)) { chatd.process.signal(SIGKILL) }
      while true {
        let answer = try? await ann.api.post("/api/messages", ["conversationId": .string(id), "body": "x"])
        guard answer?.status == 201 else { break }
        answered += 1
      }
      return (ann, id, answered)
    }
    #expect(try await chatd.process.waitForExit() == .signal(SIGKILL))
    try await eventually("the end of the children") { processes(in: folder) == [] }
    #expect(answered > 0)
    // At once, on the same port.
    let again = try await chatd.startAgain()
    try await withLoop { loop in
      let client = APIClient(port: again.port, loop: loop, token: ann.token)
      let last = try await client.get("/api/conversations/\(id)").expect(200).int("lastSeq")
      #expect(last == answered || last == answered + 1)
      // What was committed and not answered, or not published, is delivered as well.
      let socket = try await SocketClient.connect(to: again.port, token: ann.token, loop: loop)
      _ = try await socket.join(id, afterSeq: 0)
      #expect(socket.seqs == Array(1...last))
    }
    try await again.process.stop()
  }

  @Test("a second start on the same folder is told who holds it; the first one does not notice")
  func sameFolder() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await start(folder)
    let port = try FreePort.pick()
    let second = try await refusal(["all", "--embedded", folder, "--listen", "127.0.0.1:\(port)"])
    #expect(second.exit == .code(75))
    #expect(second.line.contains("\(chatd.process.pid)"))
    #expect(second.line.contains(folder))
    try await withLoop { loop in
      let health = try await APIClient(port: chatd.port, loop: loop).get("/health")
      #expect(health.status == 200)
    }
    try await chatd.process.stop()
  }

  @Test("a port in use is one line with the way out, before any server is started")
  func portInUse() async throws {
    let folder = try TemporaryFolder.make()
    try await withLoop { loop in
      let listener = try Listener(.loopback(port: 0), loop: loop, reusePort: false) { _ in }
      defer { listener.close() }
      let port = listener.address.port
      let (exit, line) = try await refusal(["all", "--embedded", "\(folder)/data", "--listen", "127.0.0.1:\(port)"])
      #expect(exit == .code(73))
      #expect(line.contains("127.0.0.1:\(port)"))
      #expect(line.contains("--listen"))
      // Before servers are started for it.
      #expect(FileTree.names(in: folder) == [])
    }
  }

  @Test("another chatd's port is in use too, though both could share it")
  func portOfAnother() async throws {
    let folder = try TemporaryFolder.make()
    let first = try await start("\(folder)/first")
    let (exit, line) = try await refusal(
      ["all", "--embedded", "\(folder)/second", "--listen", "127.0.0.1:\(first.port)"])
    #expect(exit == .code(73))
    #expect(line.contains("\(first.port)"))
    try await first.process.stop()
  }

  @Test("a folder that it may not write")
  func unwritable() async throws {
    for (folder, named) in [("/proc/chatd", "/proc/chatd"), ("/dev/null/chatd", "/dev/null")] {
      let (exit, line) = try await refusal(["all", "--embedded", folder, "--listen", "127.0.0.1:0"])
      #expect([.code(69), .code(73), .code(77)].contains(exit), "\(folder): \(exit)")
      #expect(line.contains(named))
    }
  }

  @Test("a folder that is a file, and one with something else in it")
  func foreignFolder() async throws {
    let folder = try TemporaryFolder.make()
    try FileText.write("x", to: "\(folder)/file")
    let (exit, line) = try await refusal(["all", "--embedded", "\(folder)/file", "--listen", "127.0.0.1:0"])
    #expect(exit != .code(0))
    #expect(line.contains("\(folder)/file"))
  }

  @Test("a missing package is named with the command that installs it")
  func missingPackage() async throws {
    // In a mount namespace of its own, in which the programs are hidden.
    guard getuid() == 0, try await TestProcess.run("/usr/bin/unshare", ["-m", "/bin/true"]).exit == .code(0) else {
      return
    }
    let empty = try TemporaryFolder.make()
    let products = try TestProcess.products
    for (hide, package) in [
      ("mount --bind \(empty) /usr/lib/postgresql", "postgresql"),
      (
        "for p in /usr/bin/redis-server /usr/local/bin/redis-server; do [ ! -e $p ] || mount --bind /dev/null $p; done",
        "redis"
      ),
    ] {
      let folder = "\(try TemporaryFolder.make())/data"
      let (exit, output) = try await TestProcess.run(
        "/usr/bin/unshare",
        ["-m", "/bin/sh", "-c", "\(hide) && exec \(products)/chatd all --embedded \(folder) --listen 127.0.0.1:0"],
        environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
      #expect(exit == .code(69), "\(output)")
      #expect(output.contains("apt-get install \(package)"), "\(output)")
      #expect(output.split(separator: "\n").count == 1, "\(output)")
    }
  }

  @Test(
    "wrong usage is said with what to do, exit 64",
    arguments: [
      [], ["al"], ["all", "--embeded", "x"], ["all", "--embedded"], ["api"], ["gateway", "--embedded", "x"],
      ["all", "--embedded", "x", "--postgres", "postgresql:///x"], ["all", "--embedded", "x", "--listen", "nonsense"],
      ["all", "--embedded", "x", "--listen", "127.0.0.1:99999"], ["all", "--embedded", "x", "--loops", "0"],
      ["all", "--embedded", "x", "--listen", "no-such-host:80"], ["all", "--embedded", "x", "--log-level", "loud"],
      ["all", "--embedded", "x", "extra"],
      ["api", "--postgres", "postgresql:///x", "--redis", "redis://localhost"],
      ["api", "--postgres", "postgresql:///x", "--redis", "ftp://x", "--secrets", "/tmp"],
    ])
  func usage(arguments: [String]) async throws {
    let (exit, line) = try await refusal(arguments)
    #expect(exit == .code(64), "\(line)")
    #expect(!line.isEmpty)
  }

  @Test("--help and --version answer on standard output with 0")
  func help() async throws {
    for arguments in [["--help"], ["all", "--help"], ["--version"]] {
      let (exit, output) = try await TestProcess.run("chatd", arguments)
      #expect(exit == .code(0))
      #expect(output.hasPrefix("chatd"))
    }
  }

  @Test("a private server that is killed is started again, and nothing that was answered is lost")
  func childrenDie() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await start(folder)
    try await withLoop { loop in
      let ann = try await register(chatd, loop)
      let id = try await ann.api.post("/api/conversations", ["type": "group", "title": "t"]).string("id")
      let socket = try await SocketClient.connect(to: chatd.port, token: ann.token, loop: loop)
      _ = try await socket.join(id, afterSeq: 0)
      var sent = 0
      for name in ["pg", "redis"] {
        let parent = try #require(processes(in: "\(folder)/\(name)").first { self.parent(of: $0) == chatd.process.pid })
        kill(parent, SIGKILL)
        try await eventually(within: .seconds(20), "a new \(name)") {
          let now = processes(in: "\(folder)/\(name)")
          return !now.isEmpty && !now.contains(parent)
        }
        // With a key, until there is an answer.
        for index in 0..<5 {
          try await eventually(within: .seconds(20), "an answer") {
            let answer = try? await ann.api.post(
              "/api/messages", ["conversationId": .string(id), "body": "x"],
              headers: ["Idempotency-Key": "\(name)-\(index)"])
            return answer?.status == 201
          }
          sent += 1
        }
      }
      try await socket.wait("all messages", within: .seconds(20)) { socket.seqs.count >= sent }
      #expect(socket.seqs == Array(1...sent))
    }
    #expect(try await chatd.process.stop() == .code(0))
    #expect(processes(in: folder) == [])
  }

  @Test("a role whose PostgreSQL is away says so and exits 69")
  func postgresAway() async throws {
    let secrets = try TemporaryFolder.make()
    let (exit, line) = try await refusal([
      "api", "--postgres", "host=/tmp/no-such-folder dbname=x user=x", "--redis", "unix:///tmp/no-such-redis.sock",
      "--secrets", "\(secrets)/s", "--listen", "127.0.0.1:0",
    ])
    #expect(exit == .code(69))
    #expect(line.contains("no-such-folder"))
  }
}
