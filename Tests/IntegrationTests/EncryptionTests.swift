import ChatKit
import Glibc
import JSON
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

/// Whole processes with keys: an API and two gateways on a database of their own.
@Suite("Encrypted conversations")
struct EncryptionTests {
  private struct System {
    let installation: Installation
    let api: Chatd
    let gateways: [Chatd]
    let ring: KeyRing
    let pool: PostgresPool
    let servers: EmbeddedServers

    static func with(
      _ mode: String, _ body: @escaping @Sendable (System, Stack) async throws -> Void
    ) async throws {
      try await withDatabase { database in
        var options = EmbeddedOptions()
        options.services = [.redis]
        options.isDurable = false
        let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
        var installation = Installation(
          postgres: database, redis: "unix://\(servers.redisSocket)",
          secrets: "\(try TemporaryFolder.make())/secrets")
        installation.options = ["--encryption-mode", mode]
        let api = try await installation.start("api")
        let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
        let found = installation
        try await withLoop { loop in
          let pool = PostgresPool(PostgresConfiguration(connectionString: database), loop: loop)
          let path = "\(found.secrets)/master.key"
          let ring = KeyRing(pool, master: try MasterKey(file: try bytes(of: path), source: path))
          let system = System(
            installation: found, api: api, gateways: gateways, ring: ring, pool: pool, servers: servers)
          do {
            try await body(system, Stack(api: api, gateways: gateways, loop: loop))
          } catch {
            await pool.close()
            throw error
          }
          await pool.close()
        }
        for chatd in gateways + [api] { #expect(try await chatd.process.stop() == .code(0)) }
        await servers.stop()
      }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
      let descriptor = open(path, O_RDONLY)
      guard descriptor >= 0 else { throw TestFailure("there is no \(path)") }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: 128)
      let count = read(descriptor, &bytes, bytes.count)
      return Array(bytes.prefix(max(0, count)))
    }

    func count(_ sql: String) async throws -> Int64 {
      try await pool.run(PostgresStatement(unchecked: sql), PostgresParameters())[0].get(0, as: Int64.self)
    }
  }

  /// What a socket got, in the order of its arrival.
  private final class Inbox: @unchecked Sendable {
    var bodies: [String] = []
  }

