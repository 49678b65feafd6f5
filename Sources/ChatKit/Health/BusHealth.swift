/// The bus: its topics and its groups.
package struct BusHealth: Sendable {
  private let options: ServerOptions
  private let topics: any TopicStore
  private let lag: any LagSource

  package init(_ options: ServerOptions, topics: any TopicStore, lag: any LagSource) {
    self.options = options
    self.topics = topics
    self.lag = lag
  }

  /// Whether the topics are as chatd needs them.
  package func contract() async -> [HealthFinding] {
    let isKafka = options.bus.kind == .kafka
    var findings: [HealthFinding] = []
    for name in TopicContract.names(options.bus) {
      do {
        let state = try await topics.state(of: name, withTimes: false)
        guard let state else {
          // A stream is made by its first event.
          findings.append(
            isKafka
              ? HealthFinding(
                "topic.\(name)", .critical, "there is no topic \(name)", fix: "chatctl topic apply, or start chatd")
              : HealthFinding("topic.\(name)", .ok, "no event has come yet"))
          continue
        }
        findings.append(Self.judge(state, TopicContract.spec(name, options, actual: state), isKafka: isKafka))
      } catch {
        return [
          .away(
            "bus", "the bus", error,
            fix: "see that it runs and that \(isKafka ? "kafka.brokers" : "redis.url") is right")
        ]
      }
    }
    return findings
  }

  private static func judge(_ state: TopicState, _ desired: TopicSpec, isKafka: Bool) -> HealthFinding {
    let name = "topic.\(state.name)"
    let metrics: [HealthFinding.Metric] = [
      .init("partitions", Double(state.partitions.count)), .init("records", Double(state.records)),
    ]
    let headless = state.partitions.count { isKafka && $0.leader == nil }
    if headless > 0 {
      return HealthFinding(
        name, .critical, "\(headless) of \(state.partitions.count) partitions have no leader",
        fix: "start the brokers that have them: kafka-topics --describe --unavailable-partitions", metrics: metrics)
    }
    let needed = state.config["min.insync.replicas"].flatMap { $0.value.flatMap { Int($0) } } ?? 1
    if isKafka, state.partitions.contains(where: { $0.inSync.count < needed }) {
      return HealthFinding(
        name, .critical, "fewer than \(needed) copies are in sync: writes are refused, and events wait in the outbox",
        fix: "start the brokers that are away", metrics: metrics)
    }
    if state.degraded > 0 {
      return HealthFinding(
        name, .warning, "\(state.degraded) of \(state.partitions.count) partitions lack a copy",
        fix: "start the brokers that are away", metrics: metrics)
    }
    let changes = isKafka ? TopicPlan.changes(desired, state) : []
    if let change = changes.first {
      return HealthFinding(
        name, .warning, "\(change.what) is \(change.from ?? "unset"), not \(change.to ?? "inherited")",
        fix: change.risk == .impossible ? change.warning : "chatctl topic diff; chatctl topic apply", metrics: metrics)
    }
    if isKafka, let copies = state.replication, copies > 1, needed == 1 {
      return HealthFinding(
        name, .warning, "min.insync.replicas is 1: an event may be on one broker only when it is acknowledged",
        fix: "chatctl topic apply \(state.name) --set min.insync.replicas=2", metrics: metrics)
    }
    return HealthFinding(name, .ok, "\(state.partitions.count) partitions, \(state.records) records", metrics: metrics)
  }

  /// How far the groups are, the worst partition of each.
  package func groups(
    thresholds: LagThresholds = LagThresholds(), after pause: (() async throws -> Void)? = nil
  ) async -> [HealthFinding] {
    do {
      let reports = try await lag.reports(nil, topics: [options.bus.topic], thresholds: thresholds, after: pause)
      guard !reports.isEmpty else {
        return [
          HealthFinding(
            "lag", .warning, "no group has read \(options.bus.topic) yet", fix: "start a chatd that has a gateway")
        ]
      }
      return Dictionary(grouping: reports, by: \.sample.group).sorted { $0.key < $1.key }.map {
        Self.finding($0.key, $0.value, thresholds)
      }
    } catch let error as LagError where error.code == .noSuchTopic {
      return [HealthFinding("lag", .critical, error.description, fix: "chatctl topic apply, or start chatd")]
    } catch {
      return [.away("lag", "the bus", error, fix: "see that it runs")]
    }
  }

  private static func finding(_ group: String, _ reports: [LagReport], _ thresholds: LagThresholds) -> HealthFinding {
    let worst = reports.max { $0.verdict < $1.verdict }
    let age = reports.compactMap(\.age).max() ?? .zero
    let messages = reports.reduce(0) { $0 + ($1.sample.messages ?? 0) }
    let status: HealthFinding.Status =
      switch worst?.verdict {
      case .ok, nil: .ok
      case .warning: .warning
      case .critical: .critical
      case .unknown: .unknown
      }
    let place = status == .ok ? "" : "partition \(worst?.sample.partition ?? 0): "
    return HealthFinding(
      "lag.\(group)", status, "\(messages) waiting; \(place)\(worst?.reason ?? "")",
      fix: "chatctl lag \(group) --explain; chatctl node list shows whether its members run",
      metrics: [
        .init("messages", Double(messages)),
        .init(
          "age", LagReport.seconds(age), unit: "s", warning: LagReport.seconds(thresholds.warning),
          critical: LagReport.seconds(thresholds.critical)),
      ])
  }
}
