import ChatKit
import Commands
import Networking
import Primitives
import Redis

/// `chatctl presence`: who is online, and whether that is so.
enum PresenceCommands {
  static let group = Command(
    "presence", summary: "Show and mend who is online",
    discussion: """
      A device that is there has a lease in Redis: one for each socket, which its gateway renews, or one for a client that says \
      so itself. A user is online from the first lease until the end of the grace after the last one. docs/PRESENCE.md has it.
      """,
    examples: [
      Example("chatctl presence count", "How many are there"),
      Example("chatctl presence verify", "Whether that is so"),
    ],
    group: "Running", options: [ScopeOptions.workspace], subcommands: [list, count, watch, verify, kick])

  static let someUsers = Argument(
    repeated: "user", ScopeOptions.userType, help: "Only these: names, or identifiers; else all.")

  // MARK: Who is there

  private static let list = Command.operation(
    "list", summary: "List who is online",
    discussion: """
      As Redis has it at this moment, of all workspaces, in no order. The list is read and written in parts: it may be of any \
      length, and who comes or goes meanwhile may be in it or not.
      """,
    examples: [
      Example("chatctl presence list", "Everybody"), Example("chatctl presence list ann bob", "Whether these two are"),
    ],
    aliases: ["ls"], options: [ScopeOptions.limit], arguments: [someUsers],
    exitCodes: [
      .init(.done), .init(.no, "one of the users that were named is not online, or there is none"), .init(.usage),
      .init(.unavailable),
    ],
    records: RecordSchema(
      "user",
      [
        .init("username", "The name"), .init("state", "online, or leaving: without a lease, within the grace"),
        .init("leases", .integer, "Sockets and other devices"), .init("since", .time, "Since when"),
        .init("leavesAt", .time, wide: true, "When the grace ends"), .init("id", wide: true, "The identifier"),
      ])
  ) { session in
    let inspection = PresenceInspection(redis: try await session.connections.redis())
    let directory = try session.userDirectory()
    let writer = try session.records()
    let limit = session[ScopeOptions.limit] ?? .max
    func write(_ found: [PresenceInspection.Presence]) async throws {
      let names = try await directory.names(of: found.map(\.user))
      for one in found where writer.count < limit {
        try writer.add([
          .string(names[one.user] ?? one.user.description), .string(one.leavesAt == nil ? "online" : "leaving"),
          .integer(one.leases), .time(one.since), RecordValue(one.leavesAt), .string(one.user.description),
        ])
      }
    }
    let named = session[someUsers]
    guard named.isEmpty else {
      var users: [UUID] = []
      for name in named { users.append(try await session.user(name).user.id) }
      let found = try await inspection.online(users)
      try await write(found)
      try writer.finish()
      return found.count == Set(users).count ? .done : .no
    }
    var seen = Set<UUID>()
    var cursor: String? = "0"
    while let from = cursor, writer.count < limit {
      let (found, next) = try await inspection.online(from: from)
      try await write(found.filter { seen.insert($0.user).inserted })
      cursor = next
    }
    try writer.finish()
    return .done
  }

  private static let count = Command.operation(
    "count", summary: "Count who is online",
    examples: [Example("chatctl presence count", "Users, leases, and what Redis and the database say")],
    records: RecordSchema(
      "presence", key: "online",
      [
        .init("online", .integer, "Users who are online"), .init("leaving", .integer, "Of them, within the grace"),
        .init("leases", .integer, "Sockets and other devices"),
        .init(
          "overdue", .integer, "Leases that nobody has renewed in time: of a gateway that died, until the next sweep"),
        .init("recorded", .integer, "Users who are online as last said, by the database"),
        .init("waitingEdges", .integer, wide: true, "Comings and goings that are not published yet"),
        .init("since", .time, wide: true, "Since when Redis remembers"),
      ])
  ) { session in
    let counts = try await PresenceInspection(redis: try await session.connections.redis()).counts()
    let recorded = try await PresenceRecord(pool: session.connections.postgres()).onlineCount()
    let writer = try session.records(isList: false)
    try writer.add([
      .integer(counts.online), .integer(counts.leaving), .integer(counts.leases), .integer(counts.overdue),
      .integer(recorded), .integer(counts.waitingEdges), RecordValue(counts.born),
    ])
    try writer.finish()
    return .done
  }

  // MARK: Verifying

  private static let waiting = Option(
    "wait", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(5),
    help: "How long gateways may take to say which sockets they hold.")

