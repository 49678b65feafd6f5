import ChatKit
import Commands
import JSON
import Primitives

/// `audit` of users and rooms: what was done to them, and by whom.
enum AuditCommands {
  private static let since = Option<Timestamp?>(
    "since", .time, defaultText: "the beginning", help: "Then or later.", group: "Filters")
  private static let action = Option<String?>(
    "action", .string("NAME", example: "user.disabled"), defaultText: "any", help: "Of this kind.", group: "Filters")

  private static let schema = RecordSchema(
    "entry", key: "id",
    [
      .init("at", .time, "When"), .init("action", "What was done"), .init("subject", "To whom, or to what"),
      .init("actor", "By whom: a user, or the operator at a machine"),
      .init("details", "What else is known, as JSON"), .init("id", wide: true, "The entry"),
      .init("workspace", wide: true, "Where"), .init("subjectId", wide: true, "Its identifier"),
      .init("actorId", wide: true, "The user's; zeros of an operator"),
    ])

  private static let users = Argument<String?>(
    optional: "user", ScopeOptions.userType,
    help: "What was done to this user, or by this user; else all of the workspace.")

  static let user = Command.operation(
    "audit", summary: "Show what was done to users, and by whom",
    discussion:
      "Entries are kept for good, the oldest first. What is done with chatctl has the operator's account and machine.",
    examples: [
      Example("chatctl user audit ann", "What was done to ann, or by ann"),
      Example("chatctl user audit --since 7d --action user.disabled", "Who was disabled within a week"),
    ],
    options: [ScopeOptions.allWorkspaces, since, action, ScopeOptions.limit, ScopeOptions.after], arguments: [users],
    exitCodes: [.init(.done), .init(.no, "there is no such user"), .init(.usage), .init(.unavailable)], records: schema
  ) { session in
    var filter = AuditTrail.Filter()
    if let name = session[users] {
      filter.concerning = try await session.user(name).user.id
    } else {
      filter.workspace = session.workspaceFilter()
    }
    return try await list(filter, session)
  }

  static let room = Command.operation(
    "audit", summary: "Show what was done to a room, and by whom",
    discussion: "By operators. What its members and admins do is told to the room, and not noted here.",
    examples: [Example("chatctl room audit general", "Who archived it, for one")],
    options: [since, action, ScopeOptions.limit, ScopeOptions.after], arguments: [ScopeOptions.room],
    exitCodes: [.init(.done), .init(.no, "there is no such room"), .init(.usage), .init(.unavailable)], records: schema
  ) { session in
    var filter = AuditTrail.Filter()
    filter.concerning = try await session.room().id
    return try await list(filter, session)
  }

  private static func list(_ filter: AuditTrail.Filter, _ session: Session) async throws -> ExitCode {
    var filter = filter
    filter.since = session[since]
    filter.action = session[action]
    let trail = AuditTrail(pool: try session.connections.postgres())
    let wanted = filter
    return try await session.list(
      { writer, entry in
        try writer.add([
          .time(entry.at), .string(entry.action), .string(entry.subjectName ?? entry.subject.description),
          .string(entry.actorName ?? entry.actor.description), .string(entry.details), .string(entry.id.description),
          .string(entry.workspace), .string(entry.subject.description), .string(entry.actor.description),
        ])
      }, id: \.id
    ) { try await trail.page(wanted, after: $0, limit: $1) }
  }
}
