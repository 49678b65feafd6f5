import ChatKit
import Commands
import Primitives

/// `chatctl room`: conversations, and who is in them.
enum RoomCommands {
  static let group = Command(
    "room", summary: "Manage rooms",
    discussion: """
      A room is a conversation: a direct one, a group or a channel. It is given by identifier, or a channel by its title, as \
      '#general' or general, within --workspace. What changes is told to clients as if an admin of the room had done it; \
      the actor in those events is 00000000-0000-0000-0000-000000000000.
      """,
    examples: [
      Example("chatctl room create general --owner ann", "A channel that ann is the admin of"),
      Example("chatctl room members list general", "Who is in it"),
      Example("chatctl room top", "Where it is loud"),
    ],
    group: "People and rooms", options: [ScopeOptions.workspace],
    subcommands: [
      list, get, create, archive, unarchive, restrict, members, importFile, RoomTopCommand.command, AuditCommands.room,
    ])

  private enum State: String, CaseIterable, Sendable { case active, archived }

  // MARK: Reading

  private static let typeFilter = Option<ConversationType?>(
    "type", .choice("TYPE"), defaultText: "any", help: "Of this type.", group: "Filters")
  private static let stateFilter = Option<State?>(
    "state", .choice("STATE"), defaultText: "any", help: "Active or archived ones.", group: "Filters")
  private static let text = Option<String?>(
    "title", .string("TEXT"), defaultText: "any", help: "With this in the title, in any case.", group: "Filters")
  private static let memberFilter = Option<String?>(
    "member", ScopeOptions.userType, defaultText: "anybody", help: "In which this user is.", group: "Filters")
  private static let createdAfter = Option<Timestamp?>(
    "created-after", .time, defaultText: "any time", help: "Made then or later.", group: "Filters")
  private static let createdBefore = Option<Timestamp?>(
    "created-before", .time, defaultText: "any time", help: "Made before then.", group: "Filters")
  private static let quietSince = Option<Timestamp?>(
    "quiet-since", .time, defaultText: "any time", help: "Without a message since then.", group: "Filters")

  static let schema = RecordSchema(
    "room", key: "id",
    [
      .init("title", "The title; none of direct ones"), .init("type", "direct, group or channel"),
      .init("members", .integer, "How many are in it"), .init("messages", .integer, "How many there are"),
      .init("lastMessageAt", .time, "When the last one came"), .init("state", "active or archived"),
      .init("id", "The identifier"), .init("workspace", wide: true, "The workspace's name"),
      .init("createdAt", .time, wide: true, "When it was made"), .init("createdBy", wide: true, "By whom"),
      .init("archivedAt", .time, wide: true, "Since when nothing is sent"),
      .init("encrypted", .boolean, wide: true, "Whether bodies are encrypted at rest"),
      .init("readOnly", .boolean, wide: true, "Whether only admins send"),
      .init("slowMode", .integer, wide: true, "Seconds between two messages of a member"),
    ])

  static func values(_ room: RoomRecord) -> [RecordValue] {
    [
      RecordValue(room.title), .string(room.type.rawValue), .integer(Int(room.members)), .integer(Int(room.messages)),
      RecordValue(room.lastMessageAt), .string(room.archivedAt == nil ? "active" : "archived"),
      .string(room.id.description), .string(room.workspace), .time(room.createdAt),
      .string(room.creator ?? room.createdBy.description), RecordValue(room.archivedAt), .boolean(room.isEncrypted),
      .boolean(room.isReadOnly), .integer(Int(room.slowMode)),
    ]
  }

  private static let list = Command.operation(
    "list", summary: "List rooms, the oldest first",
    discussion: "The list is read and written in pages: it may be of any length.",
    examples: [
      Example("chatctl room list --type channel", "All channels"),
      Example(
        "chatctl room list --member ann --quiet-since 90d -o name", "Where ann is and nobody talks, for a script"),
    ],
    aliases: ["ls"],
    options: [
      ScopeOptions.allWorkspaces, typeFilter, stateFilter, text, memberFilter, createdAfter, createdBefore, quietSince,
      ScopeOptions.limit, ScopeOptions.after,
    ],
    records: schema
  ) { session in
    var filter = RoomFilter(workspace: session.workspaceFilter())
    filter.type = session[typeFilter]
    filter.isArchived = session[stateFilter].map { $0 == .archived }
    filter.text = session[text]
    if let name = session[memberFilter] { filter.member = try await session.user(name).user.id }
    filter.createdAfter = session[createdAfter]
    filter.createdBefore = session[createdBefore]
    filter.quietSince = session[quietSince]
    let directory = try session.roomDirectory()
    let wanted = filter
    return try await session.list({ try $0.add(values($1)) }, id: \.id) {
      try await directory.page(wanted, after: $0, limit: $1)
    }
  }

