import ChatKit
import Commands
import Primitives

/// `chatctl lag`: how far the groups of the bus are behind, since when, and what it means.
enum LagCommands {
  static let group = Command(
    "lag", summary: "Show how far consumers are behind, and why",
    discussion: """
      For each group and partition of the bus: how many messages wait, since when the first of them waits (the time of the \
      record itself), when all will be done if it goes on like this, and a verdict:

        OK       nothing waits, or it moves
        WARN     the oldest has waited longer than --warn, more comes than is done, or partitions are being dealt anew
        CRIT     no progress although something waits, a partition that nobody reads, data deleted before it was done, or \
      longer than --crit
        UNKNOWN  the bus cannot tell

      Chatd's groups are gateway and inbox.
      """,
    examples: [
      Example("chatctl lag", "Who is behind"),
      Example("chatctl lag gateway --explain", "And why"),
    ],
    group: "Operating", subcommands: [show, LagReset.command, LagExport.command], defaultSubcommand: "show")

  // MARK: What they share

  static let groupName = ValueType<String>.string("GROUP").completed { _ in
    [Candidate("gateway", "says events to sockets"), Candidate(InboxWorker.group, "mentions, webhooks, push")]
  }

  static let groups = Argument(
    repeated: "group", groupName, help: "Groups; all that consume the topic where none is named.")

  static let topics = Option(
    repeated: "topic", .string("NAME", example: "chat.events"), help: "Topics other than the bus's own, bus.topic.")

  static let warning = Option(
    "warn", .duration(.milliseconds(1) ... .seconds(604_800)), default: .seconds(10),
    help: "From when on waiting is a warning.")

  static let critical = Option(
    "crit", .duration(.milliseconds(1) ... .seconds(604_800)), default: .seconds(300),
    help: "From when on waiting is critical.")

  /// Between the two samples that tell progress and rate.
  static let interval = Option(
    "interval", .duration(.zero ... .seconds(3600)), default: .seconds(2),
    help: "Between the two samples that rates and progress are told by; 0 takes one sample and tells neither.")

  static let thresholds: @Sendable (Invocation) -> LagThresholds = {
    LagThresholds(warning: $0[warning], critical: $0[critical])
  }

  static func topics(_ session: Session) -> [String] {
    let named = session[topics]
    return named.isEmpty ? [session.connections.options.bus.topic] : named
  }

  // MARK: show

  private static let explain = Flag("explain", help: "Say why for each.")
  private static let watch = Flag("watch", short: "w", help: "Go on, and show it anew at each interval.")

  private static let records = RecordSchema(
    "lag", key: "partition",
    [
      .init("group", "The group"), .init("topic", "The topic"), .init("partition", .integer, "The partition"),
      .init("messages", .integer, "Messages that wait; null where the bus cannot tell"),
      .init("age", .duration, "How long the first of them has waited"),
      .init("eta", .duration, "When all are done if it goes on like this; null when never, or unknown"),
      .init("oldest", .time, wide: true, "The time of the first record that is still to be done"),
      .init("consumed", .number, wide: true, "Messages a second that are done"),
      .init("produced", .number, wide: true, "Messages a second that come"),
      .init("position", wide: true, "The place of the first record that is still to be done"),
      .init("end", wide: true, "The place of the end"),
      .init("lost", .integer, wide: true, "Messages that were deleted before they were done"),
      .init("state", wide: true, "What the group is about: stable, rebalancing, empty, unknown"),
      .init("owner", wide: true, "Who reads the partition"), .init("verdict", "OK, WARN, CRIT or UNKNOWN"),
      .init("reason", wide: true, "Why"),
    ])

  private static let explained = ["group", "topic", "partition", "messages", "age", "eta", "verdict", "reason"]

  private static func values(_ report: LagReport) -> [RecordValue] {
    let sample = report.sample
    return [
      .string(sample.group), .string(sample.topic), .integer(sample.partition), .init(sample.messages),
      .init(report.age), .init(report.drain), .init(sample.oldest), .init(report.consumed), .init(report.produced),
      .init(sample.position), .init(sample.end), .integer(sample.lost), .string(sample.state.rawValue),
      .init(sample.owner), .string(report.verdict.rawValue), .string(report.reason),
    ]
  }