  private static let verify = Command.operation(
    "verify", summary: "Compare the sockets of every gateway with the leases in Redis",
    discussion: """
      Each gateway is asked over Redis for the leases that its sockets hold. A ghost is a lease of a connection that no gateway \
      holds: its user seems to be there until it ends, as after a gateway was killed. Missing is a socket that has no lease: its \
      user seems not to be there until the gateway renews it. What differs is looked at a second time after two seconds, so \
      what only moves is not told. Leases of devices that say themselves that they are there have no socket, and are counted only.
      """,
    examples: [Example("chatctl presence verify", "1 is the answer where anything differs")], options: [waiting],
    exitCodes: [
      .init(.done, "each lease has its socket, each socket its lease"),
      .init(.no, "there are ghosts or missing ones, or a gateway did not answer"), .init(.usage), .init(.unavailable),
    ],
    records: RecordSchema(
      "lease", key: "lease",
      [
        .init("finding", "ghost or missing"), .init("username", "Whose"),
        .init("until", .time, "Of a ghost: when it ends by itself"),
        .init("node", "Of a missing one: host/pid of its gateway"),
        .init("lease", wide: true, "As Redis has it"),
      ])
  ) { session in
    let (findings, directory) = try await findings(session)
    let users = findings.ghosts.map(\.lease.user) + findings.missing.map(\.lease.user)
    let names = try await directory.names(of: Array(Set(users)))
    func name(_ lease: PresenceLease) -> RecordValue { .string(names[lease.user] ?? lease.user.description) }
    let writer = try session.records()
    for ghost in findings.ghosts {
      try writer.add([.string("ghost"), name(ghost.lease), .time(ghost.until), .null, .string(ghost.lease.text)])
    }
    for missing in findings.missing {
      try writer.add([
        .string("missing"), name(missing.lease), .null, .string(missing.node), .string(missing.lease.text),
      ])
    }
    if writer.count > 0 || ![.table, .wide].contains(session[CommonOptions.output]) { try writer.finish() }
    session.talk(
      "\(findings.sockets) sockets of \(findings.gateways) gateway loops, \(findings.leases) leases of connections, "
        + "\(findings.devices) of other devices: \(findings.ghosts.count) ghosts, \(findings.missing.count) missing")
    if findings.silent > 0 {
      session.talk("\(findings.silent) did not answer: what is said to be a ghost may be a socket of theirs")
    }
    return findings.isClean ? .done : .no
  }

  private static func findings(
    _ session: Session
  ) async throws -> (PresenceVerification.Findings, UserDirectory) {
    let redis = try await session.connections.redis()
    let census = GatewayCensus(redis: redis)
    defer { census.close() }
    let verification = PresenceVerification(inspection: PresenceInspection(redis: redis), census: census)
    let findings = try await verification.run(within: session[waiting]) { try await session.sleep(for: .seconds(2)) }
    return (findings, try session.userDirectory())
  }

  // MARK: Putting out

  private static let ghosts = Flag("ghosts", help: "End the leases that 'presence verify' finds to be ghosts.")

  private static let kick = Command.operation(
    "kick", summary: "End leases: of users with their sockets, or of ghosts",
    discussion: """
      Of users: their sockets are closed on every gateway, and all of their leases end, those of other devices too. They are \
      offline when the grace is over, unless they come back. Of ghosts: only where every gateway has said what it holds.
      """,
    examples: [
      Example("chatctl presence kick ann", "ann's sockets and leases"),
      Example(
        "chatctl presence kick --ghosts --yes", "After a gateway was killed, without waiting for the leases' end"),
    ],
    options: [ghosts, waiting], arguments: [someUsers],
    rules: [
      .custom { invocation in
        guard invocation[ghosts] != invocation[someUsers].isEmpty else { return }
        throw UsageError(.missingOption, "name users, or give --ghosts; not both")
      }
    ],
    exitCodes: [
      .init(.done), .init(.no, "there is no such user, or a gateway did not answer"), .init(.usage),
      .init(.unavailable),
    ],
    records: RecordSchema(
      "user",
      [
        .init("username", "Whose"), .init("sockets", .integer, "How many were closed"),
        .init("leases", .integer, "How many were ended"), .init("id", wide: true, "The identifier"),
      ]), changes: true, asks: true
  ) { session in
    session[ghosts] ? try await endGhosts(session) : try await kickUsers(session)
  }

