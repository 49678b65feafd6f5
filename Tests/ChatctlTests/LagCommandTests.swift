import ChatKit
import Commands
import Primitives
import Testing

@testable import chatctl

@Suite("chatctl lag")
struct LagCommandTests {
  private static func parse(_ line: String) throws -> Invocation {
    guard case .run(let invocation) = try Root.program.parse(Words.of(line)) else {
      throw UsageError(.other, "no command")
    }
    return invocation
  }

  @Test("without a command it shows, whichever words and options follow")
  func show() throws {
    for line in ["lag", "lag gateway", "lag --watch gateway", "lag gateway inbox --explain -o ndjson"] {
      #expect(try Self.parse(line).path == ["chatctl", "lag", "show"], "\(line)")
    }
    let invocation = try Self.parse("lag gateway inbox --warn 5s --crit 1m --interval 0")
    #expect(invocation[LagCommands.groups] == ["gateway", "inbox"])
    #expect(
      LagCommands.thresholds(invocation) == LagThresholds(warning: .seconds(5), critical: .seconds(60)))
    #expect(throws: UsageError.self) { try Self.parse("lag --watch -o json") }
  }

  @Test("a reset needs one target, and takes the options of Kafka's own tool")
  func reset() throws {
    for target in [
      "--to-earliest", "--to-latest", "--to-offset 12", "--to-datetime 2026-11-21T20:00:00.000", "--by-duration 10m",
    ] {
      #expect(try Self.parse("lag reset inbox \(target)").path.last == "reset", "\(target)")
    }
    for wrong in ["", "--to-earliest --to-latest", "--to-datetime yesterday", "--to-latest --execute --dry-run"] {
      #expect(throws: UsageError.self, "\(wrong)") { try Self.parse("lag reset inbox \(wrong)") }
    }
  }

  @Test("an export has a series for each partition, and none for what nobody can tell")
  func export() {
    let at = Timestamp(seconds: 1_700_000_000)
    let sample = LagSample(
      group: "inbox", topic: "chat.events", partition: 3, state: .stable, owner: "a", position: "5", end: "12",
      messages: 7, oldest: at - .milliseconds(1500), done: 5, arrived: 12, at: at)
    var unknown = sample
    unknown.partition = 4
    unknown.messages = nil
    unknown.oldest = nil
    let text = String(decoding: LagExport.text([LagReport(nil, sample), LagReport(nil, unknown)]), as: UTF8.self)
    let labels = "{group=\"inbox\",topic=\"chat.events\",partition=\"3\"}"
    #expect(text.contains("chatctl_lag_messages\(labels) 7\n"))
    #expect(text.contains("chatctl_lag_age_seconds\(labels) 1.5\n"))
    #expect(text.contains("chatctl_lag_verdict\(labels) 0\n"))
    #expect(text.contains("chatctl_lag_verdict{group=\"inbox\",topic=\"chat.events\",partition=\"4\"} 3\n"))
    #expect(!text.contains("chatctl_lag_messages{group=\"inbox\",topic=\"chat.events\",partition=\"4\"}"))
  }
}
