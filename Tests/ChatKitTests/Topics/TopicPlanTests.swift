import ChatKit
import Testing

@Suite("The plan for a topic")
struct TopicPlanTests {
  private static func state(
    partitions: Int = 8, replicas: Int = 3, _ config: [String: TopicState.Setting] = [:]
  ) -> TopicState {
    TopicState(
      "t",
      partitions: (0..<partitions).map { TopicState.Partition(id: $0, leader: 1, replicas: Array(1...replicas)) },
      config: config)
  }

  private static func changes(_ config: [String: String?], _ actual: TopicState) -> [TopicChange] {
    TopicPlan.changes(TopicSpec("t", config: config), actual)
  }

  @Test("a topic that is not there is made, with its settings")
  func creation() {
    let plan = TopicPlan.changes(TopicSpec("t", partitions: 4, config: ["retention.ms": "7d"]), nil)
    #expect(plan.map(\.kind) == [.create, .config(name: "retention.ms", from: nil, to: "604800000")])
    #expect(plan.allSatisfy { $0.risk == .safe })
  }

  @Test("what is not named stays, and is said to; the same again is no change")
  func merge() {
    let actual = Self.state([
      "retention.ms": .init("1000", isOwn: true), "segment.bytes": .init("5", isOwn: true),
      "cleanup.policy": .init("delete", isOwn: false),
    ])
    let spec = TopicSpec("t", partitions: 8, config: ["retention.ms": "1s"])
    #expect(TopicPlan.changes(spec, actual).isEmpty)
    #expect(TopicPlan.kept(spec, actual).map(\.name) == ["segment.bytes"])
    #expect(TopicPlan.kept(spec, nil).isEmpty)
  }

  @Test("more partitions move keys; fewer, and another number of copies, cannot be")
  func partitions() {
    let more = TopicPlan.changes(TopicSpec("t", partitions: 12), Self.state())
    #expect(more.map(\.kind) == [.partitions(from: 8, to: 12)] && more[0].risk == .disruptive)
    #expect(more[0].warning?.contains("keys move") == true)
    #expect(TopicPlan.changes(TopicSpec("t", partitions: 4), Self.state()).map(\.risk) == [.impossible])
    #expect(TopicPlan.changes(TopicSpec("t", replication: 2), Self.state()).map(\.risk) == [.impossible])
    #expect(TopicPlan.changes(TopicSpec("t", replication: 3), Self.state()).isEmpty)
  }

  @Test(
    "less retention deletes, more does not; -1 is no limit",
    arguments: [
      ("604800000", "86400000", TopicChange.Risk.destructive), ("86400000", "604800000", .safe),
      ("-1", "86400000", .destructive),
      ("86400000", "-1", .safe),
    ])
  func retention(from: String, to: String, risk: TopicChange.Risk) {
    for isOwn in [true, false] {
      let plan = Self.changes(["retention.ms": to], Self.state(["retention.ms": .init(from, isOwn: isOwn)]))
      #expect(plan.map(\.risk) == [risk] && plan[0].from == from && plan[0].to == to)
    }
  }

  @Test("settings that refuse or lose are said to")
  func settings() {
    func risk(_ name: String, _ from: String, _ to: String?) -> TopicChange.Risk? {
      Self.changes([name: to], Self.state([name: .init(from, isOwn: true)])).first?.risk
    }
    #expect(risk("cleanup.policy", "delete", "compact") == .destructive)
    #expect(risk("cleanup.policy", "compact", "delete") == .destructive)
    #expect(risk("max.message.bytes", "2000", "1000") == .disruptive)
    #expect(risk("min.insync.replicas", "2", "4") == .disruptive)
    #expect(risk("min.insync.replicas", "2", "1") == .disruptive)
    #expect(risk("min.insync.replicas", "1", "2") == .safe)
    #expect(risk("unclean.leader.election.enable", "false", "true") == .destructive)
    #expect(risk("segment.bytes", "1", "2") == .safe)
    #expect(risk("retention.ms", "1", nil) == .destructive)
    #expect(risk("segment.bytes", "1", nil) == .safe)
  }

  @Test("setting what is inherited anyway is a change: it no longer follows its origin")
  func pinning() {
    let actual = Self.state(["segment.bytes": .init("5", isOwn: false)])
    #expect(Self.changes(["segment.bytes": "5"], actual).count == 1)
    #expect(Self.changes(["segment.bytes": nil], actual).isEmpty)
  }

  @Test("milliseconds and bytes are written as people do")
  func units() {
    let spec = TopicSpec(
      "t", config: ["retention.ms": "90m", "segment.bytes": "64KiB", "cleanup.policy": "7d", "retention.bytes": "-1"])
    #expect(
      spec.config == [
        "retention.ms": "5400000", "segment.bytes": "65536", "cleanup.policy": "7d", "retention.bytes": "-1",
      ])
  }
}
