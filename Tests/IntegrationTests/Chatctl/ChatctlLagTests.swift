import JSON
import Kafka
import Networking
import Primitives
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

  /// A group of the test's own on the topic of an operated Kafka.
  private func member(
    _ operated: Operated, of group: String, on topic: String = "chat.events",
    _ handler: @escaping KafkaConsumer.Handler
  ) throws -> KafkaConsumer {
    try KafkaConsumer(
      try #require(operated.kafka), group: group, topics: [topic], loop: operated.loop, handler: handler)
  }

  @Test(
    "on Kafka each verdict has its reason: no progress, a partition that nobody reads, records deleted before they were done",
    .enabled(if: TestKafka.canStart, "no Kafka: see TestKafka"))
  func verdicts() async throws {
    try await Operated.with(.kafka, "ctl_verdict") { operated in
      let person = try await operated.stack.person()
      _ = try await operated.talk(person, messages: 5)
      func lag(_ group: String, _ more: [String] = []) async throws -> [JSONValue] {
        try await operated.records(["lag", group, "--interval", "300ms"] + more).records.filter {
          $0.number("messages") ?? 1 > 0 || $0.text("verdict") != "OK"
        }
      }
      // A member that lives and never comes to an end with its first record.
      let gate = Gate()
      let stuck = try member(operated, of: "stuck") { _ in await gate.wait() }
      try await eventually("it has its partitions") { stuck.partitions.count == 8 }
      try await eventually("no progress is critical") {
        let found = try await lag("stuck")
        return !found.isEmpty
          && found.allSatisfy { $0.text("verdict") == "CRIT" && $0.text("reason").hasPrefix("no progress") }
      }
      // The age is that of the record itself: it is as old as the message that it tells of.
      let waiting = try #require(try await lag("stuck").first)
      let oldest = try #require(waiting["oldest"]?.timestamp)
      let message = try #require(
        try await operated.sql(
          "SELECT to_char(min(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM messages"
        )
        .split(separator: ",").first.flatMap { Timestamp(rfc3339: String($0)) })
      #expect(oldest >= message - .seconds(1) && oldest <= message + .seconds(60), "\(oldest) \(message)")
      gate.open()
      try await eventually("it moves, and all is done") { try await lag("stuck").isEmpty }
      await stuck.close()

      // A group that lives and reads something else.
      let elsewhere = try member(operated, of: "stuck", on: "chat.events.dead") { _ in }
      try await eventually("nobody reads the partitions") {
        let found = try await lag("stuck")
        return found.count == 8
          && found.allSatisfy {
            $0.text("verdict") == "CRIT" && $0.text("reason").hasPrefix("the partition is given to no member")
          }
      }
      await elsewhere.close()

      // Back to the beginning, which is deleted then.
      #expect(try await operated.chatctl(["lag", "reset", "stuck", "--to-earliest", "--execute"]).exit == .code(0))
      let admin = try KafkaAdmin(try #require(operated.kafka), loop: operated.loop)
      let marks = try await admin.watermarks(of: try await admin.partitions(of: "chat.events"))
      let full = marks.filter { $0.value.high > 0 }
      _ = try await admin.deleteRecords(before: full.mapValues(\.high))
      await admin.close()
      try await eventually("lost records are critical") {
        let found = try await lag("stuck").filter { $0.number("lost") ?? 0 > 0 }
        return found.count == full.count
          && found.allSatisfy {
            $0.text("verdict") == "CRIT" && $0.text("reason").hasSuffix("deleted before the group had done them")
          }
      }
      let export = try await operated.chatctl(["lag", "export", "stuck", "--interval", "0"])
      #expect(
        export.output.contains("chatctl_lag_lost_messages{group=\"stuck\"")
          && export.output.contains("chatctl_lag_verdict{"))
    }
  }

  @Test(
    "on Kafka a group is moved to an offset, a time, the beginning and the end; and a slow one has a time to drain",
    .enabled(if: TestKafka.canStart, "no Kafka: see TestKafka"))
  func moves() async throws {
    try await Operated.with(.kafka, "ctl_reset") { operated in
      let person = try await operated.stack.person()
      let seen = Count()
      let first = try member(operated, of: "mine") { seen.value += $0.count }
      _ = try await operated.talk(person, messages: 3)
      // The bus has them some time after they were answered.
      try await eventually("they are on the bus") { seen.value >= 3 }
      try await operated.loop.sleep(for: .milliseconds(5))
      let between = Timestamp.now()
      try await operated.loop.sleep(for: .milliseconds(5))
      _ = try await operated.talk(person, messages: 2)
      try await eventually("all are read") { seen.value >= 5 }
      await first.close()
      func sums(_ arguments: [String]) async throws -> (repeated: Int, skipped: Int) {
        let found = try await operated.records(["lag", "reset", "mine"] + arguments)
        #expect(found.exit == .code(0))
        return (
          found.records.reduce(0) { $0 + ($1.number("repeated") ?? 0) },
          found.records.reduce(0) { $0 + ($1.number("skipped") ?? 0) }
        )
      }
      let all = try await sums(["--to-earliest"]).repeated
      #expect(all >= 5)
      let later = try await sums(["--to-datetime", "\(between)"]).repeated
      #expect(later >= 2 && later <= all - 3, "\(later) of \(all)")
      #expect(try await sums(["--by-duration", "1h"]).repeated == all)
      #expect(try await sums(["--to-offset", "0", "--execute"]).repeated == all)
      #expect(try await sums(["--to-latest"]).skipped == all)

      // One record a moment: there is a rate, and an end in sight.
      var settings = KafkaConsumer.Settings()
      settings.batch = 1
      let loop = operated.loop
      let slow = try KafkaConsumer(
        try #require(operated.kafka), group: "mine", topics: ["chat.events"], loop: loop, settings: settings
      ) { _ in try await loop.sleep(for: .milliseconds(1500)) }
      try await eventually(within: .seconds(60), "a time to drain") {
        let found = try await operated.records(["lag", "mine", "--interval", "2s"])
        return found.records.contains {
          $0.number("messages") ?? 0 > 0 && $0["eta"]?.double ?? 0 > 0 && $0.text("reason").contains("all is done in")
        }
      }
      await slow.close()
      #expect(try await sums(["--to-latest", "--execute"]).repeated == 0)
      let done = try await operated.records(["lag", "mine", "--interval", "0"])
      #expect(done.records.allSatisfy { $0.number("messages") == 0 })
    }
  }

  /// On one loop.
  private final class Count: @unchecked Sendable { var value = 0 }

  /// What holds a handler back. On one loop.
  private final class Gate: @unchecked Sendable {
    private var waiting: [UnsafeContinuation<Void, Never>] = []
    private var isOpen = false

    func wait() async {
      if isOpen { return }
      await withUnsafeContinuation { waiting.append($0) }
    }

    func open() {
      isOpen = true
      let all = waiting
      waiting = []
      for one in all { one.resume() }
    }
  }
}