  private static func endGhosts(_ session: Session) async throws -> ExitCode {
    let (findings, directory) = try await findings(session)
    guard findings.silent == 0 else {
      throw CommandFailure(
        .no, "\(findings.silent) gateway loops did not answer: a ghost may be a socket of theirs; nothing was done",
        hint: "'chatctl presence verify --wait 30s' gives them longer.")
    }
    let byUser = Dictionary(grouping: findings.ghosts.map(\.lease), by: \.user)
    let names = try await directory.names(of: Array(byUser.keys))
    if !findings.ghosts.isEmpty, !session.isDryRun {
      try session.confirm("End \(findings.ghosts.count) leases of \(byUser.count) users that no gateway holds")
      try await PresenceInspection(redis: try await session.connections.redis()).end(
        findings.ghosts.map(\.lease), settings: session.presenceSettings)
    }
    let writer = try session.records()
    for (user, leases) in byUser.sorted(by: { $0.key < $1.key }) {
      try writer.add([
        .string(names[user] ?? user.description), .integer(0), .integer(leases.count), .string(user.description),
      ])
    }
    try writer.finish()
    return .done
  }

  private static func kickUsers(_ session: Session) async throws -> ExitCode {
    let administration = try await session.userAdministration()
    let redis = try await session.connections.redis()
    let inspection = PresenceInspection(redis: redis)
    let census = GatewayCensus(redis: redis)
    defer { census.close() }
    let writer = try session.records()
    for name in session[someUsers] {
      let user = try await session.user(name).user
      let sockets = try await census.sockets(in: [AdapterChannel.userRoom(user.id)], within: session[waiting])
      let leases = try await inspection.leases(of: user.id)
      if !session.isDryRun {
        try await administration.kick(user)
        try await inspection.end(leases, settings: session.presenceSettings)
      }
      try writer.add([
        .string(user.username), .integer(sockets.elements.count), .integer(leases.count), .string(user.id.description),
      ])
    }
    try writer.finish()
    return .done
  }

  // MARK: Watching

  private static let format = [RecordFormat.table, .ndjson]

  private static let watch = Command.operation(
    "watch", summary: "Show who comes and goes, as it happens",
    discussion: """
      Until it is interrupted, or --limit have come. What was said while Redis was away is not shown. -o is table or ndjson.
      """,
    examples: [
      Example("chatctl presence watch", "Everybody"),
      Example("chatctl presence watch ann -o ndjson", "One user, for a program"),
    ],
    options: [ScopeOptions.limit], arguments: [someUsers],
    rules: [
      .custom { invocation in
        guard !format.contains(invocation[CommonOptions.output]) else { return }
        throw UsageError(.invalidValue, "-o: what has no end is written as table or ndjson")
      }
    ],
    records: RecordSchema(
      "edge", key: "username",
      [
        .init("at", .time, "When"), .init("status", "online or offline"), .init("username", "Who"),
        .init("id", wide: true, "The identifier"),
        .init("version", .integer, wide: true, "Later ones have greater ones"),
      ])
  ) { session in
    var users = Set<UUID>()
    for name in session[someUsers] { users.insert(try await session.user(name).user.id) }
    let directory = try session.userDirectory()
    let feed = PresenceFeed(redis: try await session.connections.redis())
    defer { feed.close() }
    feed.onLost = { session.talk("Redis is away; who comes and goes meanwhile is not shown") }
    try await feed.start()
    let writer = try session.records()
    let isTable = session[CommonOptions.output] == .table
    var left = session[ScopeOptions.limit] ?? .max
    session.talk("watching \(users.isEmpty ? "everybody" : "\(users.count) users")")
    while left > 0 {
      let edges = await feed.next().filter { users.isEmpty || users.contains($0.user) }
      let names = try await directory.names(of: edges.map(\.user))
      for edge in edges.prefix(left) {
        let name = names[edge.user] ?? edge.user.description
        let status = edge.isOnline ? "online" : "offline"
        if isTable {
          try session.output.line(
            "\(CellText.time(edge.at))  \(status.padding(to: 7))  \(CellText.printable(name))")
        } else {
          try writer.add([
            .time(edge.at), .string(status), .string(name), .string(edge.user.description), .integer(Int(edge.version)),
          ])
        }
      }
      left -= min(left, edges.count)
      try session.output.data.flush()
    }
    return .done
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension Session {
  var presenceSettings: PresenceSettings { PresenceSettings(connections.options.presence) }
}