  static let codes: [ExitCode.Meaning] = [
    .init(.done), .init(.no, "there is no such room, or it may not be done"), .init(.usage), .init(.unavailable),
  ]

  private static let get = Command.operation(
    "get", summary: "Show a room", examples: [Example("chatctl room get general -o yaml", "All of the channel")],
    arguments: [ScopeOptions.room], exitCodes: codes, records: schema
  ) { session in
    let writer = try session.records(isList: false)
    try writer.add(values(try await session.room()))
    try writer.finish()
    return .done
  }

  // MARK: Making and archiving

  private enum Making: String, CaseIterable, Sendable { case group, channel }

  private static let title = Argument("title", .string, help: "1 to 200 characters.")
  private static let owner = Option<String>(
    required: "owner", ScopeOptions.userType, help: "Who is its first admin.")
  private static let member = Option<[String]>(
    repeated: "member", ScopeOptions.userType, help: "Who else is in it; may be given again.")
  private static let type = Option<Making>(
    "type", .choice("TYPE"), default: .channel, help: "channel: whoever wants to may join; group: who is added.")
  private static let encrypted = Flag(
    "encrypted", help: "Encrypt its messages at rest; where all are, it is so in any case.")

  private static let create = Command.operation(
    "create", summary: "Make a group or channel",
    examples: [
      Example("chatctl room create general --owner ann", "A channel that ann is the admin of"),
      Example("chatctl room create 'On call' --type group --owner ann --member bob --member eve", "A group of three"),
    ],
    options: [type, owner, member, encrypted], arguments: [title],
    exitCodes: [
      .init(.done), .init(.no, "there is no such user, or the title breaks a rule"), .init(.usage), .init(.unavailable),
    ],
    records: schema, changes: true
  ) { session in
    let owner = try await session.user(session[owner])
    var members: [UUID] = []
    for name in session[member] { members.append(try await session.user(name).user.id) }
    let kind = session[type] == .group ? ConversationType.group : .channel
    if session.isDryRun {
      session.talk(
        "would make the \(kind.rawValue) '\(session[title])' of \(members.count + 1) in '\(owner.workspace)'")
      return .done
    }
    let mode = session.connections.options.encryption.mode
    var draft = RoomIntake.Draft(
      type: kind, title: session[title], owner: owner.user.id, workspace: owner.user.workspaceId)
    draft.members = Set(members)
    draft.isEncrypted = session[encrypted] || mode == .all
    let id = try await RoomIntake(pool: try session.connections.postgres(), by: .current).create(draft)
    let writer = try session.records(isList: false)
    try writer.add(values(try await session.roomDirectory().find(id.description, in: owner.workspace)))
    try writer.finish()
    return .done
  }

  private static let archive = Command.operation(
    "archive", summary: "Let nothing more be sent to a room",
    discussion:
      "What is there can be read; channels are found and joined no more. 'chatctl room unarchive' takes it back.",
    examples: [Example("chatctl room archive general", "Its members are told")],
    arguments: [ScopeOptions.room], exitCodes: codes, changes: true
  ) { session in try await set(archived: true, session) }

  private static let unarchive = Command.operation(
    "unarchive", summary: "Let messages be sent to a room again",
    examples: [Example("chatctl room unarchive general", "Its members are told")],
    arguments: [ScopeOptions.room], exitCodes: codes, changes: true
  ) { session in try await set(archived: false, session) }

  private static func set(archived: Bool, _ session: Session) async throws -> ExitCode {
    let room = try await session.room()
    let word = archived ? "archived" : "active"
    guard (room.archivedAt != nil) != archived else {
      session.talk("\(room.name) is \(word) already")
      return .done
    }
    if session.isDryRun {
      session.talk("\(room.name) would be \(word), for \(room.members) members")
      return .done
    }
    _ = try await session.roomAdministration().set(archived: archived, of: room)
    session.talk("\(room.name) is \(word)")
    return .done
  }
}

extension RoomRecord {
  /// As a message calls it.
  var name: String {
    guard let title else { return "room \(id)" }
    return type == .channel ? "#\(title)" : "\(title) (\(id))"
  }
}

extension Session {
  func roomDirectory() throws -> RoomDirectory { RoomDirectory(pool: try connections.postgres()) }

  /// The room that was named. Throws `ChatError` notFound, conflict.
  func room() async throws -> RoomRecord {
    try await roomDirectory().find(self[ScopeOptions.room], in: self[ScopeOptions.workspace])
  }

  func roomAdministration() async throws -> RoomAdministration {
    let emitter = try await emitter()
    return RoomAdministration(pool: try connections.postgres(), rooms: emitter, by: .current)
  }
}
