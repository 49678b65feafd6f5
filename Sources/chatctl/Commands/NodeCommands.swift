import ChatKit
import Commands
import Networking
import Postgres
import Primitives

/// `chatctl node`: the processes of an installation.
enum NodeCommands {
  static let group = Command(
    "node", summary: "Show and drain the processes that serve",
    discussion: """
      A node is a process of chatd. It is given by its identifier, by the first characters of that if no other begins so, or by \
      where it runs: host/pid.
      """,
    examples: [
      Example("chatctl node list --all", "Which there are"),
      Example("chatctl node drain web1/4711 --rate 200", "Before it is stopped"),
    ],
    group: "Running", subcommands: [list, drain, undrain])

  private static let node = Argument(
    "node",
    ValueType<String>.string("NODE").completed(
      by: DynamicCompletion.of("node") { connections, _ in
        try await Node.all(connections.postgres()).filter(\.isAlive).map { Candidate($0.place, "\($0.role), \($0.id)") }
      }), help: "The node: its identifier, the beginning of it, or host/pid.")

  private static let schema = RecordSchema(
    "node", key: "id",
    [
      .init("node", "Where it runs: host/pid"), .init("role", "What it serves"),
      .init("state", "ready, draining, drained, or gone where its lease has run out"),
      .init("sockets", .integer, "Sockets of clients"), .init("connections", .integer, "All connections"),
      .init("uptime", .duration, "Since it was started"), .init("version", "Of the program"),
      .init("id", wide: true, "The identifier"), .init("keyVersions", .list, wide: true, "Keys that it can use"),
      .init("startedAt", .time, wide: true, "When it was started"),
      .init("leaseUntil", .time, wide: true, "Until when it is known to live"),
      .init("drainRate", .number, wide: true, "Sockets a second that it sheds"),
    ])

  private static func values(_ node: Node) -> [RecordValue] {
    [
      .string(node.place), .string(node.role), .string(node.state), .integer(node.sockets), .integer(node.connections),
      .duration(Timestamp.now() - node.startedAt), .string(node.version), .string(node.id.description),
      .list(node.keyVersions.map { .integer(Int($0)) }), .time(node.startedAt), .time(node.leaseUntil),
      RecordValue(node.drainRate),
    ]
  }

  private static let all = Flag("all", help: "Those that died within the last day, too.")

  private static let list = Command.operation(
    "list", summary: "List the processes, the oldest first",
    discussion: """
      Each process says every 5 seconds that it lives and how many sockets it has. One that has not said so for 15 seconds is \
      gone: it died, or cannot reach the database.
      """,
    examples: [Example("chatctl node list --all", "Those that have died, too")], aliases: ["ls"], options: [all],
    records: schema
  ) { session in
    let writer = try session.records()
    for node in try await Node.all(session.connections.postgres()) where node.isAlive || session[all] {
      try writer.add(values(node))
    }
    try writer.finish()
    return .done
  }

  // MARK: Draining

  private static let rate = Option(
    "rate", .double(0.1...1_000_000, unit: "sockets a second"), default: 100,
    help: "How many sockets it sheds in a second: as many come back to the others.")

  private static let noWait = Flag("no-wait", help: "Return when the node has understood, and let it go on by itself.")

