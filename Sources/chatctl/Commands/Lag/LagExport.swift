import ChatKit
import Commands
import HTTP
import Metrics
import Networking
import Primitives

/// `chatctl lag export`: lag for Prometheus.
enum LagExport {
  private static let serve = Option<SocketAddress?>(
    "serve", .adminListener, help: "Serve it at /metrics of this address, taken anew for each request, until stopped.")

  static let command = Command.operation(
    "export", summary: "Print lag as Prometheus' text format, or serve it",
    discussion: """
      Series by group, topic and partition: chatctl_lag_messages, chatctl_lag_age_seconds, chatctl_lag_lost_messages, \
      chatctl_lag_consumed_messages and chatctl_lag_produced_messages (a second), chatctl_lag_owned, and \
      chatctl_lag_verdict (0 OK, 1 WARN, 2 CRIT, 3 UNKNOWN). What nobody can tell has no sample.

      For a text file that node_exporter collects, write it beside and rename it. With --serve, let systemd start it again \
      when it ends: Debian's librdkafka may end the process when a group's coordinator dies (docs/KAFKA.md).
      """,
    examples: [
      Example("chatctl lag export > lag.prom", "Once, for node_exporter's textfile collector"),
      Example("chatctl lag export --serve 127.0.0.1:9310", "For Prometheus to scrape"),
    ],
    options: [serve, LagCommands.interval, LagCommands.warning, LagCommands.critical, LagCommands.topics],
    arguments: [LagCommands.groups]
  ) { session in
    let source = try await session.connections.lagSource()
    let groups = session[LagCommands.groups].isEmpty ? nil : session[LagCommands.groups]
    let topics = LagCommands.topics(session)
    let thresholds = LagCommands.thresholds(session.invocation)
    guard let address = session[serve] else {
      let pause = session[LagCommands.interval]
      let reports = try await source.reports(
        groups, topics: topics, thresholds: thresholds,
        after: pause == .zero ? nil : { try await session.sleep(for: pause) })
      try session.output.data.write(String(decoding: text(reports), as: UTF8.self))
      return .done
    }
    let scraper = LagScraper(source, groups: groups, topics: topics, thresholds: thresholds)
    let router = Router()
    router.get("/metrics") { request, _ in await scraper.answer(request) }
    var configuration = HTTPServerConfiguration(address: address)
    configuration.maxConnections = 100
    let server = try HTTPServer(configuration: configuration, loop: session.loop) { router.handle($0, $1) }
    session.talk("serving http://\(server.address)/metrics")
    // Until a signal, which ends the process.
    while true { try await session.sleep(for: .seconds(86_400)) }
  }

  static func text(_ reports: [LagReport], _ format: ExpositionFormat = .prometheus) -> [UInt8] {
    let registry = MetricRegistry()
    let owner = registry.owner()
    func gauge(
      _ name: String, _ help: String, unit: MetricUnit = .none, _ value: (LagReport) -> Int?
    ) {
      let vector = owner.gauge(
        name, help, unit: unit, labels: ["group", "topic", "partition"], limit: max(1, reports.count))
      for report in reports {
        guard let value = value(report) else { continue }
        vector.with(report.sample.group, report.sample.topic, "\(report.sample.partition)").set(value)
      }
    }
    gauge("chatctl_lag_messages", "Messages that wait for a group.") { $0.sample.messages }
    // In the registry seconds are nanoseconds.
    gauge("chatctl_lag_age_seconds", "How long the first of them has waited.", unit: .seconds) { report in
      report.sample.messages == 0 ? 0 : report.age.map { Int(clamping: $0.nanoseconds) }
    }
    gauge("chatctl_lag_lost_messages", "Messages that were deleted before they were done.") { $0.sample.lost }
    gauge("chatctl_lag_consumed_messages", "Messages a second that are done.") { $0.consumed.map { Int($0.rounded()) } }
    gauge("chatctl_lag_produced_messages", "Messages a second that come.") { $0.produced.map { Int($0.rounded()) } }
    gauge("chatctl_lag_owned", "Whether somebody reads the partition.") { $0.sample.owner == nil ? 0 : 1 }
    gauge("chatctl_lag_verdict", "0 OK, 1 WARN, 2 CRIT, 3 UNKNOWN.") { report in
      switch report.verdict {
      case .ok: 0
      case .warning: 1
      case .critical: 2
      case .unknown: 3
      }
    }
    return registry.text(format)
  }
}

/// Answers scrapes, each judged by the one before it. On its loop.
private final class LagScraper: @unchecked Sendable {
  private let source: any LagSource
  private let groups: [String]?
  private let topics: [String]
  private let thresholds: LagThresholds
  private var before: [LagSample.Key: LagSample] = [:]

  init(_ source: any LagSource, groups: [String]?, topics: [String], thresholds: LagThresholds) {
    self.source = source
    self.groups = groups
    self.topics = topics
    self.thresholds = thresholds
  }

  func answer(_ request: HTTPRequest) async -> HTTPResponse {
    var reports: [LagReport] = []
    do {
      for topic in topics {
        for sample in try await source.sample(groups, topic: topic) {
          reports.append(LagReport(before[sample.key], sample, thresholds: thresholds))
        }
      }
    } catch {
      return HTTPResponse(status: .serviceUnavailable, text: "\(error)\n")
    }
    for report in reports { before[report.sample.key] = report.sample }
    let format = ExpositionFormat(accept: request.headers["accept"])
    return HTTPResponse(bytes: LagExport.text(reports, format), contentType: format.contentType)
  }
}
