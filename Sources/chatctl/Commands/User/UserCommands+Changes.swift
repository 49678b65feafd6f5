import ChatKit
import Commands
import Primitives

extension UserCommands {
  static let passwordFile = Option<String?>(
    "password-file", .file.named("FILE"), defaultText: "none: nobody can log in",
    help: "The file that the password is in; '-' is standard input.")

  private static let newName = Argument(
    "name", .string, help: "3 to 32 characters out of a-z, A-Z, 0-9, '.', '_' and '-'.")
  private static let displayName = Option<String?>(
    "display-name", .string("TEXT"), defaultText: "the name", help: "What others see.")
  private static let roleOption = Option<UserRole>("role", .choice("ROLE"), default: .user, help: "user, or admin.")

  /// The password that a file has, without the line end. Throws `ChatError`, `ConfigurationError`.
  static func password(_ session: Session) throws -> String? {
    guard let path = session[passwordFile] else { return nil }
    let file = path == "-" ? "/dev/stdin" : path
    guard let password = try Secret(name: "--password-file", file: file, credential: "").read() else { return nil }
    try AccountService.check(password: password)
    return password
  }

  /// The hash of a password at the cost that chatd is configured with.
  static func hash(_ password: String, _ session: Session) async throws -> String {
    try await PasswordHasher(session.connections.options.accounts).hash(password)
  }

  static let create = Command.operation(
    "create", summary: "Make a user",
    examples: [
      Example(
        "chatctl user create ann --display-name 'Ann Lee' --password-file ann.txt", "With the password of a file"),
      Example("openssl rand -base64 18 | chatctl user create ops --role admin --password-file -", "Of a program"),
    ],
    options: [displayName, roleOption, passwordFile], arguments: [newName],
    exitCodes: [
      .init(.done), .init(.no, "the name is taken, or breaks a rule"), .init(.usage),
      .init(.invalidInput, "the password's file cannot be used"), .init(.unavailable),
    ],
    records: RecordSchema("user", fields), changes: true
  ) { session in
    let name = session[newName]
    var draft = UserIntake.Draft(
      username: name, displayName: session[displayName], role: session[roleOption])
    try draft.check()
    let workspace = session[ScopeOptions.workspace]
    let password = try password(session)
    if session.isDryRun {
      if let taken = try? await session.user(name) {
        throw CommandFailure(.no, "the name \(taken.user.username) is taken in workspace '\(workspace)'")
      }
      session.talk("would make \(draft.role.rawValue) \(name) in workspace '\(workspace)'")
      return .done
    }
    if let password { draft.passwordHash = try await hash(password, session) }
    let made = try await UserIntake(pool: session.connections.postgres(), by: .current).create(draft, in: workspace)
    let writer = try session.records(isList: false)
    try writer.add(values(made))
    try writer.finish()
    return .done
  }

  static let password = Command.operation(
    "password", summary: "Give a user another password",
    discussion: "All sessions of the user end, and the sockets are closed.",
    examples: [Example("chatctl user password ann --password-file ann.txt", "From a file")],
    options: [passwordFile], arguments: [ScopeOptions.user],
    rules: [.atLeastOne(of: [passwordFile])],
    exitCodes: [
      .init(.done), .init(.no, "there is no such user, or the password breaks a rule"), .init(.usage),
      .init(.invalidInput, "the password's file cannot be used"), .init(.unavailable),
    ],
    changes: true
  ) { session in
    let record = try await session.user(session[ScopeOptions.user])
    guard let password = try password(session) else { return .usage }
    if session.isDryRun {
      session.talk("would give \(record.user.username) another password and end all sessions")
      return .done
    }
    let administration = try await session.userAdministration()
    let ended = try await administration.set(passwordHash: try await hash(password, session), of: record.user)
    session.talk("\(record.user.username) has another password; \(ended) sessions ended")
    return .done
  }

  static let disable = Command.operation(
    "disable", summary: "Let users log in no more",
    discussion: """
      Their sessions end and their sockets are closed on every gateway. What they have said stays; 'chatctl user enable' \
      takes it back.
      """,
    examples: [Example("chatctl user disable ann bob", "Both; an unknown name is told, and the other is disabled")],
    arguments: [ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema, changes: true
  ) { session in try await set(disabled: true, session) }

  static let enable = Command.operation(
    "enable", summary: "Let users log in again",
    discussion: "The sessions that ended when they were disabled stay ended.",
    examples: [Example("chatctl user enable ann", "With the password that ann had")],
    arguments: [ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema, changes: true
  ) { session in try await set(disabled: false, session) }

  private static func set(disabled: Bool, _ session: Session) async throws -> ExitCode {
    let administration = try await session.userAdministration()
    return try await session.forEachUser { record in
      guard record.user.isDisabled != disabled else { return "unchanged" }
      if session.isDryRun { return disabled ? "would be disabled" : "would be enabled" }
      let isChanged = try await administration.set(disabled: disabled, of: record.user)
      return isChanged ? disabled ? "disabled" : "enabled" : "unchanged"
    }
  }

  private static let newRole = Argument("role", ValueType<UserRole>.choice("ROLE"), help: "user or admin.")

  static let role = Command.operation(
    "role", summary: "Make users administrators, or users again",
    discussion: """
      Administrators manage the users and webhooks of their workspace; those of 'main' make workspaces. An access token that \
      is out bears the role of before until it expires, and it does not help: what only administrators may do asks the store.
      """,
    examples: [Example("chatctl user role admin ann", "ann administers the workspace 'main'")],
    arguments: [newRole, ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema,
    changes: true
  ) { session in
    let role = session[newRole]
    let administration = try await session.userAdministration()
    return try await session.forEachUser { record in
      guard record.user.role != role else { return "unchanged" }
      if session.isDryRun { return "would be \(role.rawValue)" }
      return try await administration.set(role: role, of: record.user) ? role.rawValue : "unchanged"
    }
  }

  static let kick = Command.operation(
    "kick", summary: "Close users' sockets",
    discussion: """
      On every gateway. Their sessions stay: they may come back, and the official clients do so when they are told to. \
      'chatctl user sessions revoke' ends sessions too.
      """,
    examples: [Example("chatctl user kick ann", "How many sockets it were is in the record")],
    arguments: [ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema, changes: true
  ) { session in
    let administration = try await session.userAdministration()
    let census = GatewayCensus(redis: try await session.connections.redis())
    defer { census.close() }
    return try await session.forEachUser { record in
      let held = try await census.sockets(in: [AdapterChannel.userRoom(record.user.id)])
      let count = held.elements.count
      if session.isDryRun { return "\(count) sockets would be closed" }
      if count > 0 || !held.isWhole { try await administration.kick(record.user) }
      return held.isWhole
        ? "\(count) sockets closed" : "closed; \(held.asked - held.answered) gateways did not say how many they had"
    }
  }
}