  private static let drain = Command.operation(
    "drain", summary: "Empty a node of its sockets",
    discussion: """
      The node is not ready any more (/readyz says 503), so that proxies send nobody there; it opens no more sockets, and closes \
      those that it has, so many a second, without a farewell: their clients come back elsewhere and resume. Requests of the \
      HTTP API are served all the while. It goes on when this command is interrupted, and holds until the process ends, or \
      'chatctl node undrain'.
      """,
    examples: [
      Example("chatctl node drain web1/4711 --rate 200", "200 sockets a second, until it is empty"),
      Example("chatctl node drain 0199 --timeout 5m", "By the beginning of its identifier; 75 where it takes longer"),
    ],
    options: [rate, noWait], arguments: [node],
    exitCodes: [
      .init(.done, "the node is empty, or has stopped"), .init(.no, "there is no such node, or it died meanwhile"),
      .init(.usage), .init(.unavailable), .init(.busy, "not empty within --timeout; it goes on"), .init(.interrupted),
    ],
    changes: true
  ) { session in
    let pool = try session.connections.postgres()
    let node = try await find(session)
    guard node.isAlive else {
      throw CommandFailure(.no, "\(node.place) is gone since \(CellText.time(node.leaseUntil)): it has no sockets")
    }
    if session.isDryRun {
      session.talk("would drain \(node.place) of \(node.sockets) sockets, \(session[rate]) a second")
      return .done
    }
    try await node.request(drain: session[rate], pool)
    return try await session.resumable { try await follow(node, session, pool) }
  }

  /// Until it is empty.
  private static func follow(_ node: Node, _ session: Session, _ pool: PostgresPool) async throws -> ExitCode {
    let progress = Progress("draining \(node.place)", total: node.sockets, unit: "sockets", session)
    var most = node.sockets
    var hasUnderstood = false
    while true {
      try session.checkpoint(resume: "\(session.invocation.line()) (it goes on by itself)")
      guard let now = try await Node.all(pool).first(where: { $0.id == node.id }) else {
        progress.finish()
        session.talk("\(node.place) has stopped")
        return .done
      }
      guard now.isAlive else {
        progress.finish()
        throw CommandFailure(.no, "\(node.place) died while it was drained, with \(now.sockets) sockets")
      }
      guard now.drainRate != nil else {
        progress.finish()
        throw CommandFailure(.no, "somebody has taken the drain of \(node.place) back")
      }
      if now.isDraining, !hasUnderstood {
        hasUnderstood = true
        session.talk("\(node.place) is not ready any more and sheds its \(now.sockets) sockets")
        if session[noWait] { return .done }
      }
      most = max(most, now.sockets)
      progress.total = most
      progress.advance(by: most - now.sockets - progress.done)
      if now.isDraining, now.sockets == 0 {
        progress.finish()
        session.talk("\(node.place) is empty")
        return .done
      }
      try await session.sleep(for: .milliseconds(300))
    }
  }

  private static let undrain = Command.operation(
    "undrain", summary: "Let a node that was drained serve again",
    examples: [Example("chatctl node undrain web1/4711", "It is ready again within 5 seconds")], arguments: [node],
    exitCodes: [.init(.done), .init(.no, "there is no such node"), .init(.usage), .init(.unavailable)], changes: true
  ) { session in
    let node = try await find(session)
    guard node.drainRate != nil else {
      session.talk("\(node.place) is not drained")
      return .done
    }
    if session.isDryRun {
      session.talk("would let \(node.place) serve again")
      return .done
    }
    try await node.request(drain: nil, session.connections.postgres())
    session.talk("\(node.place) will be ready within \(NodeRegistration.interval.text)")
    return .done
  }

  /// The node that was named, a living one before one that has died.
  private static func find(_ session: Session) async throws -> Node {
    let name = session[node]
    let nodes = try await Node.all(session.connections.postgres())
    let found = nodes.filter { $0.id.description.hasPrefix(name.lowercased()) || $0.place == name }
    let living = found.filter(\.isAlive)
    switch (living.count, found.count) {
    case (1, _): return living[0]
    case (0, 1): return found[0]
    case (0, 0):
      throw CommandFailure(.no, "there is no node '\(name)'", hint: "'chatctl node list' lists them.")
    default:
      let names = found.map { "\($0.place) (\($0.id))" }.joined(separator: ", ")
      throw CommandFailure(.no, "'\(name)' could be \(names)")
    }
  }
}

extension Node {
  /// `host/pid`.
  var place: String { "\(host)/\(pid)" }

  var state: String {
    if !isAlive { return "gone" }
    if isDraining { return sockets == 0 ? "drained" : "draining" }
    return drainRate == nil ? "ready" : "draining"
  }
}
