import JSON
import Kafka
import Redis
import TestCertificates
import TestSupport
import Testing

@Suite("chatctl check, wait and doctor")
struct ChatctlCheckTests {
  @Test("a system that is well is 0, with perfdata; the canary comes back with its times", arguments: OperatedBus.all)
  func well(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_check") { operated in
      let person = try await operated.stack.person()
      _ = try await operated.talk(person, messages: 2)
      #expect(try await operated.chatctl(["wait", "lag", "--timeout", "60s"]).exit == .code(0))
      #expect(try await operated.chatctl(["wait", "node", "--role", "gateway", "--timeout", "30s"]).exit == .code(0))
      #expect(
        try await operated.chatctl(["wait", "http", "\(operated.chatd.url)/health", "--timeout", "30s"]).exit
          == .code(0))
      #expect(try await operated.chatctl(["wait", "migrations", "--timeout", "30s"]).exit == .code(0))
      let names = ["migrations", "replicas", "bus", "lag", "outbox", "dead", "nodes", "http"]
      let check = try await operated.chatctl(["check"] + names)
      #expect(check.exit == .code(0), "\(check.output)")
      #expect(check.output.hasPrefix("CHATD OK - ") && check.output.contains("| "), "\(check.output)")
      #expect(check.output.contains("'lag.gateway.messages'=0") && check.output.contains("'outbox.age'=0s;10;60"))
      let json = try await operated.chatctl(["check", "outbox", "-o", "json"])
      let root = try JSONDocument(parsing: Array(json.output.utf8)).root
      #expect(root["status"]?.string == "OK" && root["checks"]?[0]?["metrics"]?[1]?["critical"]?.int == 60)
      let prometheus = try await operated.chatctl(["check", "dead", "-o", "prometheus"])
      #expect(prometheus.output.contains("chatctl_check_status{check=\"dead\"} 0\n"))