  @Test("keys are exchanged under live sends: nothing is lost, and nobody sees what cannot be read")
  func rotation() async throws {
    try await System.with("conversation") { system, stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let created = try await ann.api.post(
        "/api/conversations",
        ["type": "group", "title": "secret", "encrypted": true, "participants": [.string(bob.id)]]
      ).expect(201)
      #expect(created["encrypted"]?.bool == true)
      let id = try created.string("id")
      let sockets = [try await stack.joined(bob, id), try await stack.joined(ann, id, gateway: 1)]
      let inboxes = [Inbox(), Inbox()]
      let isOver = Inbox()
      let readers = zip(sockets, inboxes).map { socket, inbox in
        stack.loop.start {
          await Result {
            while inbox.bodies.last != "last" {
              let event = try await socket.next("message:new", within: .seconds(60))
              inbox.bodies.append(event["body"]?.string ?? event["unreadable"]?.string ?? "neither")
            }
          }
        }
      }
      let sender = stack.loop.start {
        await Result { () -> Int in
          var n = 0
          while isOver.bodies.isEmpty {
            n += 1
            _ = try await stack.send("secret \(n)", to: id, by: ann).expect(201)
            try await stack.loop.sleep(for: .milliseconds(5))
          }
          _ = try await stack.send("last", to: id, by: ann).expect(201)
          return n
        }
      }
      let clock = ContinuousClock()
      var moved = 0
      for target: Int32 in 2...3 {
        let start = clock.now
        #expect(try await system.ring.add() == target)
        try await eventually(within: .seconds(20), "every node to have key \(target)") {
          try await system.ring.nodes(without: target).isEmpty
        }
        print("key \(target) was known to all nodes after \(clock.now - start)")
        try await system.ring.promote(target)
        try await eventually(within: .seconds(20), "a message under key \(target)") {
          try await system.count("SELECT count(*) FROM messages WHERE key_version = \(target)") > 20
        }
        moved += try await system.ring.reencrypt(batch: 20, pause: .milliseconds(1), on: stack.loop).moved
        #expect(try await system.count("SELECT count(*) FROM messages WHERE key_version < \(target)") == 0)
        try await system.ring.disable(target - 1)
        try await system.ring.destroy(target - 1, waiting: .zero)
      }
      isOver.bodies.append("over")
      let total = try await sender.value.get()
      for reader in readers { try await reader.value.get() }
      let expected = (1...total).map { "secret \($0)" } + ["last"]
      for inbox in inboxes { #expect(inbox.bodies == expected) }
      #expect(moved > 0 && total > 60)
      var read: [String] = []
      var path = "/api/conversations/\(id)/messages?afterSeq=0&limit=200"
      while true {
        let page = try await bob.api.get(path).expect(200)
        read += page["messages"]?.array?.map { $0["body"]?.string ?? "unreadable" } ?? []
        guard let newer = page["newer"]?.string else { break }
        path = "/api/conversations/\(id)/messages?cursor=\(newer)&limit=200"
      }
      #expect(read == expected)
      #expect(try await system.count("SELECT count(*) FROM messages WHERE body IS NOT NULL") == 0)
      #expect(try await system.count("SELECT count(*) FROM message_search") == 0)
      let problem = try ProblemAnswer(
        try await ann.api.get("/api/messages/search?q=secret&conversationId=\(id)"), 409)
      #expect(problem.code == "conversation_encrypted")
    }
  }

  @Test("with all, every conversation is encrypted; a disabled key is an error of its own, and no empty body")
  func disabled() async throws {
    try await System.with("all") { system, stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let direct = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).expect(201)
      #expect(direct["encrypted"]?.bool == true)
      let id = try direct.string("id")
      let message = try await stack.send("hush", to: id, by: ann).expect(201).string("id")
      let socket = try await stack.joined(bob, id)
      let edited = try await ann.api.request("PATCH", "/api/messages/\(message)", ["body": "hush!"]).expect(200)
      #expect(try edited.string("body") == "hush!")
      #expect(try await socket.next("message:updated")["body"]?.string == "hush!")
      #expect(try await system.count("SELECT count(*) FROM messages WHERE body IS NOT NULL") == 0)

      #expect(try await system.ring.add() == 2)
      try await eventually(within: .seconds(20), "every node to have the key") {
        try await system.ring.nodes(without: 2).isEmpty
      }
      try await system.ring.promote(2)
      try await system.ring.disable(1)
      try await eventually(within: .seconds(20), "every node to be without the key") {
        try await Node.all(system.pool).allSatisfy { !$0.keyVersions.contains(1) }
      }
      let answer = try await bob.api.get("/api/messages/\(message)")
      #expect(try ProblemAnswer(answer, 503).code == "key_unavailable")
      #expect(answer.headers["retry-after"] != nil)
      _ = try await stack.send("and this", to: id, by: bob).expect(201)
      let page = try await ann.api.get("/api/conversations/\(id)/messages").expect(200)
      let shown = try #require(page["messages"]?.array.map(Array.init))
      #expect(shown.count == 2)
      #expect(shown[0]["body"] == nil && shown[0]["unreadable"]?.string == "key_unavailable")
      #expect(shown[1]["body"]?.string == "and this" && shown[1]["unreadable"] == nil)
      // Who joins later is told the same.
      let late = try await stack.socket(ann, gateway: 1)
      _ = try await late.join(id, afterSeq: 0)
      #expect(try await late.next("message:new")["unreadable"]?.string == "key_unavailable")
      try await system.ring.enable(1)
      try await eventually(within: .seconds(20), "the message again") {
        try await bob.api.get("/api/messages/\(message)").status == 200
      }
      // Stored so that nobody but the holder of the key can change it unseen.
      _ = try await system.pool.query(
        "UPDATE messages SET auth_tag = set_byte(auth_tag, 0, get_byte(auth_tag, 0) # 1) WHERE seq = 1")
      #expect(
        try ProblemAnswer(try await bob.api.get("/api/messages/\(message)"), 500).code == "decryption_failed")

      // Another master key: one line that says so, and nothing listens.
      let wrong = "\(try TemporaryFolder.make())/wrong.key"
      try FileText.write(String(repeating: "ab", count: 32), to: wrong)
      func refusal(_ options: [String]) async throws -> String {
        let result = try await TestProcess.run(
          "chatd",
          [
            "api", "--postgres", system.installation.postgres, "--redis", system.installation.redis, "--loops", "1",
            "--listen", "127.0.0.1:0",
          ] + options, within: .seconds(30))
        #expect(result.exit == .code(65), "\(result.output)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 1, "\(result.output)")
        return String(lines.last ?? "")
      }
      let fingerprint = Hex.encode(
        Array(SHA256.digest([UInt8](repeating: 0xab, count: 32)).prefix(8)))
      let refused = try await refusal([
        "--secrets", system.installation.secrets, "--encryption-mode", "all", "--encryption-master-key-file", wrong,
      ])
      #expect(refused.contains("is wrapped by the master key") && refused.contains(fingerprint), "\(refused)")
      // An empty folder of secrets is not filled with a master key that would open nothing.
      let empty = "\(try TemporaryFolder.make())/secrets"
      let missing = try await refusal(["--secrets", empty, "--encryption-mode", "all"])
      #expect(missing.contains("there is none"), "\(missing)")
      #expect(access("\(empty)/master.key", F_OK) != 0)
    }
  }

  @Test("where encryption is off it cannot be asked for")
  func off() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let answer = try await ann.api.post(
        "/api/conversations", ["type": "group", "title": "x", "encrypted": true])
      #expect(try ProblemAnswer(answer, 400).field == "encrypted")
      #expect(
        try await ann.api.post("/api/conversations", ["type": "group", "title": "x"]).expect(201)["encrypted"] == nil)
    }
  }
}

extension Result where Failure == any Error {
  /// What `body` does, for a task that must not throw.
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
