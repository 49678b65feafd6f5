import ChatKit
import Commands
import Primitives

/// `chatctl check` and `doctor`: how an installation is.
enum CheckCommands {
  private static let names = Argument(
    repeated: "check", ValueType<HealthCheck>.choice("CHECK", summary: \.summary),
    help: "Which; all but canary where none is named.")
  private static let format = Option(
    "output", .choice("FORMAT"), default: CheckFormat.nagios, short: "o",
    help: "As monitoring plugins have it, as JSON, or for Prometheus.", group: "Output")

  private static let measures: [any ParameterKey] = [
    LagCommands.interval, LagCommands.warning, LagCommands.critical,
  ]

  static let check = Command.operation(
    "check", summary: "Check the installation, for monitors",
    discussion: """
      The exit codes are those of monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, for the worst of all. What is not \
      configured here is UNKNOWN.

        \(HealthCheck.allCases.map { "\($0.rawValue)\(String(repeating: " ", count: 13 - $0.rawValue.count))\($0.summary)" }.joined(separator: "\n  "))

      The canary logs in as a user of its own (--canary-user; it is registered when it is not there), joins a room of its own with \
      a socket, sends a message by the API and waits for it on the socket.
      """,
    examples: [
      Example("chatctl check", "Everything"),
      Example("chatctl check lag outbox --warn 30s --crit 2m", "Some, with other thresholds of lag"),
      Example("chatctl check canary --canary-password-file canary.txt", "Whether messages arrive"),
      Example("chatctl check -o prometheus > chatd.prom", "For node_exporter's textfile collector"),
    ],
    group: "Operating",
    options: measures + [format] + Canary.options,
    arguments: [names],
    exitCodes: [
      .init(ExitCode(rawValue: 0), "OK"), .init(ExitCode(rawValue: 1), "WARNING"),
      .init(ExitCode(rawValue: 2), "CRITICAL"), .init(ExitCode(rawValue: 3), "UNKNOWN"), .init(.usage),
    ]
  ) { session in
    let wanted = session[names].isEmpty ? HealthCheck.usual : session[names]
    let findings = await run(wanted, session)
    try session.output.data.write(session[format].text(findings))
    return ExitCode(rawValue: Int32(CheckFormat.worst(findings).rawValue))
  }

  static func run(_ checks: [HealthCheck], _ session: Session) async -> [HealthFinding] {
    var findings: [HealthFinding] = []
    let thresholds = LagCommands.thresholds(session.invocation)
    for check in checks {
      findings += await check.run(session, thresholds: thresholds, pause: session[LagCommands.interval])
    }
    return findings
  }

  // MARK: doctor

  private static let all = Flag("all", help: "What is well, too.")

  static let doctor = Command.operation(
    "doctor", summary: "Find what is wrong or unwise, and say what to do about it",
    discussion: """
      Looks at what 'chatctl check' looks at, but for the canary: Redis' eviction policy and persistence, limits of open files, \
      clocks, replicas, certificates, pending migrations, the topics' contract, lag, outbox, dead letters, nodes. A line each, with \
      the remedy. Run it on a machine where chatd runs, with chatd's own configuration (-c), and it sees that process too.
      """,
    examples: [
      Example("chatctl doctor", "What is to be done"),
      Example("chatctl doctor --all -o json", "Everything that was looked at, for a program"),
    ],
    group: "Operating", options: [all] + measures,
    exitCodes: [
      .init(.done, "nothing is to be done"), .init(.no, "something is"), .init(.usage),
    ],
    records: RecordSchema(
      "finding",
      [
        .init("check", "What was looked at"), .init("status", "OK, WARNING, CRITICAL, UNKNOWN"),
        .init("finding", "How it is"), .init("fix", "What to do"),
      ])
  ) { session in
    let findings = await run(HealthCheck.usual, session)
    let wrong = findings.filter { $0.status != .ok }
    let writer = try session.records()
    for finding in session[all] ? findings : wrong {
      try writer.add([
        .string(finding.name), .string(finding.status.name), .string(finding.summary), .init(finding.fix),
      ])
    }
    if session[all] || !wrong.isEmpty || session[CommonOptions.output] != .table { try writer.finish() }
    session.talk(
      wrong.isEmpty
        ? "\(findings.count) things were looked at, and all are well"
        : "\(wrong.count) of \(findings.count) things need a look")
    return wrong.isEmpty ? .done : .no
  }
}