      let file = "\(try TemporaryFolder.make())/password"
      try FileText.write("a canary's own password\n", to: file)
      for _ in 0..<2 {
        let canary = try await operated.chatctl([
          "check", "canary", "--canary-password-file", file, "--canary-warn", "20s", "--canary-crit", "30s",
        ])
        #expect(canary.exit == .code(0) && canary.output.contains("'canary.delivered'="), "\(canary.output)")
      }
      let nobody = try await operated.chatctl(["check", "canary"])
      #expect(nobody.exit == .code(3) && nobody.output.contains("--canary-password-file"), "\(nobody.output)")
    }
  }

  @Test("what is wrong is 1, 2 or 3, and the doctor says what to do")
  func ill() async throws {
    try await Operated.with(.redis, "ctl_doctor") { operated in
      try await operated.stopChatd()
      try await operated.sql(
        """
        INSERT INTO dead_letters (consumer, key, event_id, type, payload)
        VALUES ('inbox', gen_random_uuid(), gen_random_uuid(), 'message.created', 'x')
        """)
      #expect(try await operated.chatctl(["check", "dead"]).exit == .code(1))
      let nodes = try await operated.chatctl(["check", "nodes", "dead"])
      #expect(nodes.exit == .code(2) && nodes.output.hasPrefix("CHATD CRITICAL - nodes: no chatd is alive"))
      #expect(try await TestProcess.run("chatctl", ["check", "redis", "--config", "none"]).exit == .code(3))
      let away = try await TestProcess.run(
        "chatctl", ["check", "redis", "--redis", "redis://127.0.0.1:1", "--redis-command-timeout", "300ms"])
      #expect(away.exit == .code(2), "\(away.output)")

      let redis = RedisClient(RedisConfiguration(.unix(operated.redisSocket)), loop: operated.loop)
      _ = try await redis.send("CONFIG", "SET", "appendonly", "no")
      redis.close()
      let doctor = try await operated.records(["doctor", "--interval", "0"])
      #expect(doctor.exit == .code(1))
      let fixes = Dictionary(uniqueKeysWithValues: doctor.records.map { ($0.text("check"), $0.text("fix")) })
      #expect(fixes["dead"]?.contains("chatctl dead replay --all") == true)
      #expect(fixes["redis.persistence"]?.contains("appendonly yes") == true)
      #expect(
        fixes["durability"]?.contains("synchronous_commit") == true || fixes["durability"]?.contains("fsync") == true)
      #expect(doctor.records.allSatisfy { !$0.text("fix").isEmpty }, "\(fixes)")

      let late = try await operated.chatctl(["wait", "node", "--timeout", "5s", "--every", "100ms"])
      #expect(late.exit == .code(75) && late.output.contains("waiting: 0 of 1 are alive"), "\(late.output)")
    }
  }

  @Test("the doctor finds each thing that can be made wrong, with its remedy", arguments: OperatedBus.all)
  func remedies(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_remedy") { operated in
      func findings(_ more: [String] = []) async throws -> [String: JSONValue] {
        let doctor = try await operated.records(["doctor", "--interval", "0"] + more)
        return Dictionary(doctor.records.map { ($0.text("check"), $0) }) { first, _ in first }
      }
      func expect(_ check: String, _ status: String, _ finding: String, fix: String, _ more: [String] = []) async throws
      {
        let all = try await findings(more)
        let found = all[check]
        #expect(
          found?.text("status") == status && found?.text("finding").contains(finding) == true
            && found?.text("fix").contains(fix) == true,
          "\(check): \(found.map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "nothing") of \(all.keys.sorted())"
        )
      }
      let redis = RedisClient(RedisConfiguration(.unix(operated.redisSocket)), loop: operated.loop)
      func set(_ name: String, _ value: String) async throws { _ = try await redis.send("CONFIG", "SET", name, value) }
      try await set("maxmemory-policy", "allkeys-lru")
      try await expect("redis.eviction", "WARNING", "allkeys-lru", fix: "CONFIG SET maxmemory-policy noeviction")
      try await set("maxmemory", "1gb")
      try await expect("redis.eviction", "CRITICAL", "allkeys-lru", fix: "noeviction")
      try await set("maxmemory-policy", "noeviction")
      try await set("maxmemory", "1100000")
      try await expect("redis.memory", "CRITICAL", "MiB are in use of 1", fix: "raise maxmemory")
      try await set("maxmemory", "0")
      if bus == .redis {
        try await set("appendonly", "no")
        try await expect("redis.persistence", "WARNING", "in memory only", fix: "CONFIG SET appendonly yes")
      }
      redis.close()

      // The limit of open files of the chatd that runs, on this machine.
      let pid = operated.chatd.process.pid
      let limited = try await TestProcess.run("/usr/bin/prlimit", ["--pid", "\(pid)", "--nofile=256:4096"])
      #expect(limited.exit == .code(0), "\(limited.output)")
      try await expect("files.\(pid)", "WARNING", "may open 256 files", fix: "LimitNOFILE")

      // The tests' own PostgreSQL is not durable.
      try await expect("durability", "CRITICAL", "fsync is off", fix: "ALTER SYSTEM SET fsync = on")
      try await operated.sql("UPDATE schema_migrations SET checksum = 'x' WHERE version = 2")
      try await expect("migrations", "CRITICAL", "2", fix: "chatctl migrate status")
      try await operated.sql("DELETE FROM schema_migrations WHERE version >= 2")
      try await expect("migrations", "CRITICAL", "is not applied", fix: "chatctl migrate up")

      if let kafka = operated.kafka {
        let all = ["--bus-partitions", "32"]
        try await expect("topic.chat.events", "WARNING", "partitions is 8, not 32", fix: "chatctl topic apply", all)
        let admin = try KafkaAdmin(kafka, loop: operated.loop)
        _ = try await admin.alterConfigs(.topic("chat.events"), ["min.insync.replicas": "2"])
        try await expect("topic.chat.events", "CRITICAL", "writes are refused", fix: "start the brokers")
        await admin.close()
        try await operated.stopChatd()
        #expect(try await operated.chatctl(["topic", "delete", "chat.events.dead", "--yes"]).exit == .code(0))
        try await eventually("it is gone") {
          try await findings()["topic.chat.events.dead"]?.text("status") == "CRITICAL"
        }
      }
    }
  }

  @Test("certificates: those of the files, and what --url shows, how long they last and whether they are trusted")
  func certificates() async throws {
    let authority = try TLSAuthority()
    let short = try authority.issue("short")
    let long = try authority.issue("long", days: 300)
    let old = try authority.issue("old", isExpired: true)
    func check(_ arguments: [String], trusting: Bool = false) async throws -> (code: TestProcess.Exit, output: String) {
      let result = try await TestProcess.run(
        "chatctl", ["check", "certificates", "--config", "none"] + arguments,
        environment: trusting ? ["SSL_CERT_FILE": authority.certificate] : [:])
      return (result.exit, result.output)
    }
    let files = try await check(["--tls-certificate", long.certificate, "--tls-key", long.key])
    #expect(files.code == .code(0) && files.output.contains("'certificate.days'=300"), "\(files.output)")
    let soon = try await check(["--tls-certificate", short.certificate, "--tls-key", short.key])
    #expect(soon.code == .code(2) && soon.output.contains("1 day from now"), "\(soon.output)")
    let gone = try await check(["--kafka-certificate-file", old.certificate])
    #expect(gone.code == .code(2) && gone.output.contains("has ended on 2021-02-03"), "\(gone.output)")

    let chatd = try await Chatd.start([
      "all", "--embedded", "\(try TemporaryFolder.make())/data", "--loops", "1", "--tls-certificate", long.certificate,
      "--tls-key",
      long.key,
    ])
    let url = "https://localhost:\(chatd.port)"
    let stranger = try await check(["--url", url])
    #expect(stranger.code == .code(2) && stranger.output.contains("not trusted here"), "\(stranger.output)")
    let known = try await check(["--url", url], trusting: true)
    #expect(known.code == .code(0) && known.output.contains("'certificate.url.days'=300"), "\(known.output)")
    let away = try await check(["--url", "https://127.0.0.1:1"])
    #expect(away.code == .code(2) && away.output.contains("shows no certificate"), "\(away.output)")
    try await chatd.process.stop()
  }
}
