import JSON
import Redis
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
}
