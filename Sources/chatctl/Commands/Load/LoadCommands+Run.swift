import ChatKit
import Commands
import HTTP
import JSON
import Load
import Primitives

extension LoadCommands {
  private enum UserSource: String, CaseIterable, Sendable { case auto, store, api }

  private static let scenario = Argument("scenario", .file.named("SCENARIO"), help: "The file of kind LoadScenario.")
  private static let html = Option<String?>(
    "html", .file, help: "Write the report as a page with plots, which needs nothing else, to this file.")
  private static let json = Option<String?>(
    "json", .file, help: "Write the report for programs, and for 'load compare', to this file.")
  private static let socketURL = Option<String?>(
    "socket-url", .string("URL", example: "https://ws.example.com"), defaultText: "the same as --url",
    help: "Where sockets are opened: gateways that are reached at another address than the API.")
  private static let source = Option(
    "users", ValueType<UserSource>.choice("HOW"), default: .auto,
    help: """
      Where the users come from: written into the store, their tokens signed with the folder's key; or registered by the \
      API, which hashes a password for each. auto writes where store and key can be reached.
      """)
  private static let cleaning = Flag(
    "clean", help: "Remove the run's users and rooms afterwards, as 'load clean' does.")

  static let run = Command.operation(
    "run", summary: "Run a scenario",
    discussion: """
      Users and rooms are made for the run, and named after it (load-<run>-…); 'load clean' removes them. Ctrl-C ends the run \
      early, with its report.
      """,
    examples: [
      Example(
        "chatctl load run manifests/load/steady.yaml --embedded .chatd --html steady.html --json steady.json",
        "On what 'make run' has started"),
      Example("chatctl load run scenario.yaml --url https://chat.example.com", "Where only the API can be reached"),
    ],
    options: [html, json, socketURL, source, cleaning], arguments: [scenario],
    exitCodes: [
      .init(.done, "every threshold holds, and nothing was lost"),
      .init(.thresholdCrossed, "a threshold was crossed, or messages were lost, repeated or out of order"),
      .init(.usage), .init(.invalidInput, "the scenario is none"), .init(.unavailable),
      .init(.interrupted, "the report is of a part"),
    ],
    records: RecordSchema(
      "operation",
      [
        .init("operation", "What was done"), .init("count", .integer, "How often"),
        .init("rate", .number, "With success, a second"), .init("errors", .integer, "Without"),
        .init("min", .duration, wide: true, "The shortest"), .init("mean", .duration, wide: true, "The mean"),
        .init("p50", .duration, "Half took no longer, from when it was due"),
        .init("p90", .duration, "90 % took no longer"),
        .init("p99", .duration, "99 % took no longer"), .init("p999", .duration, "99.9 % took no longer"),
        .init("max", .duration, "The longest"),
      ])
  ) { session in
    let scenario = try read(session[scenario])
    let target = LoadTarget(session.connections.tool.url, sockets: session[socketURL])
    try await reach(target, session)
    let name = Hex.encode(SecureRandom.bytes(3))
    return try await session.resumable {
      let population = try await populate(scenario, name, target, session)
      let run = LoadRun(scenario, population, target: target, loop: session.loop)
      let startedAt = Timestamp.now()
      let view = LoadView(session, run)
      run.report = { _ in
        view.draw()
        if session.interruption.isRequested { run.stop() }
      }
      session.talk("load: run \(name): \(scenario.users.grouped) users in \(scenario.roomCount.grouped) rooms")
      defer { view.finish() }
      try await run.perform()
      view.finish()
      let report = LoadReport(
        run,
        LoadReport.Origin(
          scenario: scenario.name, text: scenario.text, run: name, url: target.url, host: HostName.current,
          version: Version.current, startedAt: startedAt, isInterrupted: session.interruption.isRequested))
      try write(report, session)
      try answer(report, session)
      if session[cleaning] {
        try await PopulationCleanup(session.connections.postgres()).remove(name)
      } else {
        session.talk("load: its users and rooms are there still; 'chatctl load clean \(name)' removes them")
      }
      try session.checkpoint()
      return report.isGood ? .done : .thresholdCrossed
    }
  }

  // MARK: Before

  private static func read(_ path: String) throws -> LoadScenario {
    let bytes = try FileBytes.read(path, limit: LoadScenario.limit, what: "the scenario")
    do {
      return try LoadScenario(bytes, file: path)
    } catch {
      throw CommandFailure(.invalidInput, "\(error)", hint: "docs/chatctl/load.md has every key and every metric.")
    }
  }

  /// Whether a chatd answers there at all: better said now than a thousand times.
  private static func reach(_ target: LoadTarget, _ session: Session) async throws {
    let answer = try await session.connections.http().get("\(target.url)/health")
    guard answer.status == .ok else {
      throw CommandFailure(
        .unavailable, "\(target.url)/health was answered with \(answer.status)", hint: "Is --url right?")
    }
  }

  private static func populate(
    _ scenario: LoadScenario, _ run: String, _ target: LoadTarget, _ session: Session
  ) async throws -> Population {
    let options = session.connections.options
    let canWrite = options.embedded != nil || (options.postgres.url != nil && options.secrets != nil)
    let rooms = scenario.memberships().map { (members: $0.members, isEncrypted: $0.rooms.encrypted) }
    let prefix = Population.prefix(run)
    guard session[source] == .store || (session[source] == .auto && canWrite) else {
      let progress = Progress(
        "registering", total: scenario.users + rooms.count, unit: "users and rooms", session)
      defer { progress.finish() }
      let client = target.client(connections: 4, timeout: scenario.timeout, session.loop)
      defer { client.close() }
      return try await Registration(client, target) { count in
        progress.advance(by: count)
        try session.checkpoint(resume: "chatctl load clean \(run)")
      }.make(prefix: prefix, users: scenario.users, rooms: rooms)
    }
    let tokens = TokenMint(try Secrets.tokenKeys(in: try session.connections.secrets()))
    let seconds = scenario.stages.reduce(0) { $0 + $1.seconds }
    return try await Population.write(
      prefix: prefix, users: scenario.users, rooms: rooms, tokens: tokens, lifetime: .seconds(seconds + 7200),
      to: session.connections.postgres())
  }

  // MARK: After

  private static func write(_ report: LoadReport, _ session: Session) throws {
    if let path = session[json] {
      var json = JSONWriter(reserving: 1 << 20)
      report.write(to: &json)
      try FileOutput.write(json.bytes, to: path)
      session.talk("load: wrote \(path)")
    }
    if let path = session[html] {
      try FileOutput.write(Array(ReportPage(report).html.utf8), to: path)
      session.talk("load: wrote \(path)")
    }
  }

  private static func answer(_ report: LoadReport, _ session: Session) throws {
    let writer = try session.records()
    for family in OperationKind.allCases.map(\.rawValue) + [MetricName.delivery, MetricName.connect] {
      guard let count = report.metrics["\(family).count"], count > 0 else { continue }
      func duration(_ name: String) -> RecordValue {
        RecordValue(report.metrics["\(family).\(name)"].map { Duration.seconds($0) })
      }
      try writer.add(
        [
          .string(family), .integer(Int(count)),
          RecordValue(report.metrics["\(family).rate"].map { ($0 * 10).rounded() / 10 }),
          .integer(Int(report.metrics["\(family).errors"] ?? 0)),
        ] + ["min", "mean", "p50", "p90", "p99", "p99.9", "max"].map(duration))
    }
    try writer.finish()
    for line in report.words { session.talk("load: \(line)") }
  }
}
