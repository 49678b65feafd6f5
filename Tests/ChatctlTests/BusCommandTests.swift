import ChatKit
import Commands
import JSON
import Testing

@testable import chatctl

@Suite("chatctl's commands of the bus")
struct BusCommandTests {
  private static func parse(_ line: String) throws -> Invocation {
    guard case .run(let invocation) = try Root.program.parse(Words.of(line)) else {
      throw UsageError(.other, "no command")
    }
    return invocation
  }

  @Test(
    "what can be said",
    arguments: [
      "topic list --all", "topic describe chat.events -o yaml", "topic diff", "topic diff a b",
      "topic apply chat.events --to-partitions 16 --set retention.ms=7d --unset segment.bytes --yes",
      "topic delete old --dry-run", "dead list --room 01890000-0000-7000-8000-000000000001 --limit 5",
      "dead show 01890000-0000-7000-8000-000000000001", "dead replay --all --rate 10 --wait 5s",
      "dead replay 01890000-0000-7000-8000-000000000001", "dead drop 01890000-0000-7000-8000-000000000001 -y",
      "dead drop --room 01890000-0000-7000-8000-000000000001", "outbox status --warn 1m",
      "outbox replay --older 0s --rate 5",
      "trace 01890000-0000-7000-8000-000000000001 --scan 10", "check", "check lag outbox -o json",
      "wait migrations", "wait lag gateway --below 10 --younger 5s", "wait node --role api --count 2",
      "wait http http://127.0.0.1/ --status 404", "doctor --all -o json",
    ])
  func sayable(line: String) throws { #expect(throws: Never.self) { try Self.parse(line) } }

  @Test(
    "what cannot be",
    arguments: [
      "topic describe", "topic diff --to-partitions 3", "topic diff a b --set x=y", "topic apply a --set x",
      "topic apply a --to-partitions 0", "dead show yesterday", "dead replay", "dead drop",
      "dead replay 01890000-0000-7000-8000-000000000001 --all", "dead replay --all --rate 10 --wait 0",
      "dead drop 01890000-0000-7000-8000-000000000001 --room 01890000-0000-7000-8000-000000000001", "trace", "trace x",
      "check everything", "check -o yaml", "wait", "wait lag --below 0", "outbox replay --rate 0",
    ])
  func unsayable(line: String) throws { #expect(throws: UsageError.self) { try Self.parse(line) } }

  private static let findings = [
    HealthFinding("a", .ok, "fine", metrics: [.init("n", 3, unit: "s", warning: 5, critical: 10.5)]),
    HealthFinding("b", .critical, "bad | worse\nstill", fix: "mend it", metrics: [.init("bytes", 12, unit: "B")]),
    HealthFinding("c", .unknown, "who knows"),
  ]

  @Test("a monitor gets the worst first, no bar but the one of the perfdata, and the rest behind it")
  func nagios() {
    #expect(
      CheckFormat.nagios.text(Self.findings) == """
        CHATD CRITICAL - b: bad / worse still; c: who knows | 'a.n'=3s;5;10.5 'b.bytes'=12B
        [OK] a: fine
        [CRITICAL] b: bad / worse still
        [UNKNOWN] c: who knows

        """)
    #expect(CheckFormat.nagios.text([Self.findings[0]]) == "CHATD OK - fine | 'a.n'=3s;5;10.5\n")
    #expect(CheckFormat.worst(Self.findings) == .critical && CheckFormat.worst([Self.findings[2]]).rawValue == 3)
  }

  @Test("programs get it as JSON, Prometheus as gauges")
  func others() throws {
    let root = try JSONDocument(parsing: Array(CheckFormat.json.text(Self.findings).utf8)).root
    #expect(root["code"]?.int == 2 && root["checks"]?.count == 3 && root["checks"]?[1]?["fix"]?.string == "mend it")
    let text = CheckFormat.prometheus.text(Self.findings)
    #expect(text.contains("chatctl_check_status{check=\"b\"} 2\n"))
    #expect(text.contains("chatctl_check_value{check=\"a\",metric=\"n\",unit=\"s\"} 3\n"))
  }
}
