import ChatKit
import Commands
import Primitives

/// `chatctl user`: people's accounts.
enum UserCommands {
  static let group = Command(
    "user", summary: "Manage users",
    discussion: """
      A user is given by name, within --workspace, or by identifier. Passwords are read from a file or from standard input, \
      never from the command line.
      """,
    examples: [
      Example("chatctl user list --state disabled", "Who cannot log in"),
      Example("chatctl user create ann --display-name 'Ann Lee' --password-file ann.txt", "A new one"),
      Example("chatctl user import users.csv -o ndjson > results.ndjson", "Many"),
    ],
    group: "People and rooms", options: [ScopeOptions.workspace],
    subcommands: [
      list, get, create, password, disable, enable, role, kick, sessions, token, importFile, export, erase,
      verifyRecord, AuditCommands.user,
    ])

  private enum Presence: String, CaseIterable, Sendable { case online, offline }
  private enum State: String, CaseIterable, Sendable { case active, disabled }

  // MARK: Reading

  private static let roleFilter = Option<UserRole?>(
    "role", .choice("ROLE"), defaultText: "any", help: "Of this role.", group: "Filters")
  private static let stateFilter = Option<State?>(
    "state", .choice("STATE"), defaultText: "any", help: "Active or disabled ones.", group: "Filters")
  private static let presenceFilter = Option<Presence?>(
    "presence", .choice("WHICH"), defaultText: "any", help: "Those online, or those offline.", group: "Filters")
  private static let prefix = Option<String?>(
    "prefix", .string("TEXT"), defaultText: "any", help: "Whose name begins so, in any case.", group: "Filters")
  private static let createdAfter = Option<Timestamp?>(
    "created-after", .time, defaultText: "any time", help: "Made then or later.", group: "Filters")
  private static let createdBefore = Option<Timestamp?>(
    "created-before", .time, defaultText: "any time", help: "Made before then.", group: "Filters")
  private static let unseenSince = Option<Timestamp?>(
    "unseen-since", .time, defaultText: "any time", help: "Not seen since then, or never.", group: "Filters")

  static let fields: [RecordSchema.Field] = [
    .init("username", "The name"), .init("displayName", "What others see"), .init("role", "user or admin"),
    .init("state", "active or disabled"), .init("createdAt", .time, "When the account was made"),
    .init("lastSeenAt", .time, "When a socket last came or went"), .init("id", wide: true, "The identifier"),
    .init("workspace", wide: true, "The workspace's name"), .init("online", .boolean, wide: true, "As last said"),
    .init("disabledAt", .time, wide: true, "Since when nobody can log in"),
    .init("avatarUrl", wide: true, "The picture"), .init("version", .integer, wide: true, "Of the profile"),
  ]

  static func values(_ record: UserRecord) -> [RecordValue] {
    let user = record.user
    return [
      .string(user.username), .string(user.displayName), .string(user.role.rawValue),
      .string(user.isDisabled ? "disabled" : "active"), .time(user.createdAt), RecordValue(user.lastSeenAt),
      .string(user.id.description), .string(record.workspace), .boolean(record.isOnline),
      RecordValue(record.disabledAt),
      RecordValue(user.avatarURL), .integer(Int(user.version)),
    ]
  }

  private static let list = Command.operation(
    "list", summary: "List users, the oldest first",
    discussion: "The list is read and written in pages: it may be of any length.",
    examples: [
      Example("chatctl user list --state disabled", "Who cannot log in"),
      Example("chatctl user list -A --unseen-since 90d -o ndjson", "Who has not been there for 90 days, for a script"),
    ],
    aliases: ["ls"],
    options: [
      ScopeOptions.allWorkspaces, roleFilter, stateFilter, presenceFilter, prefix, createdAfter, createdBefore,
      unseenSince, ScopeOptions.limit, ScopeOptions.after,
    ],
    records: RecordSchema("user", fields)
  ) { session in
    var filter = UserFilter(workspace: session.workspaceFilter())
    filter.role = session[roleFilter]
    filter.isDisabled = session[stateFilter].map { $0 == .disabled }
    filter.isOnline = session[presenceFilter].map { $0 == .online }
    filter.prefix = session[prefix]
    filter.createdAfter = session[createdAfter]
    filter.createdBefore = session[createdBefore]
    filter.unseenSince = session[unseenSince]
    let directory = try session.userDirectory()
    let wanted = filter
    return try await session.list({ try $0.add(values($1)) }, id: \.user.id) {
      try await directory.page(wanted, after: $0, limit: $1)
    }
  }

  private static let get = Command.operation(
    "get", summary: "Show a user", examples: [Example("chatctl user get ann -o yaml", "All that is known of ann")],
    arguments: [ScopeOptions.user],
    exitCodes: [.init(.done), .init(.no, "there is no such user"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "user",
      fields + [
        .init("conversations", .integer, "In how many"), .init("sessions", .integer, "How many are open"),
      ])
  ) { session in
    let record = try await session.user(session[ScopeOptions.user])
    let counts = try await session.userDirectory().counts(of: record.user.id)
    let writer = try session.records(isList: false)
    try writer.add(values(record) + [.integer(Int(counts.conversations)), .integer(Int(counts.sessions))])
    try writer.finish()
    return .done
  }
}
