import ChatKit
import Commands
import HTTP
import Primitives

/// `chatctl wait`: until something is so.
enum WaitCommands {
  static let group = Command(
    "wait", summary: "Wait until something is so",
    discussion: """
      What is still missing is said on standard error each time that it changes. A backend that is away is waited for too. \
      --timeout ends it, with 75.
      """,
    examples: [
      Example("chatctl wait migrations --timeout 2m", "Before a new version is started"),
      Example("chatctl wait http --timeout 30s", "After it was"),
    ],
    group: "Operating", subcommands: [migrations, lag, node, http])

  private static let interval = Option(
    "every", .duration(.milliseconds(10) ... .seconds(3600)), default: .milliseconds(500), help: "How often to look.")
  private static let exitCodes: [ExitCode.Meaning] = [
    .init(.done, "it is so"), .init(.usage), .init(.busy, "not within --timeout"), .init(.interrupted),
  ]

  private static let migrations = Command.operation(
    "migrations", summary: "Wait until the schema is this version's",
    examples: [Example("chatctl wait migrations --timeout 2m", "Before a new version is started")],
    options: [interval], exitCodes: exitCodes
  ) { session in
    try await until(session) {
      let finding = await StoreHealth(try session.connections.postgres()).migrations()
      return finding.status == .ok ? nil : finding.summary
    }
  }

  // MARK: lag

  private static let groups = Argument(
    repeated: "group", LagCommands.groupName, help: "Groups; all that consume the bus where none is named.")
  private static let below = Option(
    "below", .int(1...1_000_000_000, unit: "messages"), default: 1, help: "Fewer than this must wait, in each group.")
  private static let age = Option<Duration?>(
    "younger", .duration(.milliseconds(1) ... .seconds(604_800)), help: "And none longer than this.")

  private static let lag = Command.operation(
    "lag", summary: "Wait until groups are no longer behind",
    examples: [Example("chatctl wait lag inbox --below 100 --timeout 10m", "Before the next step of a migration")],
    options: [below, age, interval], arguments: [groups], exitCodes: exitCodes
  ) { session in
    let source = try await session.connections.lagSource()
    let topic = session.connections.options.bus.topic
    return try await until(session) {
      let wanted = session[groups].isEmpty ? nil : session[groups]
      let samples = try await source.sample(wanted, topic: topic)
      if let missing = wanted?.first(where: { name in !samples.contains { $0.group == name } }) {
        return "there is no group \(missing) yet"
      }
      for (group, samples) in Dictionary(grouping: samples, by: \.group).sorted(by: { $0.key < $1.key }) {
        if samples.contains(where: { $0.messages == nil }) { return "\(group): the bus cannot say how many wait" }
        let waiting = samples.reduce(0) { $0 + ($1.messages ?? 0) }
        if waiting >= session[below] { return "\(group): \(waiting) messages wait" }
        guard let limit = session[age] else { continue }
        let oldest = samples.compactMap { LagReport(nil, $0).age }.max() ?? .zero
        if oldest > limit { return "\(group): the oldest has waited \(CellText.span(oldest))" }
      }
      return nil
    }
  }

  // MARK: node

  private static let role = Option<String?>(
    "role", .string("ROLE", example: "gateway"), help: "Only nodes of that role; 'all' has every role.")
  private static let count = Option("count", .int(1...10_000), default: 1, help: "So many at least.")

  private static let node = Command.operation(
    "node", summary: "Wait until processes are registered and alive",
    examples: [Example("chatctl wait node --role gateway --count 2", "After a deployment")],
    options: [role, count, interval], exitCodes: exitCodes
  ) { session in
    try await until(session) {
      let alive = try await Node.all(session.connections.postgres()).filter { node in
        node.isAlive && (session[role].map { node.role == $0 || node.role == "all" } ?? true)
      }
      return alive.count >= session[count] ? nil : "\(alive.count) of \(session[count]) are alive"
    }
  }

  // MARK: http

  private static let url = Argument(
    optional: "address", .string("URL", example: "http://127.0.0.1:8080/health"),
    help: "What has to answer; /readyz of the admin listener where one is known, else /health of --url.")
  private static let status = Option("status", .int(100...599), default: 200, help: "With this status.")

  private static let http = Command.operation(
    "http", summary: "Wait until a URL answers",
    examples: [
      Example("chatctl wait http --timeout 30s", "Until chatd is ready"),
      Example("chatctl wait http https://chat.example.com/health", "Until the load balancer sees it"),
    ],
    options: [status, interval], arguments: [url], exitCodes: exitCodes
  ) { session in
    let (client, place): (HTTPClient, String)
    if let url = session[url] {
      (client, place) = (session.connections.http(), url)
    } else if let admin = try? session.connections.admin() {
      (client, place) = (admin.client, "\(admin.url)/readyz")
    } else {
      (client, place) = (session.connections.http(), "\(session.connections.tool.url)/health")
    }
    return try await until(session) {
      let response = try await client.get(place)
      let code = Int(response.status.code)
      return code == session[status] ? nil : "\(place) answers \(code)"
    }
  }

  /// Looks again and again until nothing is missing.
  private static func until(
    _ session: Session, _ missing: () async throws -> String?
  ) async throws -> ExitCode {
    let waiting = Waiting(session)
    defer { waiting.finish() }
    while true {
      var reason: String?
      do {
        reason = try await missing()
      } catch let error as any CommandError {
        // What is wrong with the command line will not change.
        throw error
      } catch {
        reason = Failures.meaning(error)?.message ?? "\(error)"
      }
      guard let reason else { return .done }
      waiting.show(reason)
      try await session.sleep(for: session[interval])
    }
  }
}
