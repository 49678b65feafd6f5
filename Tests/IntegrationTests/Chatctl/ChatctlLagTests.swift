import JSON
import TestSupport
import Testing

@Suite("chatctl lag")
struct ChatctlLagTests {
  @Test(
    "shows what waits and why, refuses to move a group that lives, moves one that does not", arguments: OperatedBus.all)
  func lag(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_lag") { operated in
      let person = try await operated.stack.person()
      _ = try await operated.talk(person, messages: 5)
      try await eventually("both groups are through") {
        let found = try await operated.records(["lag", "--interval", "0"])
        return found.exit == .code(0) && Set(found.records.map { $0.text("group") }) == ["gateway", "inbox"]
          && found.records.allSatisfy { $0.text("verdict") == "OK" && $0.number("messages") == 0 }
      }
      let active = try await operated.chatctl(["lag", "reset", "gateway", "--to-earliest"])
      #expect(active.exit == .code(75) && active.output.contains("has 1 members"), "\(active.output)")
      let unknown = try await operated.chatctl(["lag", "gatewy", "--interval", "0"])
      #expect(unknown.exit == .code(1) && unknown.output.contains("Did you mean 'gateway'?"), "\(unknown.output)")

      try await operated.stopChatd()
      let dry = try await operated.records(["lag", "reset", "gateway", "--to-earliest"])
      #expect(dry.exit == .code(0))
      #expect(dry.records.reduce(0) { $0 + ($1.number("repeated") ?? 0) } >= 5)
      let untouched = try await operated.records(["lag", "gateway", "--interval", "0"])
      #expect(untouched.records.allSatisfy { $0.number("messages") == 0 && $0.text("verdict") == "WARN" })
      let done = try await operated.records(["lag", "reset", "gateway", "--to-earliest", "--execute"])
      #expect(done.exit == .code(0))
      let behind = try await operated.chatctl(["lag", "gateway", "--explain", "--interval", "100ms"])
      #expect(behind.exit == .code(0))
      #expect(behind.output.contains("CRIT") && behind.output.contains("the group has no members"), "\(behind.output)")
      let export = try await operated.chatctl(["lag", "export", "--interval", "0"])
      #expect(export.exit == .code(0))
      #expect(
        export.output.split(separator: "\n").contains {
          $0.hasPrefix("chatctl_lag_age_seconds{group=\"gateway\"") && !$0.hasSuffix(" 0")
        }, "\(export.output)")

      try await operated.startChatd()
      try await eventually("the gateway is through again") {
        let found = try await operated.records(["lag", "gateway", "--interval", "0"])
        return !found.records.isEmpty && found.records.allSatisfy { $0.text("verdict") == "OK" }
      }
    }
  }

  @Test("a bus that is away is 69, and a live view ends on a signal")
  func ends() async throws {
    let away = try await TestProcess.run(
      "chatctl", ["lag", "--redis", "redis://127.0.0.1:1", "--redis-command-timeout", "300ms", "--interval", "0"])
    #expect(away.exit == .code(69), "\(away.output)")
    try await Operated.with(.redis, "ctl_watch") { operated in
      let watching = try await TestProcess.start(
        "chatctl", ["lag", "--watch", "--interval", "200ms"] + operated.connections)
      try await watching.waitForLine(containing: "waiting")
      watching.signal(2)
      #expect(try await watching.waitForExit() == .code(130))
    }
  }
}