  private static let show = Command.operation(
    "show", summary: "Show lag, age, time to drain and verdict",
    discussion: """
      Two samples are taken, --interval apart. The exit code is 0 whatever the verdicts are; 'chatctl check lag' has codes \
      for monitors. Without a group all that consume the topic are shown.
      """,
    examples: [
      Example("chatctl lag", "All groups of the bus"),
      Example("chatctl lag gateway --explain", "Why one is late"),
      Example("chatctl lag --watch", "A live view"),
      Example("chatctl lag -o json | jq 'map(select(.verdict == \"CRIT\"))'", "What is critical, for a program"),
    ],
    options: [explain, watch, interval, warning, critical, topics], arguments: [groups],
    rules: [
      .custom { invocation in
        guard invocation[watch], [.json, .yaml].contains(invocation[CommonOptions.output]) else { return }
        throw UsageError(.conflict, "--watch never ends: take ndjson, table, wide or name with it")
      }
    ],
    exitCodes: [.init(.done), .init(.no, "there is no such topic or group"), .init(.usage), .init(.unavailable)],
    records: records
  ) { session in
    let source = try await session.connections.lagSource()
    if session[watch] { return try await watching(session, source) }
    let pause = session[interval]
    let reports = try await source.reports(
      wanted(session), topics: topics(session), thresholds: thresholds(session.invocation),
      after: pause == .zero ? nil : { try await session.sleep(for: pause) })
    if !reports.isEmpty || session[groups].isEmpty { try write(reports, session, session.output, isFitted: nil) }
    return try missing(reports, session)
  }

  private static func wanted(_ session: Session) -> [String]? { session[groups].isEmpty ? nil : session[groups] }

  private static func write(
    _ reports: [LagReport], _ session: Session, _ output: Output, isFitted: Bool?
  ) throws {
    var fields = session[CommonOptions.fields]
    if session[explain], session[CommonOptions.output] == .table, fields.isEmpty { fields = explained }
    let writer = try RecordWriter(
      records, format: session[CommonOptions.output], fields: fields, output: output, terminal: session.terminal,
      isFitted: isFitted)
    for report in reports { try writer.add(values(report)) }
    try writer.finish()
  }

  /// Groups that were named and are not there.
  private static func missing(_ reports: [LagReport], _ session: Session) throws -> ExitCode {
    let missing = session[groups].filter { name in !reports.contains { $0.sample.group == name } }
    guard let first = missing.first else { return .done }
    let near = NearestMatch.of(first, in: ["gateway", InboxWorker.group, "reset", "export"])
    throw CommandFailure(
      .no, "there is no group \(missing.joined(separator: ", ")) of \(topics(session).joined(separator: ", "))",
      hint: near.map { "Did you mean '\($0)'?" })
  }

  private static func watching(_ session: Session, _ source: any LagSource) async throws -> ExitCode {
    let view = LiveView(session)
    defer { view.end() }
    let pause = max(session[interval], .milliseconds(200))
    let thresholds = thresholds(session.invocation)
    var before: [LagSample.Key: LagSample] = [:]
    while true {
      var reports: [LagReport] = []
      for topic in topics(session) {
        for sample in try await source.sample(wanted(session), topic: topic) {
          reports.append(LagReport(before[sample.key], sample, thresholds: thresholds))
        }
      }
      for report in reports { before[report.sample.key] = report.sample }
      let frame = Output.capturing()
      if session[CommonOptions.output] == .table || session[CommonOptions.output] == .wide {
        try frame.line(heading(reports, pause))
      }
      try write(reports, session, frame, isFitted: session.output.data.isTerminal)
      try view.draw(frame.data.captured)
      try await session.sleep(for: pause)
    }
  }

  private static func heading(_ reports: [LagReport], _ pause: Duration) -> String {
    let counts = LagVerdict.allCases.compactMap { verdict in
      let count = reports.count { $0.verdict == verdict }
      return count > 0 ? "\(count) \(verdict.rawValue)" : nil
    }
    let waiting = reports.reduce(0) { $0 + ($1.sample.messages ?? 0) }
    let oldest = reports.compactMap(\.age).max().map { ", the oldest \(CellText.span($0))" } ?? ""
    return "\(CellText.time(.now()))  \(CellText.grouped(waiting)) waiting\(oldest)  "
      + (counts.isEmpty ? "nothing consumes" : counts.joined(separator: ", ")) + "  every \(CellText.span(pause))"
  }
}
